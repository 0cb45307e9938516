/**
 * Inbound and outbound messages, independent of the carrier.
 *
 * **Example** (A message to send)
 *
 * ```ts run
 * import { Address, Content, Message } from "effect-sms"
 *
 * const message = new Message.OutboundMessage({
 *   to: Address.Address.make("+15145550142"),
 *   content: new Content.TextContent({ text: "Your order is on its way" })
 * })
 * message.channelType // => "sms"
 * message.recipients // => ["+15145550142"]
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Content, media } from "./Content.ts"
import { Cost } from "./Cost.ts"
import { Status } from "./DeliveryStatus.ts"
import { distinct, groupOf } from "./internal/group.ts"
import { Payload } from "./Payload.ts"

/**
 * The kind of channel that a message belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export type ChannelType = typeof ChannelType.Type

/**
 * Schema of {@link ChannelType}. An SMS channel carries `sms` and `mms`; the
 * other values are for the application's own channels.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChannelType = Schema.Literals(["sms", "mms", "ai", "web", "email", "other"])

/**
 * What a message is for.
 *
 * @category models
 * @since 0.1.0
 */
export type Purpose = typeof Purpose.Type

/**
 * Schema of {@link Purpose}.
 *
 * - `marketing`: the strictest rules apply, as for a message without a purpose
 * - `conversational`: answers a person
 * - `transactional`: is about an order, an appointment or an account of the
 *   person
 * - `oneTimeCode`: has a code that the person asked for just now
 * - `confirmation`: confirms that the person has opted out. One may be sent
 *   after a STOP
 * - `help`: answers a HELP. One may be sent after each
 *
 * @category schemas
 * @since 0.1.0
 */
export const Purpose = Schema.Literals([
  "marketing",
  "conversational",
  "transactional",
  "oneTimeCode",
  "confirmation",
  "help"
])

/** A group message is an MMS even without media, because an SMS has one recipient. */
const channelTypeOf = (content: Content, isGroup: boolean): "sms" | "mms" =>
  isGroup || media(content).length > 0 ? "mms" : "sms"

/**
 * A message that a carrier received for one of our numbers.
 *
 * @category models
 * @since 0.1.0
 */
export class InboundMessage extends Schema.TaggedClass<InboundMessage>()("InboundMessage", {
  /** The provider's name in the registry. */
  provider: Schema.NonEmptyString,
  /** The channel of the message. Defaults to `sms-<provider>` until the application assigns another. */
  channelId: Schema.NonEmptyString,
  /** The carrier's id of the message, if the payload contains one. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  /**
   * Identical for every webhook delivery of the same message by the same
   * provider. Absent only when the payload contains nothing to deduplicate by.
   */
  idempotencyKey: Schema.optionalKey(Schema.NonEmptyString),
  sender: Address,
  /**
   * Other addresses of the sender that the carrier gives, such as a WhatsApp user
   * ID beside the number. They are routed to the same room.
   */
  senderAliases: Schema.optionalKey(Schema.Array(Address)),
  recipient: Address,
  /**
   * The other participants of a group message: neither the sender nor
   * `recipient`. Absent unless the message was sent to a group.
   */
  participants: Schema.optionalKey(Schema.Array(Address)),
  content: Content,
  /** When the carrier received the message. Absent when the carrier omits it or its time zone. */
  receivedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** When the message was sent, if the carrier or the operator says so. */
  sentAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The reference of our message that this one answers, as it was sent. */
  reference: Schema.optionalKey(Schema.NonEmptyString),
  /** The number of segments, as counted by the carrier. */
  segments: Schema.optionalKey(Schema.Int),
  /** The carrier's charge for the message. */
  cost: Schema.optionalKey(Cost),
  /** Whether the carrier classifies the message as spam. */
  spam: Schema.optionalKey(Schema.Boolean),
  /**
   * Additional fields under the carrier's own names: opt-out keyword, campaign,
   * operator, the sender's city, … Also contains the carrier's form of the typed
   * fields above. `docs/payload-fields.md` lists them.
   */
  metadata: Schema.Record(Schema.String, Schema.String),
  /** The payload as received: the JSON value, or the form with repeated fields as arrays. */
  raw: Payload
}) {
  /**
   * `mms` when the content includes media or the message was sent to a group,
   * otherwise `sms`.
   *
   * @since 0.1.0
   */
  get channelType(): "sms" | "mms" {
    return channelTypeOf(this.content, groupOf(this) !== undefined)
  }

  /**
   * Returns the same message with another channel id.
   *
   * @since 0.1.0
   */
  onChannel(channelId: string): InboundMessage {
    return new InboundMessage({ ...this, channelId })
  }
}

/**
 * A message to send. A provider refuses unsupported content or options before
 * it sends anything: see `Sending.SendCapabilities`.
 *
 * @category models
 * @since 0.1.0
 */
export class OutboundMessage extends Schema.Class<OutboundMessage>("effect-sms/OutboundMessage")({
  to: Address,
  /**
   * The other recipients of a group message, in which all see each other and
   * answer to all. Not for the same message to several people: that is a message
   * for each.
   */
  participants: Schema.optionalKey(Schema.Array(Address)),
  /** The sender. Defaults to the provider's default sender. */
  from: Schema.optionalKey(Address),
  content: Content,
  /** When the carrier should send the message. Defaults to immediately. */
  sendAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** How long the carrier may try to deliver, in whole seconds. Defaults to the carrier's own validity period. */
  validityPeriod: Schema.optionalKey(Schema.DurationFromMillis),
  /** The URL that receives delivery reports for this message, instead of the provider's default. */
  statusCallback: Schema.optionalKey(Schema.NonEmptyString),
  /** An application reference, which the delivery reports of the message have. Must not contain personal data. */
  reference: Schema.optionalKey(Schema.NonEmptyString),
  /** What the message is for. The guards of a send decide by it, and the carrier does not see it. */
  purpose: Schema.optionalKey(Purpose)
}) {
  /**
   * `mms` when the content includes media or the message is for a group,
   * otherwise `sms`.
   *
   * @since 0.1.0
   */
  get channelType(): "sms" | "mms" {
    return channelTypeOf(this.content, this.recipients.length > 1)
  }

  /**
   * All recipients, each once: `to`, and the other participants of a group
   * message.
   *
   * @since 0.1.0
   */
  get recipients(): ReadonlyArray<Address> {
    return distinct([this.to, ...this.participants ?? []])
  }
}

/**
 * One recipient of a group message, in its receipt.
 *
 * @category models
 * @since 0.1.0
 */
export class RecipientReceipt extends Schema.Class<RecipientReceipt>("effect-sms/RecipientReceipt")({
  recipient: Address,
  /** The status at the time of acceptance. */
  status: Status,
  /** The carrier's own name for the status. */
  carrierStatus: Schema.String
}) {}

/**
 * Why a message costs more than it has to, or may be refused by carriers in the
 * country of its recipient: see `SendWarnings`.
 *
 * @category models
 * @since 0.1.0
 */
export type SendWarning = typeof SendWarning.Type

/**
 * Schema of {@link SendWarning}.
 *
 * - `segments`: the text takes many segments
 * - `encoding`: a few characters make the text take more segments
 * - `sender`: this kind of sender does not reach the country
 * - `registration`: the sender has to be registered
 * - `linkShortener`: the text has a link of a public link shortener
 * - `optOutWords`: the first message to a person does not say how to opt out
 *
 * @category schemas
 * @since 0.1.0
 */
export const SendWarning = Schema.Struct({
  code: Schema.Literals(["segments", "encoding", "sender", "registration", "linkShortener", "optOutWords"]),
  detail: Schema.NonEmptyString,
  /** The URL of the rule. Absent for what a message costs. */
  source: Schema.optionalKey(Schema.NonEmptyString)
})

/**
 * The receipt of a send: the provider's answer when it accepts a message.
 *
 * @category models
 * @since 0.1.0
 */
export class SendReceipt extends Schema.Class<SendReceipt>("effect-sms/SendReceipt")({
  provider: Schema.NonEmptyString,
  /** The carrier's message ids, one per part that it sends separately, in part order. */
  messageIds: Schema.NonEmptyArray(Schema.NonEmptyString),
  recipient: Address,
  /** Every recipient of a group message, also the first. Absent for any other message. */
  recipients: Schema.optionalKey(Schema.Array(RecipientReceipt)),
  /** The sender. Absent when the carrier chooses it later. */
  sender: Schema.optionalKey(Address),
  /** The status at the time of acceptance. */
  status: Status,
  /** The carrier's own name for the status. */
  carrierStatus: Schema.String,
  /** The number of segments over all parts, as counted by the carrier. Absent when the carrier does not report it. */
  segments: Schema.optionalKey(Schema.Int),
  /** What to improve in such messages. Absent where there is nothing, and unless `SendWarnings` looks. */
  warnings: Schema.optionalKey(Schema.Array(SendWarning))
}) {}
