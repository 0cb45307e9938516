/**
 * The events decoded from a verified webhook. One webhook yields zero, one or
 * many events.
 *
 * **Example** (Handling each kind)
 *
 * ```ts
 * import { Content, type WebhookEvent } from "effect-sms"
 *
 * export const describe = (event: WebhookEvent.WebhookEvent): string => {
 *   switch (event._tag) {
 *     case "InboundMessage":
 *       return Content.text(event.content)
 *     case "DeliveryStatus":
 *       return event.status
 *     case "MessagePart":
 *       return `a part of a message from ${event.message.provider}`
 *     case "Unrecognized":
 *       return event.eventType ?? "an unknown event"
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isEmpty } from "./Content.ts"
import { DeliveryStatus } from "./DeliveryStatus.ts"
import { InboundMessage } from "./Message.ts"
import { Payload } from "./Payload.ts"

/**
 * A segment of a concatenated SMS: its place in the message and its bytes.
 *
 * @category models
 * @since 0.1.0
 */
export class Segment extends Schema.Class<Segment>("effect-sms/WebhookEvent/Segment")({
  /** The number of the segment, from 1. */
  number: Schema.Int,
  /** How many segments the message has. */
  total: Schema.Int,
  /** The user data in Base64, without the header. */
  data: Schema.String,
  /** The user data header in hexadecimal. */
  header: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * One webhook of a message that the carrier splits. VoiceMeUp delivers an MMS
 * as a wrapper, which holds the text, and one webhook per file. Sinch delivers
 * a binary SMS one segment at a time.
 *
 * @category models
 * @since 0.1.0
 */
export class MessagePart extends Schema.TaggedClass<MessagePart>()("MessagePart", {
  provider: Schema.NonEmptyString,
  role: Schema.Literals(["wrapper", "media", "segment"]),
  /** Equal for all parts of one message. Absent when the payload lacks the fields it is derived from. */
  correlationKey: Schema.optionalKey(Schema.NonEmptyString),
  /** The place and the bytes of a part with the role `segment`. */
  segment: Schema.optionalKey(Segment),
  /** The content of this part alone: the text of a wrapper or a segment, or the file of a media part. */
  message: InboundMessage
}) {}

/**
 * An authentic webhook that is neither a message nor a delivery status: a new
 * event type, an account notice or a row of another direction. It is returned
 * as an event so that nothing is dropped silently.
 *
 * @category models
 * @since 0.1.0
 */
export class Unrecognized extends Schema.TaggedClass<Unrecognized>()("Unrecognized", {
  provider: Schema.NonEmptyString,
  /** The carrier's name of the event, if it has one. */
  eventType: Schema.optionalKey(Schema.String),
  /** The payload as received. */
  raw: Payload
}) {}

/**
 * An event of a webhook.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookEvent = typeof WebhookEvent.Type

/**
 * Schema of {@link WebhookEvent}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WebhookEvent = Schema.Union([InboundMessage, DeliveryStatus, MessagePart, Unrecognized])

/**
 * Returns the message that an event contains on its own. A media part returns
 * its file; a wrapper without text returns `None`.
 *
 * **Example** (An event without a message)
 *
 * ```ts run
 * import { Option } from "effect"
 * import { WebhookEvent } from "effect-sms"
 *
 * const event = new WebhookEvent.Unrecognized({ provider: "twilio", eventType: "typing", raw: {} })
 * Option.isNone(WebhookEvent.toInbound(event)) // => true
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const toInbound = (event: WebhookEvent): Option.Option<InboundMessage> => {
  switch (event._tag) {
    case "InboundMessage":
      return Option.some(event)
    case "MessagePart":
      return event.role === "wrapper" && isEmpty(event.message.content) ? Option.none() : Option.some(event.message)
    default:
      return Option.none()
  }
}
