/**
 * A message inside the kit.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Content } from "../Content.ts"
import { ChannelType } from "../Message.ts"

/**
 * Where a room event comes from.
 *
 * @category models
 * @since 0.1.0
 */
export class EventSource extends Schema.Class<EventSource>("effect-sms/rooms/EventSource")({
  channelId: Schema.NonEmptyString,
  channelType: ChannelType,
  /** `inbound` came from outside of the room, `outbound` from one of the application's own channels. */
  direction: Schema.Literals(["inbound", "outbound"]),
  /** Who wrote it, where it has an address. */
  participant: Schema.optionalKey(Address),
  /** The number of ours that it was sent to: an answer goes out from there. */
  recipient: Schema.optionalKey(Address),
  /** The carrier's id of the message. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  metadata: Schema.Record(Schema.String, Schema.String)
}) {}

/**
 * A message in a room, after it was routed and before, while or after the
 * channels get it.
 *
 * @category models
 * @since 0.1.0
 */
export class RoomEvent extends Schema.TaggedClass<RoomEvent>()("RoomEvent", {
  id: Schema.NonEmptyString,
  roomId: Schema.NonEmptyString,
  source: EventSource,
  content: Content,
  createdAt: Schema.DateTimeUtcFromString,
  /** Set when a hook blocked it: it is in the history, and no channel got it. */
  blocked: Schema.optionalKey(Schema.Struct({ hook: Schema.String, reason: Schema.String }))
}) {
  /**
   * The same event with other content, as a hook's modification.
   *
   * @since 0.1.0
   */
  withContent(content: Content): RoomEvent {
    return new RoomEvent({ ...this, content })
  }
}
