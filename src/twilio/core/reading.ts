/**
 * The one reading of a signed form.
 *
 * Twilio signs the URL, names and values joined without separators. So a form
 * that was captured can be cut anew, and its signature still matches: the name
 * `MessageSid` can swallow its value, `Body` can lose its end to a field that
 * never was. A form about a message is therefore accepted only if it is cut as
 * Twilio cuts it: every field that Twilio sends has its own name, the fields
 * that the events depend on contain only what Twilio can send there, and no
 * field occurs twice. Fields that are not known here are accepted if their name
 * can be one of Twilio's.
 *
 * One cut cannot be told from a new field: in a text, at a word such as
 * `CampaignId`, or directly after a letter as in `iCloudDrive`. It has the id
 * and the signature of the original, so it is a repetition wherever the
 * original was received.
 */
import type { Form } from "../../provider/core/body.ts"
import { type InvalidPayload, invalidPayload } from "../../provider/core/refusal.ts"
import { withoutFragment } from "../../provider/Url.ts"
import { split } from "./signedText.ts"

/**
 * Whether the signed text is about a message. It asks the text and not the
 * fields: every cut of the same text gives the same answer. Webhooks of
 * Conversations have the message's id in `ChannelMessageSid`.
 */
const isAboutMessage = (text: string): boolean => /(?<!Channel)(?:MessageSid|SmsSid)=?(?:SM|MM)/.test(text)

/** Names of one word, which may be in a text too. */
const singleWords: ReadonlySet<string> = new Set([
  "Address",
  "Body",
  "Forwarded",
  "From",
  "Label",
  "Latitude",
  "Longitude",
  "To"
])

/** Names of several words, which nobody writes in a text: where one is in the signed text, it is a field. */
const names = [
  "Media(?:Url|ContentType)\\d+",
  "(?:Sms|OriginalReplied)?MessageSid",
  "OriginalRepliedMessageSender",
  "SmsSid",
  "(?:Messaging)?ServiceSid",
  "AccountSid",
  "ApiVersion",
  "(?:Referral)?NumMedia",
  "NumSegments",
  "SmsStatus",
  "MessageStatus(?=[a-z])",
  "MessageType",
  "(?:From|To)(?:City|State|Zip|Country)",
  "RawDlrDoneDate",
  "Error(?:Code(?=\\d)|Message|Url)",
  "OptOutType",
  "AddOns",
  "Button(?:Text|Payload|Type)",
  "List(?:Title|Id|Description)",
  "InteractiveData",
  "FlowData",
  "Channel(?:Metadata|Prefix|InstallSid|StatusMessage)",
  "ProfileName",
  "WaId(?=\\d)",
  "L(?:at|ong)itude(?=-?\\d)",
  "ExternalUserId",
  "FrequentlyForwarded",
  "Referral(?:Body|Headline|SourceId|SourceType|SourceUrl|MediaId|MediaContentType|MediaUrl|CtwaClid)"
]

const anyName = new RegExp(names.join("|"), "g")
const onlyName = new RegExp(`^(?:${names.map((name) => name.replace(/\(\?=.*?\)/, "")).join("|")})$`)

// The first way is the short one for the ids that Twilio sends.
const sid = /^(?:SM|MM)(?:[\da-f]{1,32}$|(?!.*[A-Z][a-z])[\w-]{1,32}$)/

/**
 * A number, a short code, a name of up to eleven characters, or an address of
 * another channel: `whatsapp:+16505550111`, `messenger:1234`, or `whatsapp:`
 * where the person hides the number. Digits before letters would be a short code
 * that has swallowed the name after it.
 */
const address = new RegExp(
  `^(?!.*(?:Label|Latitude|Longitude|Forwarded))(?:${
    [
      "(?:[a-z][a-z0-9]*:)?\\+?\\d{1,20}",
      "(?!\\d{3,}[A-Za-z])[\\p{L}\\p{N}][\\p{L}\\p{N} &_+.'-]{0,10}",
      "[a-z][a-z0-9]*:(?!\\+)[\\x21-\\x7e]{0,128}"
    ].join("|")
  })?$`,
  "u"
)

const coordinate = /^(?:-?\d{1,3}(?:\.\d*)?)?$/
const flag = /^(?:true|false|[01])?$/i
const withoutWord = /^(?:(?![A-Z][a-z]).)*$/s

const word = /^(?:[a-z][a-z_-]{0,31}|[A-Z][A-Z_-]{0,31})$/

/** What Twilio can send in the fields that the events depend on, or that are next to one that is free text. */
const values: ReadonlyMap<string, RegExp> = new Map([
  ["MessageSid", sid],
  ["SmsMessageSid", sid],
  ["SmsSid", sid],
  ["AccountSid", /^AC(?:[\da-f]{1,32}$|(?!.*[A-Z][a-z])[\w-]{1,32}$)/],
  ["MessagingServiceSid", /^(?:MG(?!.*[A-Z][a-z])[\w-]{1,32})?$/],
  ["ApiVersion", /^\d{4}-\d{2}-\d{2}$/],
  ["From", address],
  ["To", address],
  ["NumMedia", /^[0-9a-z]{0,8}$/],
  ["NumSegments", /^\d{0,4}$/],
  ["SmsStatus", word],
  ["MessageStatus", word],
  ["ErrorCode", /^\d{0,6}$/],
  ["RawDlrDoneDate", /^\d{0,14}$/],
  ["WaId", /^\d{0,20}$/],
  ["ExternalUserId", /^(?:whatsapp:)?[^a-z]{0,128}$/],
  ["AddOns", /^(?:\{.*\})?$/s],
  ["Latitude", coordinate],
  ["Longitude", coordinate],
  ["Forwarded", flag],
  ["FrequentlyForwarded", flag],
  // Directly before fields of one word.
  ["FromZip", withoutWord],
  ["ToZip", withoutWord]
])

const mediaUrl = /^(?:https?:\/\/\S{1,2000})?$/
const mediaType = /^(?:[\w.+-]+\/[\w.+-]+(?:\s*;.*)?)?$/

/** Values that fit these may have a name in them, which begins with a capital letter and a small one. The others allow none. */
const loose: ReadonlySet<RegExp | undefined> = new Set([undefined, address, values.get("AddOns"), mediaUrl, mediaType])

/** What there is to know of a name. */
interface Name {
  readonly isKnown: boolean
  /** Whether it can be one of Twilio's. */
  readonly isPossible: boolean
  /** What Twilio can send as its value, where that matters. */
  readonly value: RegExp | undefined
  readonly isLoose: boolean
}

const describe = (name: string): Name => {
  const isKnown = singleWords.has(name) || onlyName.test(name)
  const value = !name.startsWith("Media")
    ? values.get(name)
    : /^MediaUrl\d+$/.test(name)
    ? mediaUrl
    : /^MediaContentType\d+$/.test(name)
    ? mediaType
    : undefined
  // Every name of Twilio's that is not one word is several, as `WaId` and `MediaUrl0`.
  return { isKnown, isPossible: isKnown || /^(?:[A-Z][a-z]+\d*){2,}$/.test(name), value, isLoose: loose.has(value) }
}

// Twilio's forms have the same few names again and again. Those of other forms are not remembered: whoever makes
// names up could fill the memory with them.
const remembered = new Map<string, Name>()

const nameOf = (name: string): Name => {
  const known = remembered.get(name)
  if (known !== undefined) return known
  const found = describe(name)
  if (found.isKnown && remembered.size < 500) remembered.set(name, found)
  return found
}

const isKnown = (name: Name): boolean => name.isKnown

const notAlone = (name: string): InvalidPayload => invalidPayload(name, "Expected it as a field of its own")

/** A name in the text that is no field of the form, and not the end of a new name as in `ParentErrorCode`. */
const swallowedFault = (form: Form, text: string): InvalidPayload | undefined => {
  for (const [name] of text.matchAll(anyName)) {
    if (Object.hasOwn(form, name)) continue
    const isId = values.get(name) === sid
    const isEndOfNew = (other: string) => other.endsWith(name) && !nameOf(other).isKnown
    if (isId || !Object.keys(form).some(isEndOfNew)) return notAlone(name)
  }
  return undefined
}

/**
 * Where a name can begin in a value: all but the two of coordinates have a small
 * letter before a capital one, and one that ends in the name of the next field
 * begins with a last word. Most texts have none of these.
 */
const mayHaveName = /[a-z][A-Z]|itude|[A-Z][a-z]*$/

/** A whole field in a value. It was one of its own, and another one of its name was made out of a text. */
const wholeField = /(?:MessageSid|SmsSid)(?:SM|MM)\w|AccountSidAC\w/
const wholeAddress = /(?:From|To)(?:[a-z][a-z0-9]*:)?\+\d{3}/

const capitalized = /[A-Z][a-z]/
const plainNumber = /^\+\d{1,20}$/

/** Returns whether Twilio can send the value, where that matters. */
const isExpected = (expected: RegExp | undefined, value: string): boolean =>
  // The short way for nearly all addresses.
  expected === undefined || (expected === address && plainNumber.test(value)) || expected.test(value)

/** Where the fields are not those that Twilio sends, or have values that Twilio does not send. */
const fieldFault = (
  form: Form,
  sorted: ReadonlyArray<string>,
  described: ReadonlyArray<Name>,
  rest: string
): InvalidPayload | undefined => {
  let id: string | undefined
  // Where the name of a field could be that is none: as it is signed, so that one on a seam is found too.
  let suspicious = mayHaveName.test(rest) ? rest : ""
  for (let index = 0; index < sorted.length; index++) {
    const name = sorted[index]!
    const value = form[name]
    const { isKnown, isLoose, isPossible, value: expected } = described[index]!
    if (!isPossible) return invalidPayload("", "Expected only names that Twilio's fields have")
    if (typeof value !== "string") return invalidPayload(name, "Expected it once")
    if (expected === sid && value === id) continue
    if (!isExpected(expected, value)) return invalidPayload(name, "Expected what Twilio sends there")
    if (!isKnown || (isLoose && capitalized.test(value))) {
      if (wholeField.test(value) || (name !== "Body" && wholeAddress.test(value))) {
        return invalidPayload(name, "Expected no other field in it")
      }
      if (!isKnown || described[index + 1]?.isKnown !== true || mayHaveName.test(value)) {
        suspicious += `\n${isKnown ? "" : name}${value}${sorted[index + 1] ?? ""}`
      }
    }
    if (expected !== sid) continue
    if (id !== undefined) return invalidPayload(name, "Expected the same id in each of its fields")
    id = value
  }
  if (id === undefined) return invalidPayload("MessageSid", "Expected the message id")
  return suspicious === "" ? undefined : swallowedFault(form, suspicious)
}

/** Fields of free text, the ends of which could be taken for the name of a field. */
const freeText: ReadonlySet<string> = new Set([
  "Address",
  "Body",
  "ButtonText",
  "ChannelStatusMessage",
  "ErrorMessage",
  "Label",
  "ListDescription",
  "ListTitle",
  "ProfileName",
  "ReferralBody",
  "ReferralHeadline"
])

/** Whether a name ends as that of a field which is missing, as `FridayExternalUserId`. */
const hasMissing = (form: Form, name: string): boolean =>
  [...name.matchAll(anyName)].some(([known]) => !Object.hasOwn(form, known))

/** The ends of names that come after `Body` and that no new name has, where the last word of a text may be before them. */
const afterBody = /(?:Button(?:Text|Payload|Type)|ChannelMetadata|ExternalUserId|FlowData|FrequentlyForwarded)$/

/** A text that is empty, or ends so, may go on with a word. */
const mayGoOn = /(?:^|[\s([{<"'“‘«/@#&+=:,;_-])$/

/** The last words of names in Twilio's API. */
const lastWord =
  /(?:Sids?|Ids?|Type|Text|Ur[il]|Status|(?:Meta)?[Dd]ata|Payload|Code|Name|Version|Date|Time(?:stamp)?|Count(?:ry)?|Number|Message|Body|Title|Language|Locale|Source|Token|Key|Info|Attributes|Content|Media|Sender|Recipient|Address|Segments|Direction|Reason|Encoding|Channel|Context|Carrier|Mode|State|Prefix|Region)\d*$/

/**
 * A field that is not known, directly after a free text in the signed text, may
 * be the end of that text. It is taken for that where the text may go on, and
 * its name does not end as Twilio's do. So is a name that begins with that of a
 * text which is missing.
 */
const cutFault = (form: Form, sorted: ReadonlyArray<string>): InvalidPayload | undefined => {
  let before = ""
  for (const name of sorted) {
    const value = form[before]
    if (!nameOf(name).isKnown && (!lastWord.test(name) || hasMissing(form, name))) {
      if (freeText.has(before) && mayGoOn.test(String(value))) return notAlone(before)
      const [known] = afterBody.exec(name) ?? []
      if (before === "Body" && known !== undefined && !Object.hasOwn(form, known)) return notAlone(known)
      const [beginning] = /^(?:Address|Label)/.exec(name) ?? []
      if (beginning !== undefined && !Object.hasOwn(form, beginning)) return notAlone(beginning)
    }
    before = name
  }
  return undefined
}

/**
 * The single words: those without which the rest is no message, and in a status
 * callback, which may lack them, those that are in the value of another field.
 */
const singleWordFault = (form: Form, text: string): InvalidPayload | undefined => {
  if (["Body", "From", "To"].every((name) => Object.hasOwn(form, name))) return undefined
  const status = form["SmsStatus"]
  const isStatus = form["MessageStatus"] !== undefined ||
    (status !== undefined && !/^receiv(?:ed|ing)$/i.test(String(status)))
  // WhatsApp has an id in the place of a sender who hides the number.
  const optional = isStatus ? ["From", "To"] : Object.hasOwn(form, "ExternalUserId") ? ["From"] : []
  const missing = ["Body", "From", "To"].find((name) => {
    if (Object.hasOwn(form, name)) return false
    if (!optional.includes(name)) return !isStatus
    return new RegExp(`${name}(?:[a-z][a-z0-9]*:)?(?:\\+?\\d|[A-Z]{2}\\.)`).test(text)
  })
  return missing === undefined ? undefined : notAlone(missing)
}

/** Path and query, where the fields of another cut may be. */
const splitRest = (url: string): string => split(withoutFragment(url))?.rest ?? url

// A provider has one URL or two. Only the last one is kept, which may be anybody's.
let last = { url: "", rest: "" }

const restOf = (url: string): string => {
  if (last.url !== url) last = { url, rest: splitRest(url) }
  return last.rest
}

/**
 * Why this form cannot be the one that Twilio signed, though its signature
 * matches. `sorted` has the names of its fields, and `text` is what is signed
 * after the URL.
 */
export const formFault = (
  url: string,
  form: Form,
  sorted: ReadonlyArray<string>,
  text: string
): InvalidPayload | undefined => {
  const rest = restOf(url)
  const described = sorted.map(nameOf)
  const fault = fieldFault(form, sorted, described, rest) ?? singleWordFault(form, text) ??
    (described.every(isKnown) ? undefined : cutFault(form, sorted))
  // Asked last, because it takes as long as the rest, and a genuine form has no fault.
  return fault !== undefined && isAboutMessage(rest + text) ? fault : undefined
}

/** Why this URL cannot be that of a GET which Twilio signed: it has the fields of a form, without separators. */
export const queryFault = (url: string): InvalidPayload | undefined =>
  /(?:MessageSid|SmsSid)(?:SM|MM)/.test(restOf(url))
    ? invalidPayload("", "Expected fields with separators")
    : undefined
