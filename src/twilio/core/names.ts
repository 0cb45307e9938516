/**
 * The names of Twilio's fields, and what Twilio can send as their values.
 */
import { messageFields, statusFields } from "./fields.ts"

/** A field of a form. */
export type Field = readonly [name: string, value: string]

const listed: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...Object.keys(messageFields.places),
  ...Object.keys(statusFields.places)
])

const ofMedia = /^Media(?:Url|ContentType)\d+$/

/** Names of several words, which neither Twilio nor an operator writes in a value. */
const several = /* @__PURE__ */ new RegExp(
  [
    ...[...listed].filter((name) => /[a-z][A-Z]/.test(name)).sort((a, b) => b.length - a.length),
    "Media(?:Url|ContentType)\\d",
    "L(?:at|ong)itude-?\\d"
  ].join("|")
)

/** Returns whether a value contains the name of a field. For values that nobody types. */
export const hasName = (value: string): boolean => /[A-Z][a-z]/.test(value) && several.test(value)

interface Pattern {
  readonly test: (value: string) => boolean
}

const sid: Pattern = /^(?:SM|MM)(?!.*[A-Z][a-z])[\w-]{1,32}$/

/** An address of a channel: `whatsapp:+16505550111`, `messenger:1234`, or `whatsapp:` where the person hides the number. */
const channelAddress = /^[a-z][a-z0-9]*:(?:\+?\d{1,20}|(?!\+)[\x21-\x7e]{0,128})$/

/** Returns whether a value is a number, a short code, or an address of a channel. */
export const isNumber = (value: string): boolean => /^\+?\d{1,20}$/.test(value) || channelAddress.test(value)

/** A name of up to eleven characters. */
const alphanumeric = /^[\p{L}\p{N}][\p{L}\p{N} &_+.'-]{0,10}$/u

const isPlace = /(?:From|To)(?:City|Country|State|Zip)|WaId\d/

/** Returns whether a value is an alphanumeric sender, which may begin with digits: `123Reg`. */
export const isAlphanumeric = (value: string): boolean => alphanumeric.test(value) && !isPlace.test(value)

export const address: Pattern = {
  test: (value) => value === "" || (isNumber(value) ? !hasName(value) : isAlphanumeric(value))
}

const coordinate = /^(?:-?\d{1,3}(?:\.\d*)?)?$/
const flag = /^(?:true|false|[01])?$/i
const word = /^(?:[a-z][a-z_-]{0,31}|[A-Z][A-Z_-]{0,31})$/

/** What operators and Twilio itself write. */
const place: Pattern = { test: (value) => !hasName(value) }

const isObject = (value: string): boolean => {
  try {
    return typeof JSON.parse(value) === "object"
  } catch {
    return false
  }
}

/** JSON, which may contain what a person typed. */
export const json: Pattern = { test: (value) => value === "" || (/^[{[]/.test(value) && isObject(value)) }

const mediaUrl: Pattern = /^(?:https?:\/\/(?!\S*Media(?:Url|ContentType)\d)\S{1,2000})?$/
const mediaType: Pattern = /^(?:[\w.+-]+\/[\w.+-]+(?:\s*;(?!.*Media(?:Url|ContentType)\d).*)?)?$/

const values: ReadonlyMap<string, Pattern> = /* @__PURE__ */ new Map([
  ["MessageSid", sid],
  ["SmsMessageSid", sid],
  ["SmsSid", sid],
  ["AccountSid", /^AC(?!.*[A-Z][a-z])[\w-]{1,32}$/],
  ["MessagingServiceSid", /^(?:MG(?!.*[A-Z][a-z])[\w-]{1,32})?$/],
  ["OriginalRepliedMessageSid", /^(?:[A-Z]{2}(?!.*[A-Z][a-z])[\w-]{1,32})?$/],
  ["OriginalRepliedMessageSender", address],
  ["ApiVersion", /^\d{4}-\d{2}-\d{2}$/],
  ["From", address],
  ["To", address],
  ["NumMedia", /^[0-9a-z]{0,8}$/],
  ["NumSegments", /^\d{0,4}$/],
  ["ReferralNumMedia", /^\d{0,4}$/],
  ["SmsStatus", word],
  ["MessageStatus", word],
  ["MessageType", place],
  ["OptOutType", place],
  ["ErrorCode", /^\d{0,6}$/],
  ["RawDlrDoneDate", /^\d{0,14}$/],
  ["WaId", /^\d{0,20}$/],
  ["ExternalUserId", /^(?:whatsapp:)?[^a-z\s]{0,128}$/],
  ["AddOns", json],
  ["InteractiveData", json],
  ["FlowData", json],
  ["Latitude", coordinate],
  ["Longitude", coordinate],
  ["Forwarded", flag],
  ["FrequentlyForwarded", flag],
  ...["From", "To"].flatMap((side) =>
    ["City", "Country", "State", "Zip"].map((name): [string, Pattern] => [side + name, place])
  )
])

/** The fields of free text, the ends of which could be taken for the name of a field. */
const texts: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "Address",
  "Body",
  "ButtonPayload",
  "ButtonText",
  "ChannelStatusMessage",
  "ErrorMessage",
  "Label",
  "ListDescription",
  "ListId",
  "ListTitle",
  "ProfileName",
  "ReferralBody",
  "ReferralHeadline"
])

/** Without one of these, a form is no message. */
export const required: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "AccountSid",
  "ApiVersion",
  "Body",
  "From",
  "MessageSid",
  "MessageStatus",
  "NumMedia",
  "NumSegments",
  "SmsMessageSid",
  "SmsSid",
  "SmsStatus",
  "To"
])

/** What there is to know of a name. */
export interface Name {
  readonly isKnown: boolean
  readonly isText: boolean
  /** What Twilio can send as its value, where that matters. */
  readonly value: Pattern | undefined
}

const describe = (name: string): Name => ({
  isKnown: listed.has(name) || ofMedia.test(name),
  isText: texts.has(name),
  value: ofMedia.test(name) ? (name.startsWith("MediaUrl") ? mediaUrl : mediaType) : values.get(name)
})

// Twilio's forms have the same few names again and again. Those of other forms are not remembered: whoever makes
// names up could fill the memory with them.
const described = new Map<string, Name>()

export const nameOf = (name: string): Name => {
  const known = described.get(name)
  if (known !== undefined) return known
  const found = describe(name)
  if (found.isKnown && described.size < 500) described.set(name, found)
  return found
}

/** Returns the longest known name that this one begins with. */
export const beginningOf = (name: string): string | undefined => {
  let longest = /^Media(?:Url|ContentType)\d+/.exec(name)?.[0]
  for (const known of listed) {
    if (name.startsWith(known) && known.length > (longest?.length ?? 0)) longest = known
  }
  return longest
}

/** Returns whether the signed text of a field begins with a known name, of which its own name is only the beginning. */
export const isCutName = ([name, value]: Field): boolean => {
  const text = name + value
  if (!/\d/.test(name) && /^Media(?:Url|ContentType)\d/.test(text)) return true
  for (const known of listed) {
    if (known.length > name.length && known.startsWith(name) && text.startsWith(known)) return true
  }
  return false
}
