/**
 * Splits the signed text from a free text on, wherever it was cut.
 *
 * A text comes first and then what Twilio adds. What Twilio adds is found from
 * the end, by its form: everything before it is text, whatever names are in it.
 */
import { type Field, json, nameOf } from "./names.ts"

/** A text, and the fields after it. */
export interface Texts {
  readonly text: string
  readonly fields: ReadonlyArray<Field>
}

/** What decides which fields a message can have. */
export interface Message {
  /** Whether it comes from WhatsApp, RCS or another channel. An SMS has none of their fields. */
  readonly isOfChannel: boolean
  readonly messageType: string | undefined
  /** The fields as they were received, for what nothing else decides. */
  readonly received: ReadonlyMap<string, string>
}

/** Splits at the last place where the name of a field and a value that it can have are at the end. */
const takeLast = (text: string, name: string, isValue: (value: string) => boolean): Texts | undefined => {
  for (let at = text.lastIndexOf(name), tried = 0; at !== -1 && tried < 16; tried++) {
    const value = text.slice(at + name.length)
    if (isValue(value)) return { text: text.slice(0, at), fields: [[name, value]] }
    at = at === 0 ? -1 : text.lastIndexOf(name, at - 1)
  }
  return undefined
}

/** Splits at the last of each name, in the order of the names, which is that of the signed text. */
export const splitAtNames = (text: string, names: ReadonlyArray<string>): Texts => {
  let rest = text
  const fields: Array<Field> = []
  for (const name of names.toReversed()) {
    const last = takeLast(rest, name, () => true)
    if (last === undefined) continue
    rest = last.text
    fields.unshift(...last.fields)
  }
  return { text: rest, fields }
}

/** Twilio adds both to what it sends to a fallback URL. */
const splitFallback = (text: string): Texts => {
  const [, before, code, url] = /^([^]*)ErrorCode(\d{4,6})ErrorUrl(https?:\/\/\S*|)$/.exec(text) ?? []
  return before === undefined
    ? { text, fields: [] }
    : { text: before, fields: [["ErrorCode", code!], ["ErrorUrl", url!]] }
}

/** Returns where the object ends that begins here. */
const objectEnd = (text: string, start: number): number | undefined => {
  let depth = 0
  let isQuoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (isQuoted) {
      if (character === "\\") at++
      else if (character === "\"") isQuoted = false
    } else if (character === "\"") isQuoted = true
    else if (character === "{") depth++
    else if (character === "}" && --depth === 0) return at + 1
  }
  return undefined
}

const metadata = "ChannelMetadata"

/** Splits at the last metadata of a channel, an object with a type. Nothing that a person types is after it. */
const splitMetadata = (text: string) => {
  for (let at = text.lastIndexOf(`${metadata}{`), tried = 0; at !== -1 && tried < 16; tried++) {
    const start = at + metadata.length
    const end = objectEnd(text, start)
    const value = text.slice(start, end)
    if (end !== undefined && value.includes("\"type\"") && json.test(value)) {
      return { before: text.slice(0, at), value, after: text.slice(end) }
    }
    at = at === 0 ? -1 : text.lastIndexOf(`${metadata}{`, at - 1)
  }
  return undefined
}

const isFlag = (value: string) => /^(?:true|false)$/i.test(value)
const isUserId = (value: string) => /^(?:whatsapp:)?(?:[A-Z]{2}\.[^a-z\s]{1,128})?$/.test(value)

/** The fields of channels after their metadata. */
const afterMetadata = [
  "ChannelPrefix",
  "ErrorCode",
  "ErrorUrl",
  "ExternalUserId",
  "FlowData",
  "Forwarded",
  "FrequentlyForwarded"
]

/** Splits off the fields of channels, from the last one. */
const splitChannel = (whole: string, { messageType, received }: Message): Texts => {
  let text = whole
  const fields: Array<Field> = []
  const add = (found: Texts | undefined) => {
    if (found === undefined) return
    text = found.text
    fields.unshift(...found.fields)
  }
  add(takeLast(text, "FrequentlyForwarded", isFlag))
  add(takeLast(text, "Forwarded", isFlag))
  // Without a type, what was received decides: a person could type it, or the answer of a form has no type.
  if (messageType === undefined ? received.has("FlowData") : messageType !== "text") {
    add(takeLast(text, "FlowData", (value) => value.startsWith("{") && json.test(value)))
  }
  add(takeLast(text, "ExternalUserId", isUserId))
  add(splitFallback(text))
  add(takeLast(text, "ChannelPrefix", (value) => /^[a-z]+$/.test(value)))
  return { text, fields }
}

const isReply = /button|interactive|list|reply/i

/**
 * Splits off a button. The text of a message that has one is that of the button,
 * and the business chose it.
 */
const splitButton = (whole: string, { messageType, received }: Message): Texts => {
  const none = { text: whole, fields: [] }
  const isCertain = messageType !== undefined && isReply.test(messageType)
  if (!isCertain && (messageType !== undefined || !(received.has("ButtonText") || received.has("ButtonPayload")))) {
    return none
  }
  const kind = takeLast(whole, "ButtonType", (value) => /^[A-Za-z_]*$/.test(value))
  const text = kind?.text ?? whole
  const kinds = kind?.fields ?? []
  for (
    let at = text.lastIndexOf("ButtonText");
    at !== -1;
    at = at === 0 ? -1 : text.lastIndexOf("ButtonText", at - 1)
  ) {
    const label = text.slice(at + 10)
    const body = text.startsWith(label) ? label : text.startsWith("Button") ? "" : undefined
    if (body === undefined || body.length > at) continue
    const payload = text.slice(body.length, at)
    if (payload !== "" && !payload.startsWith("ButtonPayload")) continue
    return {
      text: body,
      fields: [
        ...payload === "" ? [] : [["ButtonPayload", payload.slice(13)] as const],
        ["ButtonText", label],
        ...kinds
      ]
    }
  }
  if (messageType === undefined || !/button/i.test(messageType)) return none
  const split = splitAtNames(text, ["ButtonPayload", "ButtonText"])
  return { text: split.text, fields: [...split.fields, ...kinds] }
}

/** Splits what is before the sender of a message: its text, and what belongs to the text. */
export const splitBody = (text: string, message: Message): Texts => {
  if (!message.isOfChannel) return splitFallback(text)
  const channel = splitMetadata(text)
  const tail = splitChannel(channel?.after ?? text, message)
  if (channel === undefined) {
    const button = splitButton(tail.text, message)
    return { text: button.text, fields: [...button.fields, ...tail.fields] }
  }
  const button = splitButton(channel.before, message)
  const known = tail.text === "" ? tail.fields : afterMetadata.flatMap((name): ReadonlyArray<Field> => {
    const value = message.received.get(name)
    return value === undefined || nameOf(name).value?.test(value) === false ? [] : [[name, value]]
  })
  return { text: button.text, fields: [...button.fields, [metadata, channel.value], ...known] }
}

/** Splits what is before the sender of a report: the texts of an error. */
export const splitErrors = (whole: string, first: string): Texts => {
  const event = takeLast(whole, "EventType", (value) => /^[A-Z_]{2,32}$/.test(value))
  const text = event?.text ?? whole
  const events = event?.fields ?? []
  const [, channel, code, message] = first === "ChannelStatusMessage"
    ? /^([^]*)ErrorCode(\d{4,6})(?:ErrorMessage([^]*))?$/.exec(text) ?? []
    : []
  if (channel === undefined) return { text, fields: events }
  const messages: ReadonlyArray<Field> = message === undefined ? [] : [["ErrorMessage", message]]
  return { text: channel, fields: [["ErrorCode", code!], ...messages, ...events] }
}

/** The fields of an advertisement, in the order of the signed text. */
const referral = [
  "ReferralBody",
  "ReferralCtwaClid",
  "ReferralHeadline",
  "ReferralMediaContentType",
  "ReferralMediaId",
  "ReferralMediaUrl",
  "ReferralNumMedia",
  "ReferralSourceId",
  "ReferralSourceType",
  "ReferralSourceUrl"
]

/** Splits what is between the name of a person and the ids that follow it. */
export const splitProfile = (text: string): Texts => {
  // A name on WhatsApp has at most 25 characters.
  if (/ReferralSourceId[^]*ReferralSourceType[^]*ReferralSourceUrl/.test(text)) return splitAtNames(text, referral)
  const [, name, count] = /^([^]*)ReferralNumMedia(\d{1,3})(?:[A-Z][^]*)?$/.exec(text) ?? []
  return name === undefined ? { text, fields: [] } : { text: name, fields: [["ReferralNumMedia", count!]] }
}
