/**
 * Messages as people exchange them, whatever carrier was in between.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Content, media } from "./Content.ts"
import { Status } from "./DeliveryStatus.ts"
import { Payload } from "./Payload.ts"

/**
 * The kind of channel that a message came in on.
 *
 * @category models
 * @since 0.1.0
 */
export type ChannelType = typeof ChannelType.Type

/**
 * Schema of {@link ChannelType}. An SMS channel carries `sms` and `mms`; the
 * other words are for the application's own channels.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChannelType = Schema.Literals(["sms", "mms", "ai", "web", "email", "other"])

/**
 * A message that a carrier received for one of our numbers.
 *
 * @category models
 * @since 0.1.0
 */
export class InboundMessage extends Schema.TaggedClass<InboundMessage>()("InboundMessage", {
  /** The provider's name in the registry. */
  provider: Schema.NonEmptyString,
  /** The channel it belongs to. `sms-<provider>` until the application says otherwise. */
  channelId: Schema.NonEmptyString,
  /** The carrier's id of the message, where the payload has one. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  /**
   * The same for every delivery of the same message by the same provider.
   * Absent only where the payload holds nothing to recognise a repetition by.
   */
  idempotencyKey: Schema.optionalKey(Schema.NonEmptyString),
  sender: Address,
  recipient: Address,
  content: Content,
  /** When the carrier received it. Some carriers do not say, or not in which time zone. */
  receivedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** What the carrier adds, under the carrier's names: opt-out keyword, campaign, operator, … */
  metadata: Schema.Record(Schema.String, Schema.String),
  /** The payload as received: the JSON value, or the form with repeated fields as arrays. */
  raw: Payload
}) {
  /**
   * `mms` when there is media, else `sms`.
   *
   * @since 0.1.0
   */
  get channelType(): "sms" | "mms" {
    return media(this.content).length > 0 ? "mms" : "sms"
  }

  /**
   * The same message on another channel.
   *
   * @since 0.1.0
   */
  onChannel(channelId: string): InboundMessage {
    return new InboundMessage({ ...this, channelId })
  }
}

/**
 * A message to be sent.
 *
 * @category models
 * @since 0.1.0
 */
export class OutboundMessage extends Schema.Class<OutboundMessage>("effect-sms/OutboundMessage")({
  to: Address,
  /** The sender. The provider's default when absent. */
  from: Schema.optionalKey(Address),
  content: Content
}) {}

/**
 * What a provider answered to a send that it accepted.
 *
 * @category models
 * @since 0.1.0
 */
export class SendReceipt extends Schema.Class<SendReceipt>("effect-sms/SendReceipt")({
  provider: Schema.NonEmptyString,
  /** The carrier's ids, one for each part that it sends on its own. */
  messageIds: Schema.NonEmptyArray(Schema.NonEmptyString),
  /** The state at the moment of acceptance. */
  status: Status
}) {}
