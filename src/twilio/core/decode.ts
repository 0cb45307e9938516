/**
 * Decodes Twilio's messaging webhooks.
 */
import { compact, lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { locationOf } from "../../provider/core/location.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "../../provider/core/refusal.ts"
import { toText } from "../../provider/core/values.ts"
import * as Fields from "./fields.ts"
import { asReceived } from "./reading.ts"
import * as Sender from "./sender.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

/** Returns the non-empty texts of a field, which may be repeated. */
const textsAt = (payload: Payload, key: string): ReadonlyArray<string> => {
  const field = lookup(payload, key)
  return (Array.isArray(field) ? field : [field]).filter((value) => typeof value === "string" && value !== "")
}

const textAt = (payload: Payload, key: string): string | undefined => textsAt(payload, key)[0]

const withoutUrl = "Twilio gives no URL of the file"

/** A message has at most ten files. */
const count = /^(?:[1-9]|10)$/

const none: ReadonlyArray<Build.FilePart> = []

/** Returns the files by index. `NumMedia` only adds files without a URL, so an invalid one cannot lose a file. */
const filesOf = ({ of }: Build.Build, payload: Payload): ReadonlyArray<Build.FilePart> => {
  const announced = toText(payload["NumMedia"])
  const keys = Object.keys(payload).filter((key) => key.startsWith("Media"))
  if (keys.length === 0 && !count.test(announced)) return none
  const indices = new Set<number>()
  for (const key of keys) {
    const index = /^Media(?:Url|ContentType)(0|[1-9]\d{0,2})$/.exec(key)?.[1]
    if (index !== undefined) indices.add(Number(index))
  }
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

type Rich = Of<typeof Fields.Rich.fields>

/** Decodes a button, a list entry or a form of WhatsApp or RCS. Its text is in `Body` too. */
const replyOf = ({ of }: Build.Build, body: string, fields: Rich): Build.RichPart | undefined => {
  const text = fields.ButtonText ?? fields.ListTitle
  const payload = fields.ButtonPayload ?? fields.ListId ?? fields.FlowData ?? fields.InteractiveData
  return text === undefined && payload === undefined ? undefined : of({
    _tag: "ReplyContent",
    text: body === "" ? text ?? "" : body,
    ...compact({ payload, inReplyTo: fields.OriginalRepliedMessageSid })
  })
}

const richContentOf = (
  build: Build.Build,
  body: string,
  files: ReadonlyArray<Build.FilePart>,
  fields: Rich
): Build.Content => {
  const { Address: address, Label: label, Latitude: latitude, Longitude: longitude } = fields
  const reply = replyOf(build, body, fields)
  const location = locationOf(build, { latitude, longitude, label, address })
  const parts: Array<Build.RichPart> = [...files]
  if (location !== undefined) parts.unshift(location)
  if (reply !== undefined) parts.unshift(reply)
  // The text of a location may repeat its name. The text of a reply is in the reply.
  const isRepeated = reply !== undefined || (location !== undefined && (body === label || body === address))
  return Build.fromParts(build, isRepeated ? "" : body, parts)
}

const isRich = (payload: Payload): boolean => {
  for (const name in Fields.Rich.fields) {
    if (Object.hasOwn(payload, name)) return true
  }
  return false
}

const contentOf = (
  build: Build.Build,
  payload: Payload,
  body: string
): Build.Content | Refused<InvalidPayload> => {
  const files = filesOf(build, payload)
  if (!isRich(payload)) return Build.fromParts(build, body, files)
  const fields = Fields.Rich.read(payload)
  return isRefused(fields) ? fields : richContentOf(build, body, files, fields)
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Build.Content, payload: Payload) =>
  Build.isEmpty(content) &&
  (/^[1-9]\d*$/.test(toText(payload["NumMedia"])) ||
    (toText(payload["MessageType"]) || "text").toLowerCase() !== "text" ||
    Fields.messageFields.hasContent(payload))

const missingId = /* @__PURE__ */ refused(/* @__PURE__ */ invalidPayload("MessageSid", "Expected the message id"))

const unrecognized = ({ of }: Build.Build, provider: string, payload: Payload): Result => {
  const names = ["EventType", "event_type", "MessageType", "type"]
  const eventType = names.flatMap((name) => textsAt(payload, name))[0]
  return Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw: asReceived(payload) }))
}

const inbound = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.Inbound.read(Sender.withSender(payload))
  if (isRefused(fields)) return fields
  const sid = Fields.messageSid(fields)
  // Without it, no repetition could be recognized.
  if (sid === undefined) return missingId
  const content = contentOf(build, payload, fields.Body)
  if (isRefused(content)) return content
  if (isUnread(content, payload)) return unrecognized(build, provider, payload)
  const message: Build.Mutable<Build.InboundMessage> = {
    _tag: "InboundMessage",
    provider,
    channelId: `sms-${provider}`,
    externalId: sid,
    idempotencyKey: sid,
    sender: fields.From,
    recipient: fields.To,
    content,
    metadata: Fields.messageFields.metadataOf(payload),
    raw: asReceived(payload)
  }
  const aliases = Sender.aliasesOf(fields.From, payload)
  if (aliases.length > 0) message.senderAliases = aliases
  if (fields.NumSegments !== undefined) message.segments = fields.NumSegments
  return Build.decoded(build.of(message))
}

const status = (build: Build.Build, provider: string, payload: Payload, word: string): Result => {
  const fields = Fields.StatusCallback.read(payload)
  if (isRefused(fields)) return fields
  const messageId = Fields.messageSid(fields)
  if (messageId === undefined) return missingId
  return Build.decoded(build.of({
    _tag: "DeliveryStatus",
    provider,
    messageId,
    status: lookup(Fields.statuses, word.toLowerCase()) ?? "unknown",
    carrierStatus: word,
    ...compact({
      recipient: fields.To,
      sender: fields.From,
      errorCode: fields.ErrorCode,
      errorMessage: fields.ErrorMessage ?? fields.ChannelStatusMessage,
      segments: fields.NumSegments,
      metadata: Fields.statusFields.optionalMetadataOf(payload)
    }),
    // A message reaches each status once, so id and status identify the report. The
    // id alone would drop every later status.
    idempotencyKey: `${messageId}:${word}`,
    raw: asReceived(payload)
  }))
}

/**
 * Decodes a payload. `SmsStatus` and `SmsSid` occur in both kinds of webhook,
 * `MessageStatus` only in status callbacks. An inbound message has
 * `SmsStatus=received`. Without any of the three, a payload is a message only if
 * it has a sender: webhooks of Conversations have a `Body` and an author.
 */
export const decode = (build: Build.Build, provider: string, payload: Payload): Result => {
  const kind = Fields.Kind.read(payload)
  if (isRefused(kind)) return kind
  if (kind.MessageStatus !== undefined) return status(build, provider, payload, kind.MessageStatus)
  const word = kind.SmsStatus?.toLowerCase()
  if (word === "received" || word === "receiving") return inbound(build, provider, payload)
  if (kind.SmsStatus !== undefined) return status(build, provider, payload, kind.SmsStatus)
  const isMessage = toText(lookup(payload, "From")) !== "" &&
    textAt(payload, "EventType") === undefined && textAt(payload, "ConversationSid") === undefined
  return isMessage && (Object.hasOwn(payload, "Body") || Object.hasOwn(payload, "NumMedia"))
    ? inbound(build, provider, payload)
    : unrecognized(build, provider, payload)
}
