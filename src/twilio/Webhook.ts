/**
 * Decodes Twilio's messaging webhooks.
 */
import * as Effect from "effect/Effect"
import { type Content, FileContent, fromParts, isEmpty, MediaContent, type Part, ReplyContent } from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import { InboundMessage } from "../Message.ts"
import type { Payload } from "../Payload.ts"
import { formFromText, parseBody } from "../provider/Body.ts"
import { locationOf } from "../provider/Location.ts"
import { queryOf } from "../provider/Url.ts"
import * as Wire from "../provider/Wire.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest, WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"
import * as Sender from "./Sender.ts"

/**
 * Empty TwiML. Twilio would send a `text/plain` body to the customer
 * (https://www.twilio.com/docs/messaging/twiml).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "text/xml", body: "<Response/>" }

/** Parses the fields of a webhook: from the query of a GET, or from the body of a POST. */
export const parse = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> =>
  request.method === "GET" ? Effect.succeed(formFromText(queryOf(request.url))) : parseBody(request)

const decodeKind = Wire.decoder(Schema.Kind)
const decodeInbound = Wire.decoder(Schema.Inbound)
const decodeRich = Wire.decoder(Schema.Rich)
const decodeStatus = Wire.decoder(Schema.StatusCallback)

/** Returns the non-empty texts of a field, which may be repeated. */
const textsAt = (payload: Payload, key: string): ReadonlyArray<string> => {
  const field = Wire.lookup(payload, key)
  return (Array.isArray(field) ? field : [field]).filter((value) => typeof value === "string" && value !== "")
}

const textAt = (payload: Payload, key: string): string | undefined => textsAt(payload, key)[0]

const withoutUrl = { unavailable: "Twilio gives no URL of the file" }

/** A message has at most ten files. */
const count = /^(?:[1-9]|10)$/

/** Returns the files by index. `NumMedia` only adds files without a URL, so an invalid one cannot lose a file. */
const filesOf = (payload: Payload): ReadonlyArray<MediaContent | FileContent> => {
  const indices = new Set<number>()
  for (const key of Object.keys(payload)) {
    const index = key.startsWith("Media") ? /^Media(?:Url|ContentType)(0|[1-9]\d{0,2})$/.exec(key)?.[1] : undefined
    if (index !== undefined) indices.add(Number(index))
  }
  const announced = Wire.toText(payload["NumMedia"])
  const missing = count.test(announced) ? Math.max(0, Number(announced) - indices.size) : 0
  const files = [...indices].sort((a, b) => a - b).flatMap((index): ReadonlyArray<MediaContent | FileContent> => {
    const types = textsAt(payload, `MediaContentType${index}`)
    const urls = textsAt(payload, `MediaUrl${index}`)
    if (urls.length === 0) {
      return types.map((mimeType) => unchecked(FileContent, { mimeType, ...withoutUrl }))
    }
    return urls.map((url, nth) => unchecked(MediaContent, { url, ...Wire.compact({ mimeType: types[nth] }) }))
  })
  return missing === 0
    ? files
    : [...files, ...Array.from({ length: missing }, () => unchecked(FileContent, withoutUrl))]
}

type Rich = typeof Schema.Rich.Type

/** Decodes a button, a list entry or a form of WhatsApp or RCS. Its text is in `Body` too. */
const replyOf = (body: string, fields: Rich): ReplyContent | undefined => {
  const text = fields.ButtonText ?? fields.ListTitle
  const payload = fields.ButtonPayload ?? fields.ListId ?? fields.FlowData ?? fields.InteractiveData
  return text === undefined && payload === undefined ? undefined : unchecked(ReplyContent, {
    text: body === "" ? text ?? "" : body,
    ...Wire.compact({ payload, inReplyTo: fields.OriginalRepliedMessageSid })
  })
}

const richContentOf = (body: string, files: ReadonlyArray<MediaContent | FileContent>, fields: Rich): Content => {
  const { Address: address, Label: label, Latitude: latitude, Longitude: longitude } = fields
  const reply = replyOf(body, fields)
  const location = locationOf({ latitude, longitude, label, address })
  const parts: Array<Exclude<Part, { readonly _tag: "TextContent" }>> = [...files]
  if (location !== undefined) parts.unshift(location)
  if (reply !== undefined) parts.unshift(reply)
  // The text of a location may repeat its name. The text of a reply is in the reply.
  const isRepeated = reply !== undefined || (location !== undefined && (body === label || body === address))
  return fromParts(isRepeated ? "" : body, parts)
}

const richNames = Object.keys(Schema.Rich.fields)

const contentOf = (payload: Payload, body: string): Effect.Effect<Content, InvalidPayload> => {
  const files = filesOf(payload)
  return richNames.some((name) => Object.hasOwn(payload, name))
    ? Effect.mapEager(decodeRich(payload), (fields) => richContentOf(body, files, fields))
    : Effect.succeed(fromParts(body, files))
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Content, payload: Payload) =>
  isEmpty(content) &&
  (/^[1-9]\d*$/.test(Wire.toText(payload["NumMedia"])) ||
    (Wire.toText(payload["MessageType"]) || "text").toLowerCase() !== "text" ||
    Schema.messageFields.hasContent(payload))

const missingId = invalidPayload("MessageSid", "Expected the message id")

const inbound = (provider: string, payload: Payload) =>
  Effect.flatMapEager(
    decodeInbound(Sender.withSender(payload)),
    (fields) => {
      const sid = Schema.messageSid(fields)
      // Without it, no repetition could be recognized.
      if (sid === undefined) return Effect.fail(missingId)
      return Effect.mapEager(contentOf(payload, fields.Body), (content): WebhookEvent => {
        if (isUnread(content, payload)) return unrecognized(provider, payload)
        const senderAliases = Sender.aliasesOf(fields.From, payload)
        return unchecked(InboundMessage, {
          provider,
          channelId: `sms-${provider}`,
          externalId: sid,
          idempotencyKey: sid,
          sender: fields.From,
          ...(senderAliases.length > 0 && { senderAliases }),
          recipient: fields.To,
          content,
          ...(fields.NumSegments !== undefined && { segments: fields.NumSegments }),
          metadata: Schema.messageFields.metadataOf(payload),
          raw: payload
        })
      })
    }
  )

const unrecognized = (provider: string, payload: Payload): Unrecognized => {
  const eventType = textAt(payload, "EventType") ?? textAt(payload, "event_type") ?? textAt(payload, "MessageType")
  return new Unrecognized({ provider, ...Wire.compact({ eventType }), raw: payload })
}

const status = Effect.fnUntracedEager(function*(provider: string, payload: Payload, word: string) {
  const fields = yield* decodeStatus(payload)
  const messageId = Schema.messageSid(fields)
  if (messageId === undefined) return yield* missingId
  return unchecked(DeliveryStatus, {
    provider,
    messageId,
    status: Wire.lookup(Schema.statuses, word.toLowerCase()) ?? "unknown",
    carrierStatus: word,
    ...Wire.compact({
      recipient: fields.To,
      sender: fields.From,
      errorCode: fields.ErrorCode,
      errorMessage: fields.ErrorMessage ?? fields.ChannelStatusMessage,
      segments: fields.NumSegments,
      metadata: Schema.statusFields.optionalMetadataOf(payload)
    }),
    // A message reaches each status once, so id and status identify the report. The
    // id alone would drop every later status.
    idempotencyKey: `${messageId}:${word}`,
    raw: payload
  })
})

/**
 * Decodes a payload. `SmsStatus` and `SmsSid` occur in both kinds of webhook,
 * `MessageStatus` only in status callbacks. An inbound message has
 * `SmsStatus=received`. Without any of the three, a payload is a message only if
 * it has a sender: webhooks of Conversations have a `Body` and an author.
 */
export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const kind = yield* decodeKind(payload)
  if (kind.MessageStatus !== undefined) return [yield* status(provider, payload, kind.MessageStatus)]
  const word = kind.SmsStatus?.toLowerCase()
  if (word === "received" || word === "receiving") return [yield* inbound(provider, payload)]
  if (kind.SmsStatus !== undefined) return [yield* status(provider, payload, kind.SmsStatus)]
  const isMessage = Wire.toText(Wire.lookup(payload, "From")) !== "" &&
    textAt(payload, "EventType") === undefined && textAt(payload, "ConversationSid") === undefined
  return isMessage && (Object.hasOwn(payload, "Body") || Object.hasOwn(payload, "NumMedia"))
    ? [yield* inbound(provider, payload)]
    : [unrecognized(provider, payload)]
})
