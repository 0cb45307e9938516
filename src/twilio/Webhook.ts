/**
 * Decodes Twilio's messaging webhooks.
 */
import * as Effect from "effect/Effect"
import { fromParts, MediaContent } from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import { InboundMessage } from "../Message.ts"
import type { Payload } from "../Payload.ts"
import { formFromText, parseBody } from "../provider/Body.ts"
import { queryOf } from "../provider/Url.ts"
import * as Wire from "../provider/Wire.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest, WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"

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
const decodeStatus = Wire.decoder(Schema.StatusCallback)

/** Returns the media by index. `NumMedia` is ignored, so an invalid one cannot lose a file. */
const mediaOf = (payload: Payload): ReadonlyArray<MediaContent> =>
  Object.keys(payload)
    .filter((key) => key.startsWith("MediaUrl") && /^MediaUrl(0|[1-9]\d{0,2})$/.test(key))
    .map((key) => Number(key.slice("MediaUrl".length)))
    .sort((a, b) => a - b)
    .flatMap((index) => {
      const url = Wire.ownString(payload, `MediaUrl${index}`)
      const mimeType = Wire.ownString(payload, `MediaContentType${index}`)
      return url === undefined ? [] : [unchecked(MediaContent, { url, ...Wire.compact({ mimeType }) })]
    })

const metadataOf = (payload: Payload): Record<string, string> => {
  const metadata: Record<string, string> = {}
  for (const key of Schema.metadata) {
    const value = Wire.ownString(payload, key)
    if (value !== undefined) metadata[key] = value
  }
  return metadata
}

const inbound = (provider: string, payload: Payload) =>
  Effect.mapEager(decodeInbound(payload), (fields) => {
    const sid = Schema.messageSid(fields)
    return unchecked(InboundMessage, {
      provider,
      channelId: `sms-${provider}`,
      ...(sid !== undefined && { externalId: sid, idempotencyKey: sid }),
      sender: fields.From,
      recipient: fields.To,
      content: fromParts(fields.Body, mediaOf(payload)),
      metadata: metadataOf(payload),
      raw: payload
    })
  })

const status = Effect.fnUntracedEager(function*(provider: string, payload: Payload, word: string) {
  const fields = yield* decodeStatus(payload)
  const messageId = Schema.messageSid(fields)
  if (messageId === undefined) return yield* invalidPayload("MessageSid", "Expected the message id")
  return unchecked(DeliveryStatus, {
    provider,
    messageId,
    status: Wire.lookup(Schema.statuses, word.toLowerCase()) ?? "unknown",
    carrierStatus: word,
    ...Wire.compact({
      recipient: fields.To,
      sender: fields.From,
      errorCode: fields.ErrorCode,
      errorMessage: fields.ErrorMessage ?? fields.ChannelStatusMessage
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
 * `SmsStatus=received`.
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
  return Object.hasOwn(payload, "Body") || Object.hasOwn(payload, "NumMedia")
    ? [yield* inbound(provider, payload)]
    : [new Unrecognized({ provider, raw: payload })]
})
