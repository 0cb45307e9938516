/**
 * The one reading of a signed form.
 *
 * Twilio signs the URL, names and values joined without separators. So a form
 * that was captured can be cut anew, and its signature still matches: the name
 * `MessageSid` can swallow its value, `Body` can lose its end to a field that
 * never was. But Twilio sorts the names and has written most values itself, and
 * nobody knows the id of a message before it is sent. So the seams of those
 * fields are where they are, or the form is refused. What is between them and
 * contains a text that a person typed is read from the signed text alone,
 * wherever it was cut: what follows the text and has not exactly the form of
 * what Twilio adds there is text. Each cut has the same reading, and no text is
 * a reason to refuse a form.
 */
import type { Payload } from "../../Payload.ts"
import type { Form } from "../../provider/core/body.ts"
import { type InvalidPayload, invalidPayload } from "../../provider/core/refusal.ts"
import { remembered } from "../../provider/core/remembered.ts"
import { withoutFragment } from "../../provider/Url.ts"
import {
  address,
  beginningOf,
  type Field,
  hasName,
  isAlphanumeric,
  isCutName,
  isNumber,
  nameOf,
  required
} from "./names.ts"
import { isPlain } from "./plain.ts"
import { type Pinned, schemeOf, splitAtSender } from "./senderSeam.ts"
import { fieldsText, split } from "./signedText.ts"
import { splitAtNames, splitBody, splitErrors, splitProfile } from "./textSeams.ts"

const received = new WeakMap<Payload, Payload>()

/** Returns the payload as it was received, of one that was read from its signed text. */
export const asReceived = (payload: Payload): Payload => received.get(payload) ?? payload

const notAlone = (name: string): InvalidPayload => invalidPayload(name, "Expected it as a field of its own")

/**
 * Whether the signed text is about a message. It asks the text and not the
 * fields: every cut of the same text gives the same answer. Webhooks of
 * Conversations have the message's id in `ChannelMessageSid`.
 */
const isAboutMessage = (text: string): boolean => /(?<!Channel)(?:MessageSid|SmsSid)=?(?:SM|MM)/.test(text)

const ids = ["MessageSid", "SmsMessageSid", "SmsSid"]

/** A whole field in the value of one that is new. It was one of its own, or is one in the text of a message. */
const wholeField = /[a-z]Sid(?:AC|MM|SM)\w|[a-z]Sid[A-Z]{2}[0-9a-f]{32}|L(?:at|ong)itude-?\d/

const geography = /(?:From|To)(?:City|Country|State|Zip)/g

/** A webhook of Conversations, whose texts may be about the ids of messages. */
const isOfConversation = (form: Form, fields: ReadonlyArray<Field>): boolean =>
  /^IM[0-9a-f]{32}$/.test(String(form["MessageSid"])) && /^CH[0-9a-f]{32}$/.test(String(form["ConversationSid"])) &&
  Object.hasOwn(form, "EventType") && !["From", "MessageStatus", "SmsStatus"].some((name) =>
    Object.hasOwn(form, name)
  ) &&
  !fields.some(([name, value]) => !/^(?:Attributes|Author|Body)$/.test(name) && isAboutMessage(name + value))

const otherIds = ["Channel", "Parent", "Replied"]

/** Returns where the id is after the last such name, unless that is the end of another name. */
const afterLast = (text: string, name: string, not: ReadonlyArray<string> = []): number | undefined => {
  for (let at = text.lastIndexOf(name); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(name, at - 1)) {
    const end = at + name.length
    const isId = text.startsWith("SM", end) || text.startsWith("MM", end)
    if (isId && !not.some((other) => text.startsWith(other, at - other.length))) return end
  }
  return undefined
}

/** Returns whether a text contains another one more often than so many times. */
const isMoreThan = (text: string, part: string, times: number): boolean => {
  let count = 0
  for (let at = text.indexOf(part); at !== -1 && count <= times; at = text.indexOf(part, at + part.length)) count++
  return count > times
}

/** Returns the only id of the message, which nobody knows before it is sent. */
const idFault = (form: Form, text: string): InvalidPayload | undefined => {
  const given = ids.filter((name) => Object.hasOwn(form, name))
  const [first, ...others] = given.map((name) => form[name])
  if (first === undefined) return invalidPayload("MessageSid", "Expected the message id")
  if (others.some((other) => other !== first)) {
    return invalidPayload("MessageSid", "Expected the same id in each of its fields")
  }
  // Nothing that a person types comes after the last one.
  const last = afterLast(text, "SmsSid") ?? afterLast(text, "MessageSid", otherIds)
  const isLast = last !== undefined && text.startsWith(String(first), last)
  return isLast && !isMoreThan(text, `Sid${String(first)}`, given.length) ? undefined : notAlone("MessageSid")
}

/** Reads a field whose name has swallowed its value as the one that it is. */
const unswallowed = (field: Field, form: Form): Field | InvalidPayload => {
  const [name, value] = field
  if (isCutName(field)) return notAlone(name)
  const known = beginningOf(name)
  if (known === undefined || Object.hasOwn(form, known)) return field
  const rest = name.slice(known.length) + value
  const expected = nameOf(known).value
  const isValue = known === "From" || known === "To" ? isNumber(rest) : expected?.test(rest) !== false
  if (known === "From" && isAlphanumeric(rest) && !rest.includes("From") && !Object.hasOwn(form, "ExternalUserId")) {
    return [known, rest]
  }
  if (isValue) return required.has(known) ? notAlone(known) : [known, rest]
  // A new name goes on with another word, as `ErrorCodeName`.
  const isWord = /^[A-Z][a-z]/.test(name.slice(known.length))
  return isWord && !hasName(rest) ? field : notAlone(known)
}

/** The end of the URL of a file. */
const isMedia = /\/Media\/ME\w+$/

/** Adds what is new after a text to the text, and what no name looks like to the value before it. */
const joinTexts = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> => {
  const joined: Array<Field> = []
  for (const field of fields) {
    const [name, value] = field
    if (nameOf(name).isKnown) {
      joined.push(field)
      continue
    }
    const [before, text] = joined.at(-1) ?? ["", ""]
    const { isText, value: expected } = nameOf(before)
    const isPart = !/[a-z]/.test(name) ||
      (expected === address && (/^[a-z]/.test(name) || /^To[a-z]+:$/.test(before + text)))
    const isFile = before.startsWith("MediaUrl") && !isMedia.test(text) && isMedia.test(text + name + value)
    const isEnd = isText || isFile || (isPart && expected?.test(text + name + value) === true)
    if (isEnd) joined[joined.length - 1] = [before, text + name + value]
    else joined.push(field)
  }
  return joined
}

const list = ["ListDescription", "ListId", "ListTitle"]

/** Splits the texts of a list's entry at their names, wherever they were cut. */
const splitList = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> => {
  const start = fields.findIndex(([name]) => list.includes(name))
  if (start === -1) return fields
  const end = fields.findLastIndex(([name]) => list.includes(name)) + 1
  const entry = splitAtNames(fields.slice(start, end).flat().join(""), list)
  return [...fields.slice(0, start), ...entry.fields, ...fields.slice(end)]
}

const indexFrom = (fields: ReadonlyArray<Field>, isIt: (name: string) => boolean): number => {
  const index = fields.findIndex(([name]) => isIt(name))
  return index === -1 ? fields.length : index
}

const textOf = (fields: ReadonlyArray<Field>): string => fields.slice(1).flat().join("")

/** Reads the fields in the order of the signed text. */
const readFields = (all: ReadonlyArray<Field>): ReadonlyArray<Field> | InvalidPayload => {
  const id = indexFrom(all, (name) => name >= "MessageSid")
  const after = joinTexts(all.slice(id))
  const valueOf = (name: string) => after.find(([other]) => other === name)?.[1]
  const messageType = valueOf("MessageType")
  const pinned: Pinned = { to: valueOf("To") ?? "", waId: valueOf("WaId") }

  const text = indexFrom(all, (name) => name === "Body" || name === "ChannelStatusMessage" || name === "ErrorMessage")
  const hasText = text < id
  const start = hasText ? text : Math.min(id, indexFrom(all, (name) => name >= "From"))
  const read = all.slice(0, start)
  const between = all.slice(start, id)
  const sender = splitAtSender(hasText ? between : [["", ""], ...between], pinned)
  if ("_tag" in sender) return sender
  const { from, rest } = sender
  if (hasText) {
    const [first] = between[0]!
    const isOfChannel = schemeOf(pinned.to || from || "whatsapp:") !== ""
    const split = first === "Body"
      ? splitBody(sender.text, { isOfChannel, messageType, received: new Map(between) })
      : splitErrors(sender.text, first)
    read.push([first, split.text], ...split.fields)
  } else if (sender.text !== "") return notAlone("From")
  if (from !== undefined) read.push(["From", from])
  read.push(...splitList(rest))

  const profile = indexFrom(after, (name) => name === "ProfileName")
  const end = Math.max(profile, indexFrom(after, (name) => name >= "SmsMessageSid"))
  read.push(...after.slice(0, profile))
  if (profile < end) {
    const fields = after.slice(profile, end)
    const { fields: others, text } = splitProfile(fields[0]![1] + textOf(fields))
    read.push(["ProfileName", text], ...others)
  }
  return joinTexts([...read, ...after.slice(end)])
}

/** The address of a place may have anything in it but the text of the message, which is after the version. */
const withAddress = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> => {
  const start = fields.findIndex(([name]) => name === "Address")
  const end = fields.findIndex(([name]) => name === "Body")
  if (start === -1 || end < start) return fields
  const text = fields.slice(start, end + 1).flat().join("")
  const [, address, version, body] = /^Address([^]*)ApiVersion(\d{4}-\d\d-\d\d)Body([^]*)$/.exec(text) ?? []
  return address === undefined
    ? fields
    : [
      ...fields.slice(0, start),
      ["Address", address],
      ["ApiVersion", version!],
      ["Body", body!],
      ...fields.slice(end + 1)
    ]
}

/** Returns whether a field of Twilio's begins near the seam before a new field, of which neither has the name. */
const isShifted = ([before, text]: Field, [name, value]: Field, fields: ReadonlyMap<string, string>): boolean => {
  const pattern = nameOf(before).value
  if (pattern === undefined) return false
  const following = name + value
  const isMissing = (known: string | undefined): known is string => known !== undefined && !fields.has(known)
  for (let length = 1; length <= Math.min(text.length, 24); length++) {
    const known = beginningOf(text.slice(-length) + following)
    if (isMissing(known) && known.length > length && pattern.test(text.slice(0, -length))) return true
  }
  for (let end = 1; end < name.length && /^(?:[A-Z\d]+|[a-z]+)$/.test(name.slice(0, end)); end++) {
    if (pattern.test(text + name.slice(0, end)) && isMissing(beginningOf(following.slice(end)))) return true
  }
  return false
}

/** Where the fields are not those that Twilio sends, or have values that Twilio does not send. */
const fieldFault = (
  fields: ReadonlyArray<Field>,
  read: ReadonlyMap<string, string>
): InvalidPayload | undefined => {
  let before: Field = ["", ""]
  for (const [index, field] of fields.entries()) {
    const [name, value] = field
    const { isKnown, value: expected } = nameOf(name)
    if (!isKnown) {
      if (!/^[A-Za-z]\w*$/.test(name)) return invalidPayload("", "Expected only names that Twilio's fields have")
      // Several new ones may have the name together.
      const known = fields.findIndex(([other], at) => at > index && nameOf(other).isKnown)
      const whole = value + fields.slice(index + 1, known === -1 ? undefined : known).flat().join("")
      const isPlace = [...(name + value).matchAll(geography)].some(([place]) => !read.has(place))
      if (isPlace || (!/[a-z]/.test(name) && hasName(value))) return notAlone(before[0])
      if (isCutName([name, whole]) || wholeField.test(value)) {
        return invalidPayload("", "Expected no other field in a new one")
      }
      // The rest of a word.
      const isEnd = /^[a-z]/.test(name) && /[a-z]$/.test(before[1]) &&
        nameOf(before[0]).value?.test(before[1] + name.charAt(0)) === true
      if (isEnd || isShifted(before, [name, whole], read)) return notAlone(before[0])
    } else if (expected?.test(value) === false) return invalidPayload(name, "Expected what Twilio sends there")
    before = field
  }
  return undefined
}

/** A location has both coordinates, and its name is before them. */
const locationFault = (fields: ReadonlyMap<string, string>): InvalidPayload | undefined => {
  if (fields.has("Latitude") !== fields.has("Longitude")) return notAlone("Latitude")
  if (!fields.has("Latitude")) return /Latitude-?\d/.test(fields.get("Label") ?? "") ? notAlone("Latitude") : undefined
  const isSwallowed = !fields.has("Label") && ["From", "FromZip"].some((name) => fields.get(name)?.includes("Label"))
  return isSwallowed ? notAlone("Label") : undefined
}

/** A message has a text, a sender and a recipient. WhatsApp has an id in the place of a sender who hides the number. */
const missingFault = (fields: ReadonlyMap<string, string>): InvalidPayload | undefined => {
  const status = fields.get("SmsStatus")
  if (fields.has("MessageStatus") || (status !== undefined && !/^receiv(?:ed|ing)$/i.test(status))) return undefined
  const missing = ["Body", "From", "To"].find((name) =>
    !fields.has(name) && !(name === "From" && fields.has("ExternalUserId"))
  )
  return missing === undefined ? undefined : notAlone(missing)
}

/** Path and query, where the fields of another cut may be. */
export const restOf: (url: string) => string = /* @__PURE__ */ remembered((url) =>
  split(withoutFragment(url))?.rest ?? url
)

/** Returns whether the URL has the beginning of the fields. */
const hasFieldIn = (rest: string, text: string): boolean => {
  const first = (rest + text.slice(0, 64)).search(/AccountSidAC\w|(?:MessageSid|SmsSid)(?:SM|MM)/)
  return first !== -1 && first < rest.length
}

const isSame = (form: Form, fields: ReadonlyMap<string, string>, count: number): boolean => {
  if (fields.size !== count) return false
  for (const [name, value] of fields) if (form[name] !== value) return false
  return true
}

/** A form as it is read. */
export interface Read {
  readonly _tag: "Read"
  readonly form: Form
}

const withoutChange = (form: Form): Read => ({ _tag: "Read", form })

/**
 * Returns the reading of a form whose signature matches, or why it cannot be the
 * one that Twilio signed. `sorted` has the names of its fields.
 */
export const readForm = (url: string, form: Form, sorted: ReadonlyArray<string>): Read | InvalidPayload => {
  const rest = restOf(url)
  return isPlain(rest, form, sorted) ? withoutChange(form) : readCarefully(rest, form, sorted)
}

/** As {@link readForm}, of any form. `rest` has the path and the query of the URL. */
export const readCarefully = (
  rest: string,
  form: Form,
  sorted: ReadonlyArray<string>
): Read | InvalidPayload => {
  const text = fieldsText(form, sorted)
  if (!isAboutMessage(rest + text)) return withoutChange(form)
  const all: Array<Field> = []
  for (const name of sorted) {
    const value = form[name]
    if (typeof value !== "string") return invalidPayload(name, "Expected it once")
    const field = nameOf(name).isKnown ? [name, value] as const : unswallowed([name, value], form)
    if ("_tag" in field) return field
    all.push(field)
  }
  if (isOfConversation(form, all)) return withoutChange(form)
  const isAccountMissing = !Object.hasOwn(form, "AccountSid") && /AccountSidAC\w/.test(text)
  if (isAccountMissing || hasFieldIn(rest, text)) return notAlone("AccountSid")
  const wrongId = idFault(form, text)
  if (wrongId !== undefined) return wrongId
  const fields = readFields(withAddress(all))
  if ("_tag" in fields) return fields
  const read = new Map(fields)
  // What is sorted before the first field may be the end of the URL.
  for (const [name] of fields) {
    if (name >= "AccountSid") break
    if (!/[a-z]/.test(name)) return notAlone("AccountSid")
    read.delete(name)
  }
  const fault = fieldFault(fields, read) ?? missingFault(read) ?? locationFault(read)
  if (fault !== undefined) return fault
  if (isSame(form, read, sorted.length)) return withoutChange(form)
  const changed = Object.fromEntries(read)
  received.set(changed, form)
  return { _tag: "Read", form: changed }
}

/** Why this URL cannot be that of a GET which Twilio signed: it has the fields of a form, without separators. */
export const queryFault = (url: string): InvalidPayload | undefined => {
  const rest = restOf(url)
  const isForm = /AccountSidAC[0-9a-f]{32}/.test(rest) ||
    (/(?:MessageSid|SmsSid)(?:SM|MM)/.test(rest) && !/[?&](?:MessageSid|SmsSid)=(?:SM|MM)/.test(rest))
  return isForm ? invalidPayload("", "Expected fields with separators") : undefined
}
