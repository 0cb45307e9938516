/**
 * Decodes Telnyx's messaging webhooks.
 */
import * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import { type Content, FileContent, fromParts, isEmpty, MediaContent } from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { distinct } from "../internal/group.ts"
import { unchecked } from "../internal/unchecked.ts"
import { InboundMessage } from "../Message.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { parseJson } from "../provider/Body.ts"
import { isBlank } from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"
import * as SendReference from "../SendReference.ts"
import { InvalidPayload, invalidPayload } from "../WebhookError.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest, WebhookResponse } from "../WebhookRequest.ts"
import * as RichContent from "./RichContent.ts"
import * as Schema from "./Schema.ts"

/**
 * Telnyx expects any 2xx within two seconds and ignores the body
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

export const parse = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> => parseJson(request.body)

const decodeWebhook = Wire.decoder(Schema.Webhook)
const decodeEvent = Wire.decoder(Schema.Event, "data")
const decodeMessage = Wire.decoder(Schema.Message, "data.payload")
const decodeError = Wire.decoder(Schema.CarrierError, "data.payload.errors")

type Event = typeof Schema.Event.Type
type Message = typeof Schema.Message.Type

const addresses = (value: unknown): ReadonlyArray<Address> =>
  Schema.parties(value).flatMap(({ address }) => address ?? [])

/** Returns the files. `media` may be null, absent or an empty list, and a file an object or a bare URL. */
const filesOf = (message: Message): ReadonlyArray<MediaContent | FileContent> => {
  const urls = new Set<string>()
  return [...message.media, ...message.media_urls].flatMap((item): ReadonlyArray<MediaContent | FileContent> => {
    const file = isPayload(item) ? item : Wire.isUrl(item) ? { url: item } : {}
    const url = Wire.ownString(file, "url")
    const mimeType = Wire.ownString(file, "content_type") ?? Wire.ownString(file, "mime_type")
    if (url === undefined) {
      const unavailable = "Telnyx gives no URL of the file"
      return isBlank(item) ? [] : [unchecked(FileContent, { ...Wire.compact({ mimeType }), unavailable })]
    }
    if (urls.has(url)) return []
    urls.add(url)
    return [unchecked(MediaContent, { url, ...Wire.compact({ mimeType }) })]
  })
}

/**
 * Decodes the content: `text` and `media` of an SMS or MMS, `body` of RCS and
 * WhatsApp, or only a subject. A `body` that is text counts as the text.
 */
const contentOf = (message: Message, payload: Payload): Content => {
  const { body } = message
  const files = filesOf(message)
  const rich = Object.keys(body).length === 0 ? undefined : RichContent.read(body)
  const text = message.text === "" ? rich?.text ?? Wire.toText(payload["body"]) : message.text
  const content = fromParts(text, rich === undefined ? files : [...rich.parts, ...files])
  return isEmpty(content) && message.subject !== undefined ? fromParts(message.subject, []) : content
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Content, { body }: Message, payload: Payload): boolean => {
  if (!isEmpty(content)) return false
  const { body: _, ...others } = payload
  return RichContent.hasContent(body) || Schema.messageFields.hasContent(isPayload(payload["body"]) ? others : payload)
}

const metadataOf = (payload: Payload, message: Message): Record<string, string> => {
  const metadata = Schema.messageFields.metadataOf(payload)
  const to = addresses(message.to)
  // In a group message: our numbers, and the participants, ours among them.
  if (to.length > 1) metadata["to"] = to.join(",")
  const cc = addresses(message.cc)
  if (cc.length > 0) metadata["cc"] = cc.join(",")
  return metadata
}

/**
 * Returns our number, and the other participants of a group message. `to` has
 * our numbers, and `cc` the participants, ours among them
 * (https://developers.telnyx.com/docs/messaging/messages/group-messaging). Of
 * several, our number is the one to which the webhook was delivered, and the
 * same one in any order.
 */
const partiesOf = (message: Message, sender: Address | undefined) => {
  const all = addresses(message.to)
  const reached = Schema.parties(message.to).flatMap(({ address, status }) =>
    address !== undefined && status?.toLowerCase() === "webhook_delivered" ? [address] : []
  )
  const [recipient] = [...reached.length > 0 ? reached : all].sort()
  const known = [...recipient === undefined ? [] : [recipient], ...sender === undefined ? [] : [sender]]
  const participants = distinct([...known, ...addresses(message.cc), ...all]).slice(distinct(known).length)
  return { recipient, participants }
}

/** More than any network has in a group, and few enough for the key of the room. */
const maxParticipants = 100

/** Returns the time of the event: the message's own timestamp for it if present, otherwise that of the envelope. */
const timeOf = (step: "received" | "sent" | "finalized" | "read", event: Event, message: Message) => {
  const times = {
    received: message.received_at,
    sent: message.sent_at,
    finalized: message.completed_at,
    read: undefined
  }
  return Wire.toTime(times[step]) ?? Wire.toTime(event.occurred_at)
}

const inbound = Effect.fnUntracedEager(function*(provider: string, raw: Payload, event: Event, message: Message) {
  const { id } = message
  const userId = RichContent.userIdOf(message.body)
  const [sender = userId] = addresses(message.from)
  const { participants, recipient } = partiesOf(message, sender)
  if (id === undefined || sender === undefined || recipient === undefined) {
    const [first, ...rest] = [
      ...(id === undefined ? [{ field: "data.payload.id", expected: "Expected the message id" }] : []),
      ...(sender === undefined ? [{ field: "data.payload.from", expected: "Expected the sender" }] : []),
      ...(recipient === undefined ? [{ field: "data.payload.to", expected: "Expected a recipient" }] : [])
    ]
    return yield* new InvalidPayload({ issues: [first!, ...rest] })
  }
  if (participants.length > maxParticipants) {
    return yield* invalidPayload("data.payload.cc", `Expected at most ${maxParticipants} participants`)
  }
  const content = contentOf(message, event.payload)
  if (isUnread(content, message, event.payload)) return unrecognized(provider, raw, event.event_type)
  return unchecked(InboundMessage, {
    provider,
    channelId: `sms-${provider}`,
    externalId: id,
    // Not the id of the event: Telnyx does not document that a retry, or a delivery
    // to the failover URL, keeps that one.
    idempotencyKey: id,
    sender,
    ...(userId !== undefined && userId !== sender && { senderAliases: [userId] }),
    recipient,
    ...(participants.length > 0 && { participants }),
    content,
    ...Wire.compact({
      receivedAt: timeOf("received", event, message),
      sentAt: Wire.toTime(message.sent_at),
      segments: message.parts,
      cost: message.cost,
      spam: message.is_spam
    }),
    metadata: metadataOf(event.payload, message),
    raw
  })
})

/** The event types that report on a message that we sent. */
const outboundEvents: Readonly<Record<string, "sent" | "finalized" | "read">> = {
  "message.sent": "sent",
  "message.finalized": "finalized",
  "message.read": "read"
}

/**
 * Returns every recipient once, or a single unnamed one if there is none. `cc`
 * recipients count only with a status.
 */
const recipientsOf = (message: Message): ReadonlyArray<Schema.Party> => {
  const to = Schema.parties(message.to)
  const cc = Schema.parties(message.cc).filter(({ address, status }) =>
    status !== undefined && !to.some((party) => party.address === address)
  )
  return to.length + cc.length === 0 ? [{ address: undefined, status: undefined }] : [...to, ...cc]
}

const statuses = Effect.fnUntracedEager(function*(
  provider: string,
  raw: Payload,
  event: Event,
  message: Message,
  step: "sent" | "finalized" | "read"
) {
  const { group_message_id: groupId, id } = message
  if (id === undefined) return yield* invalidPayload("data.payload.id", "Expected the message id")
  const error = yield* decodeError(message.errors.find(isPayload) ?? {})
  const [sender] = addresses(message.from)
  // The signature covers the payload, and not the URL that the webhook was posted to.
  const callback = Wire.ownString(event.payload, "webhook_url")
  const intent = callback === undefined ? undefined : SendReference.fromUrl(callback)
  const metadata = Schema.reportFields.optionalMetadataOf(event.payload)
  const events = new Map<string, DeliveryStatus>()
  for (const recipient of recipientsOf(message)) {
    // A finalized message has a terminal status, but only the recipient's own status says which.
    const word = step === "read" ? step : recipient.status ?? step
    const status = Wire.lookup(Schema.statuses, word.toLowerCase()) ?? "unknown"
    // Each recipient reaches each status once. The message id alone would drop `finalized` after `sent`.
    const idempotencyKey = `${id}:${recipient.address ?? ""}:${word}`
    if (events.has(idempotencyKey)) continue
    const arrived = status === "delivered" || status === "read"
    events.set(
      idempotencyKey,
      unchecked(DeliveryStatus, {
        provider,
        // Each recipient of a group message has a record of its own, and the receipt has the id of the group message.
        messageId: groupId ?? id,
        status,
        carrierStatus: word,
        ...Wire.compact({
          recipient: recipient.address,
          sender,
          // The errors belong to the message: they do not concern a recipient who has received it.
          errorCode: arrived ? undefined : error.code,
          errorMessage: arrived ? undefined : error.detail ?? error.title,
          timestamp: timeOf(step, event, message),
          sentAt: Wire.toTime(message.sent_at),
          reference: Wire.ownString(message.body, "biz_opaque_callback_data"),
          intent,
          segments: message.parts,
          cost: message.cost,
          metadata
        }),
        idempotencyKey,
        raw
      })
    )
  }
  return [...events.values()]
})

const isLong = ({ address, status }: Schema.Party): boolean =>
  Math.max(address?.length ?? 0, status?.length ?? 0) > Wire.maxName

const unrecognized = (provider: string, raw: Payload, eventType: string | undefined): Unrecognized =>
  new Unrecognized({ provider, ...Wire.compact({ eventType }), raw })

/**
 * Decodes a payload. Only `message.received` is an inbound message. If
 * `direction` contradicts the event type, the webhook is neither a message nor
 * a status.
 */
export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const webhook = yield* decodeWebhook(payload)
  const event = yield* decodeEvent(webhook.data)
  const message = yield* decodeMessage(event.payload)
  const long = (["from", "to", "cc"] as const).find((field) => Schema.parties(message[field]).some(isLong))
  if (long !== undefined) return yield* invalidPayload(`data.payload.${long}`, Wire.expectedName)
  const type = event.event_type?.toLowerCase()
  const direction = message.direction?.toLowerCase()
  const step = type === undefined ? undefined : Wire.lookup(outboundEvents, type)
  if (type === "message.received" && direction !== "outbound") {
    return [yield* inbound(provider, payload, event, message)]
  }
  if (step !== undefined && direction !== "inbound") {
    return yield* statuses(provider, payload, event, message, step)
  }
  const eventType = event.event_type ?? webhook.event_type ?? event.record_type ?? webhook.record_type
  return [unrecognized(provider, payload, eventType)]
})
