/**
 * What a verified webhook means. One webhook yields zero, one or many events.
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
 * Which part of a concatenated SMS a webhook has, and its bytes.
 *
 * @category models
 * @since 0.1.0
 */
export class Segment extends Schema.Class<Segment>("effect-sms/WebhookEvent/Segment")({
  /** From 1. */
  number: Schema.Int,
  total: Schema.Int,
  /** In Base64, without the header. */
  data: Schema.String,
  /** The user data header in hexadecimal. */
  header: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * One webhook of a message that the carrier splits. VoiceMeUp sends an MMS as
 * a wrapper, which holds the text, and one webhook for each file. Sinch passes
 * on the segments of a binary SMS one by one.
 *
 * @category models
 * @since 0.1.0
 */
export class MessagePart extends Schema.TaggedClass<MessagePart>()("MessagePart", {
  provider: Schema.NonEmptyString,
  role: Schema.Literals(["wrapper", "media", "segment"]),
  /** Equal for the parts of one message. Absent where the payload lacks what it is made of. */
  correlationKey: Schema.optionalKey(Schema.NonEmptyString),
  /** What a `segment` is of the message. */
  segment: Schema.optionalKey(Segment),
  /** What this part says on its own: the text of a wrapper, the file of a media part, the text of a segment. */
  message: InboundMessage
}) {}

/**
 * An authentic webhook that is neither a message nor a delivery status: a new
 * event type, an account notice, a row of another direction. It is carried, so
 * that nothing is dropped silently.
 *
 * @category models
 * @since 0.1.0
 */
export class Unrecognized extends Schema.TaggedClass<Unrecognized>()("Unrecognized", {
  provider: Schema.NonEmptyString,
  /** The carrier's name of the event, where it has one. */
  eventType: Schema.optionalKey(Schema.String),
  /** The payload as received. */
  raw: Payload
}) {}

/**
 * Any event.
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
 * The message that an event brings on its own. A part brings what it holds; a
 * wrapper without text brings nothing.
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
