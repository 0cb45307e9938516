/**
 * One flat reading of a webhook, the same for all carriers.
 *
 * It is made from the events that the provider's decoder gives, so there is
 * one path and one result. What is not known to be inbound is not inbound: a
 * delivery receipt never becomes an empty message.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { media, text } from "./Content.ts"
import type { DeliveryStatus } from "./DeliveryStatus.ts"
import type { InboundMessage } from "./Message.ts"
import { Payload } from "./Payload.ts"
import { type InvalidPayload, WebhookError } from "./WebhookError.ts"
import { toInbound, WebhookEvent } from "./WebhookEvent.ts"

/**
 * What a webhook is about.
 *
 * @category models
 * @since 0.1.0
 */
export class WebhookMeta extends Schema.Class<WebhookMeta>("effect-sms/WebhookMeta")({
  provider: Schema.NonEmptyString,
  sender: Schema.optionalKey(Address),
  recipient: Schema.optionalKey(Address),
  /** All the text, captions included. Empty for a delivery status. */
  body: Schema.String,
  /** The carrier's id of the message. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  mediaUrls: Schema.Array(Schema.Struct({ url: Schema.String, mimeType: Schema.optionalKey(Schema.String) })),
  /** Absent when the webhook is about no message. */
  direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])),
  /** `message.received`, `message.part`, `message.status`, or the carrier's own name of what is neither. */
  eventType: Schema.optionalKey(Schema.String),
  /** The payload as received. */
  raw: Payload,
  /** Everything that the webhook means. The fields above describe the first. */
  events: Schema.Array(WebhookEvent)
}) {
  /**
   * Whether the webhook brings a message.
   *
   * @since 0.1.0
   */
  get isInbound(): boolean {
    return this.direction === "inbound"
  }

  /**
   * Whether the webhook reports on a message that was sent.
   *
   * @since 0.1.0
   */
  get isStatus(): boolean {
    return this.direction === "outbound"
  }

  /**
   * The message, for that channel. `None` when the webhook brings none.
   *
   * @since 0.1.0
   */
  toInbound(channelId: string): Option.Option<InboundMessage> {
    const first = this.events[0]
    return first === undefined
      ? Option.none()
      : Option.map(toInbound(first), (message) => message.onChannel(channelId))
  }

  /**
   * The delivery status. `None` when the webhook reports none. A Telnyx or
   * Sinch webhook can report on several recipients: {@link toStatuses} has all.
   *
   * @since 0.1.0
   */
  toStatus(): Option.Option<DeliveryStatus> {
    return Option.fromUndefinedOr(this.toStatuses()[0])
  }

  /**
   * All the delivery statuses, one for each recipient.
   *
   * @since 0.1.0
   */
  toStatuses(): ReadonlyArray<DeliveryStatus> {
    return this.events.filter((event) => event._tag === "DeliveryStatus")
  }
}

const ofMessage = (message: InboundMessage, eventType: string) => ({
  sender: message.sender,
  recipient: message.recipient,
  body: text(message.content),
  ...(message.externalId !== undefined && { externalId: message.externalId }),
  ...(message.receivedAt !== undefined && { timestamp: message.receivedAt }),
  mediaUrls: media(message.content).map(({ mimeType, url }) => ({ url, ...(mimeType !== undefined && { mimeType }) })),
  direction: "inbound" as const,
  eventType
})

const ofStatus = (status: DeliveryStatus) => ({
  ...(status.sender !== undefined && { sender: status.sender }),
  ...(status.recipient !== undefined && { recipient: status.recipient }),
  body: "",
  externalId: status.messageId,
  ...(status.timestamp !== undefined && { timestamp: status.timestamp }),
  mediaUrls: [],
  direction: "outbound" as const,
  eventType: "message.status"
})

const ofFirst = (event: WebhookEvent | undefined) => {
  switch (event?._tag) {
    case "InboundMessage":
      return ofMessage(event, "message.received")
    case "MessagePart":
      return ofMessage(event.message, "message.part")
    case "DeliveryStatus":
      return ofStatus(event)
    default:
      return { body: "", mediaUrls: [], ...(event?.eventType !== undefined && { eventType: event.eventType }) }
  }
}

/**
 * The reading of a payload from the events that it was decoded to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEvents = (
  provider: string,
  raw: Readonly<Record<string, unknown>>,
  events: ReadonlyArray<WebhookEvent>
): WebhookMeta => new WebhookMeta({ provider, raw, events, ...ofFirst(events[0]) })

/**
 * Reads the payload of one provider's webhook: a JSON object, or a form as a
 * record. The payload must come from a verified webhook; a plain object carries
 * no proof of that.
 *
 * @category models
 * @since 0.1.0
 */
export type Extract = (payload: Readonly<Record<string, unknown>>) => Effect.Effect<WebhookMeta, WebhookError>

/**
 * The {@link Extract} of a provider, from its decoder.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractor = (
  provider: string,
  decode: (payload: Readonly<Record<string, unknown>>) => Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload>
): Extract =>
(payload) =>
  decode(payload).pipe(
    Effect.map((events) => fromEvents(provider, payload, events)),
    Effect.mapError((reason) => new WebhookError({ provider, reason }))
  )

/**
 * From a payload straight to the message for a channel. `None` when the webhook
 * brings no message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parser = (extract: Extract) =>
(
  payload: Readonly<Record<string, unknown>>,
  channelId: string
): Effect.Effect<Option.Option<InboundMessage>, WebhookError> =>
  Effect.map(extract(payload), (meta) => meta.toInbound(channelId))
