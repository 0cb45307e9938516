/**
 * What SMS, MMS and delivery reports need of decoding: the kind of a webhook,
 * its ids, files and statuses. `decode.ts` adds everything else, and
 * `webDecode.ts` is the same in small for plain ones.
 */
import type { Status } from "../../DeliveryStatus.ts"
import { compact, lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type * as Build from "../../provider/core/build.ts"
import { invalidPayload, refused } from "../../provider/core/refusal.ts"
import { toText } from "../../provider/core/values.ts"

/** Returns the non-empty texts of a field, which may be repeated. */
const textsAt = (payload: Payload, key: string): ReadonlyArray<string> => {
  const field = lookup(payload, key)
  return (Array.isArray(field) ? field : [field]).filter((value) => typeof value === "string" && value !== "")
}

export const textAt = (payload: Payload, key: string): string | undefined => textsAt(payload, key)[0]

const withoutUrl = "Twilio gives no URL of the file"

/** A message has at most ten files. */
const count = /^(?:[1-9]|10)$/

const ofFile = /^Media(?:Url|ContentType)(0|[1-9]\d{0,2})$/

const none: ReadonlyArray<Build.FilePart> = []

/** Returns the files by index. `NumMedia` only adds files without a URL, so an invalid one cannot lose a file. */
export const filesOf = ({ of }: Build.Objects, payload: Payload): ReadonlyArray<Build.FilePart> => {
  const announced = toText(payload["NumMedia"])
  const indices = new Set<number>()
  for (const key of Object.keys(payload)) {
    const index = key.startsWith("Media") ? ofFile.exec(key)?.[1] : undefined
    if (index !== undefined) indices.add(Number(index))
  }
  if (indices.size === 0 && !count.test(announced)) return none
  const missing = count.test(announced) ? Math.max(0, Number(announced) - indices.size) : 0
  const files = [...indices].sort((a, b) => a - b).flatMap((index): ReadonlyArray<Build.FilePart> => {
    const types = textsAt(payload, `MediaContentType${index}`)
    const urls = textsAt(payload, `MediaUrl${index}`)
    if (urls.length === 0) {
      return types.map((mimeType) => of({ _tag: "FileContent", mimeType, unavailable: withoutUrl }))
    }
    return urls.map((url, nth) => of({ _tag: "MediaContent", url, ...compact({ mimeType: types[nth] }) }))
  })
  return missing === 0
    ? files
    : [
      ...files,
      ...Array.from({ length: missing }, () => of({ _tag: "FileContent" as const, unavailable: withoutUrl }))
    ]
}

/** The statuses of messages, from the `Status` enumeration of Twilio's OpenAPI document. */
export const statuses: Readonly<Record<string, Status>> = {
  accepted: "accepted",
  scheduled: "scheduled",
  queued: "queued",
  sending: "sending",
  sent: "sent",
  delivered: "delivered",
  partially_delivered: "delivered",
  undelivered: "undelivered",
  failed: "failed",
  canceled: "canceled",
  read: "read"
}

/** Returns the id of the message. `SmsSid` and `SmsMessageSid` are deprecated duplicates of `MessageSid`. */
export const idOf = (payload: Payload): string =>
  toText(payload["MessageSid"]) || toText(payload["SmsMessageSid"]) || toText(payload["SmsSid"])

/** Without it, no repetition could be recognized. */
export const missingId = /* @__PURE__ */ refused(
  /* @__PURE__ */ invalidPayload("MessageSid", "Expected the message id")
)

/**
 * Returns what a webhook is about: a message, the word for the status of one, or
 * neither.
 *
 * `SmsStatus` and `SmsSid` occur in both kinds of webhook, `MessageStatus` only
 * in status callbacks. An inbound message has `SmsStatus=received`. Without any
 * of the three, a payload is a message only if it has a sender: webhooks of
 * Conversations have a `Body` and an author.
 */
export const kindOf = (payload: Payload): "message" | { readonly status: string } | undefined => {
  const word = toText(payload["MessageStatus"])
  const sms = toText(payload["SmsStatus"])
  if (word === "" && /^receiv(?:ed|ing)$/i.test(sms)) return "message"
  if (word !== "" || sms !== "") return { status: word || sms }
  const isMessage = toText(lookup(payload, "From")) !== "" &&
    textAt(payload, "EventType") === undefined && textAt(payload, "ConversationSid") === undefined
  return isMessage && (Object.hasOwn(payload, "Body") || Object.hasOwn(payload, "NumMedia")) ? "message" : undefined
}

/** What every report has. A message reaches each status once: its id alone would drop every later status. */
export const reportOf = (provider: string, messageId: string, word: string) => ({
  _tag: "DeliveryStatus" as const,
  provider,
  messageId,
  status: lookup(statuses, word.toLowerCase()) ?? "unknown",
  carrierStatus: word,
  idempotencyKey: `${messageId}:${word}`
})
