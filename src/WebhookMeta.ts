/**
 * A flat summary of a webhook with the same fields for every carrier.
 *
 * The summary is built from the events that the provider's decoder returns, so
 * there is a single code path. A webhook counts as inbound only when it is
 * known to be: a delivery report never becomes an empty message.
 *
 * **Example** (Reading a payload that is verified)
 *
 * ```ts run
 * import { Effect, Option } from "effect"
 * import { Carriers } from "effect-sms"
 *
 * const payload = { MessageSid: "SM1", SmsStatus: "received", From: "+15145550142", To: "+15145550100", Body: "Hello!" }
 * const meta = await Effect.runPromise(Carriers.extractSmsMeta("twilio", payload))
 * meta.isInbound // => true
 * meta.body // => "Hello!"
 * Option.isSome(meta.toInbound("sms")) // => true
 * ```
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
 * The summary of a webhook.
 *
 * @category models
 * @since 0.1.0
 */
export class WebhookMeta extends Schema.Class<WebhookMeta>("effect-sms/WebhookMeta")({
  provider: Schema.NonEmptyString,
  sender: Schema.optionalKey(Address),
  recipient: Schema.optionalKey(Address),
  /** The full text, captions included. Empty for a delivery status. */
  body: Schema.String,
  /** The carrier's id of the message. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  mediaUrls: Schema.Array(Schema.Struct({ url: Schema.String, mimeType: Schema.optionalKey(Schema.String) })),
  /** Absent when the webhook does not concern a message. */
  direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])),
  /** `message.received`, `message.part`, `message.status`, or the carrier's own name for any other event. */
  eventType: Schema.optionalKey(Schema.String),
  /** The payload as received. */
  raw: Payload,
  /** All events of the webhook. The fields above describe the first one. */
  events: Schema.Array(WebhookEvent)
}) {
  /**
   * Whether the webhook contains an inbound message.
   *
   * @since 0.1.0
   */
  get isInbound(): boolean {
    return this.direction === "inbound"
  }

  /**
   * Whether the webhook reports on a sent message.
   *
   * @since 0.1.0
   */
  get isStatus(): boolean {
    return this.direction === "outbound"
  }

  /**
   * Returns the inbound message with the given channel id, or `None` when the
   * webhook contains no message.
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
   * Returns the delivery status, or `None` when the webhook reports none. A
   * Telnyx or Sinch webhook can report on several recipients; {@link toStatuses}
   * returns all of them.
   *
   * @since 0.1.0
   */
  toStatus(): Option.Option<DeliveryStatus> {
    return Option.fromUndefinedOr(this.toStatuses()[0])
  }

  /**
   * Returns all delivery statuses, one per recipient.
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
 * Builds the summary of a payload from its decoded events.
 *
 * **Example** (A webhook without an event)
 *
 * ```ts run
 * import { WebhookMeta } from "effect-sms"
 *
 * WebhookMeta.fromEvents("acme", { ping: true }, []).isInbound // => false
 * ```
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
 * A function that summarizes the payload of one provider's webhook, given as a
 * JSON object or as a form record. The payload must come from a verified
 * webhook; a plain object carries no proof of that.
 *
 * @category models
 * @since 0.1.0
 */
export type Extract = (payload: Readonly<Record<string, unknown>>) => Effect.Effect<WebhookMeta, WebhookError>

/**
 * Builds the {@link Extract} function of a provider from its decoder.
 *
 * **Example** (Reading payloads of a carrier of your own)
 *
 * ```ts run
 * import { Effect, Option } from "effect"
 * import { Address, Content, Message, WebhookMeta } from "effect-sms"
 *
 * const decode = ({ from, text, to }: Readonly<Record<string, unknown>>) =>
 *   Effect.succeed([
 *     new Message.InboundMessage({
 *       provider: "acme",
 *       channelId: "sms-acme",
 *       sender: Address.Address.make(String(from)),
 *       recipient: Address.Address.make(String(to)),
 *       content: new Content.TextContent({ text: String(text) }),
 *       metadata: {},
 *       raw: {}
 *     })
 *   ])
 *
 * const extract = WebhookMeta.extractor("acme", decode)
 * const payload = { from: "+15145550142", to: "+15145550100", text: "Hello!" }
 * Effect.runSync(extract(payload)).body // => "Hello!"
 *
 * const parse = WebhookMeta.parser(extract)
 * Option.map(Effect.runSync(parse(payload, "sms")), ({ channelId }) => channelId) // => Option.some("sms")
 * ```
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
 * Builds a function that decodes a payload directly to the message for a
 * channel. It returns `None` when the webhook contains no message.
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
