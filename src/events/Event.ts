/**
 * Events: what happened to messages, as the event log keeps it and as
 * followers receive it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Status } from "../DeliveryStatus.ts"
import * as Consent from "../internal/consentEntry.ts"
import { compact } from "../internal/record.ts"
import { InboundMessage, OutboundMessage, SendReceipt } from "../Message.ts"
import { RoomEvent } from "../RoomEvent.ts"
import { SmsError } from "../SmsError.ts"

const room = Schema.NonEmptyString.annotate({ description: "The id of the room" })

/**
 * An inbound message without the carrier's payload.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReceivedMessage = InboundMessage.mapFields(({ raw: _, ...fields }) => fields)

/**
 * A person's message reached its room. Its content is what the hooks left of
 * it, as in the room's history.
 *
 * @category models
 * @since 0.1.0
 */
export class MessageReceived extends Schema.TaggedClass<MessageReceived>()("MessageReceived", {
  roomId: room,
  /** The id of the message in the history of its room. */
  eventId: Schema.NonEmptyString,
  message: ReceivedMessage,
  /** Set when a hook blocked the message: no channel received it. */
  blocked: Schema.optionalKey(Schema.Struct({ hook: Schema.String, reason: Schema.String }))
}) {}

/**
 * One of the application's own channels posted a message in a room. What the
 * room's channels send because of it are events of their own.
 *
 * @category models
 * @since 0.1.0
 */
export class MessagePosted extends Schema.TaggedClass<MessagePosted>()("MessagePosted", {
  roomId: room,
  /** The person in the room, if there is exactly one. */
  person: Schema.optionalKey(Address),
  message: RoomEvent
}) {}

/**
 * A requested send got its outcome, or an operator resolved an unknown one.
 *
 * @category models
 * @since 0.1.0
 */
export class SendSettled extends Schema.TaggedClass<SendSettled>()("SendSettled", {
  intentId: Schema.NonEmptyString,
  /** Absent for a message that was sent without a room. */
  roomId: Schema.optionalKey(room),
  /** The message in the history of the room that it is sent for. */
  eventId: Schema.optionalKey(Schema.NonEmptyString),
  message: OutboundMessage,
  /** The provider that answered, or that the send is pinned to. */
  provider: Schema.optionalKey(Schema.NonEmptyString),
  /**
   * - `accepted`: the carrier has the message
   * - `refused`: the message was not sent
   * - `unknown`: the message may have been sent, or only a part of it was
   * - `cancelled`: the message was removed from the queue, and was not sent
   */
  state: Schema.Literals(["accepted", "refused", "unknown", "cancelled"]),
  receipt: Schema.optionalKey(SendReceipt),
  /** The reason of the refusal or of the unknown outcome. Absent when the process stopped during the send. */
  error: Schema.optionalKey(SmsError),
  /** The kind of a refusal that no provider made: of a hook, or of the router. */
  refusal: Schema.optionalKey(Schema.String),
  /** The source that resolved an unknown outcome. */
  resolvedBy: Schema.optionalKey(Schema.String)
}) {}

/**
 * The status of a delivery changed. Repeated, late and contradicting reports
 * change nothing.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryChanged extends Schema.TaggedClass<DeliveryChanged>()("DeliveryChanged", {
  provider: Schema.NonEmptyString,
  messageId: Schema.NonEmptyString,
  recipient: Schema.optionalKey(Address),
  status: Status,
  /** The status before. `unknown` before the first recognized status. */
  previous: Status,
  /** When this status was reached, on our clock. */
  since: Schema.DateTimeUtcFromString,
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  /** The send of the message. Absent until its receipt is stored, and for a message that another application sent. */
  intentId: Schema.optionalKey(Schema.NonEmptyString),
  /** The room that the message was sent from, if there is one. */
  roomId: Schema.optionalKey(room)
}) {}

/**
 * A person opted out or in: the last of the person's words to a number of ours
 * is another one than before. Words that are repeated, or older than the last
 * ones, change nothing.
 *
 * @category models
 * @since 0.1.0
 */
export class ConsentChanged extends Schema.TaggedClass<ConsentChanged>()("ConsentChanged", {
  /** The entry of the consent ledger. */
  entryId: Schema.NonEmptyString,
  person: Address,
  action: Schema.Literals(["stop", "start"]),
  /** How it became known. */
  source: Consent.Source,
  /** Our number or sender id that it concerns. Absent when it concerns all of them. */
  sender: Schema.optionalKey(Address),
  /** The provider that it concerns. Absent when it concerns all of them. */
  provider: Schema.optionalKey(Schema.NonEmptyString),
  /** What was said, the carrier's error code, or the remark of an operator. */
  words: Schema.optionalKey(Schema.String),
  saidAt: Schema.DateTimeUtcFromString
}) {}

/**
 * A limit of a guard refused messages, or is about to: see `SendLimits`. Each
 * limit raises one alarm of a level for each of its windows.
 *
 * @category models
 * @since 0.1.0
 */
export class AlarmRaised extends Schema.TaggedClass<AlarmRaised>()("AlarmRaised", {
  guard: Schema.Literals(["budget", "country", "velocity", "replies"]),
  /**
   * - `near`: most of a budget is used up
   * - `reached`: messages are refused
   */
  level: Schema.Literals(["near", "reached"]),
  /** The limit, in words. */
  rule: Schema.NonEmptyString,
  /** The country that the messages go to, as ISO 3166-1 alpha-2. Absent when it is not known, or for all countries. */
  country: Schema.optionalKey(Schema.NonEmptyString),
  /** The digits with which the numbers begin that too many messages go to. */
  prefix: Schema.optionalKey(Schema.NonEmptyString),
  /** Until when the messages are refused, unless replies lift the limit. */
  until: Schema.DateTimeUtcFromString
}) {}

/**
 * An event.
 *
 * @category models
 * @since 0.1.0
 */
export type Event = typeof Event.Type

/**
 * Schema of {@link Event}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Event = Schema.Union([
  MessageReceived,
  MessagePosted,
  SendSettled,
  DeliveryChanged,
  ConsentChanged,
  AlarmRaised
])

/**
 * The kind of an event: its tag.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = Event["_tag"]

/**
 * Schema of {@link Kind}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Kind = Schema.Literals([
  "MessageReceived",
  "MessagePosted",
  "SendSettled",
  "DeliveryChanged",
  "ConsentChanged",
  "AlarmRaised"
])

/**
 * The fields by which events are found.
 *
 * @category models
 * @since 0.1.0
 */
export interface About {
  readonly roomId?: string
  /**
   * The person: the sender of a received message, the recipient of a sent one, the only one in the room of a posted
   * one, the one that opted out.
   */
  readonly address?: Address
  readonly provider?: string
}

/**
 * Returns the room, the person and the provider of an event.
 *
 * @category getters
 * @since 0.1.0
 */
export const aboutOf = (event: Event): About => {
  switch (event._tag) {
    case "MessageReceived":
      return { roomId: event.roomId, address: event.message.sender, provider: event.message.provider }
    case "MessagePosted":
      return compact({ roomId: event.roomId, address: event.message.source.participant ?? event.person })
    case "SendSettled":
      return compact({ roomId: event.roomId, address: event.message.to, provider: event.provider })
    case "DeliveryChanged":
      return compact({ roomId: event.roomId, address: event.recipient, provider: event.provider })
    case "ConsentChanged":
      return compact({ address: event.person, provider: event.provider })
    case "AlarmRaised":
      return {}
  }
}
