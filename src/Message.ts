/**
 * Messages as people exchange them, whatever carrier was in between.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Content, media } from "./Content.ts"
import { Cost } from "./Cost.ts"
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

const channelTypeOf = (content: Content): "sms" | "mms" => media(content).length > 0 ? "mms" : "sms"

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
  /** When it was sent, where the carrier or the operator says so. */
  sentAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The reference of the message of ours that this one answers, as it was sent. */
  reference: Schema.optionalKey(Schema.NonEmptyString),
  /** How many segments the carrier counts. */
  segments: Schema.optionalKey(Schema.Int),
  /** What the carrier charges for it. */
  cost: Schema.optionalKey(Cost),
  /** Whether the carrier takes it for spam. */
  spam: Schema.optionalKey(Schema.Boolean),
  /**
   * What the carrier adds, under the carrier's names: opt-out keyword, campaign,
   * operator, where a number is from, … What has a field above is here too, as
   * the carrier wrote it. `docs/payload-fields.md` lists them.
   */
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
    return channelTypeOf(this.content)
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
 * A message to be sent. What a provider cannot do with it is refused before it
 * is sent: see `Sending.SendCapabilities`.
 *
 * @category models
 * @since 0.1.0
 */
export class OutboundMessage extends Schema.Class<OutboundMessage>("effect-sms/OutboundMessage")({
  to: Address,
  /** The sender. The provider's default when absent. */
  from: Schema.optionalKey(Address),
  content: Content,
  /** When the carrier is to send it. At once when absent. */
  sendAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** How long the carrier may try, in whole seconds. As long as the carrier usually does when absent. */
  validityPeriod: Schema.optionalKey(Schema.DurationFromMillis),
  /** Where the carrier reports the delivery of this message, in place of the provider's default. */
  statusCallback: Schema.optionalKey(Schema.NonEmptyString),
  /** A reference of the application's that the carrier keeps with the message. No personal data. */
  reference: Schema.optionalKey(Schema.NonEmptyString)
}) {
  /**
   * `mms` when there is media, else `sms`.
   *
   * @since 0.1.0
   */
  get channelType(): "sms" | "mms" {
    return channelTypeOf(this.content)
  }
}

/**
 * What a provider answered to a send that it accepted.
 *
 * @category models
 * @since 0.1.0
 */
export class SendReceipt extends Schema.Class<SendReceipt>("effect-sms/SendReceipt")({
  provider: Schema.NonEmptyString,
  /** The carrier's ids, one for each part that it sends on its own, in the order of the parts. */
  messageIds: Schema.NonEmptyArray(Schema.NonEmptyString),
  recipient: Address,
  /** Whom it comes from. Absent where the carrier chooses a sender later. */
  sender: Schema.optionalKey(Address),
  /** The state at the moment of acceptance. */
  status: Status,
  /** The carrier's own word for it. */
  carrierStatus: Schema.String,
  /** How many segments the carrier counts, over all parts. Absent where it does not say. */
  segments: Schema.optionalKey(Schema.Int)
}) {}
