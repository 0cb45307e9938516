/**
 * Room events: messages inside the kit.
 *
 * **Example** (Replacing the content in a hook)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Content, Hook } from "effect-sms"
 *
 * export const withoutSpaces = Hook.beforeBroadcast({
 *   name: "trim",
 *   run: (event) => {
 *     const text = Content.text(event.content).trim()
 *     return Effect.succeed(Hook.modify(event.withContent(new Content.TextContent({ text }))))
 *   }
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Content } from "./Content.ts"
import { ChannelType } from "./Message.ts"

/**
 * The origin of a room event.
 *
 * @category models
 * @since 0.1.0
 */
export class EventSource extends Schema.Class<EventSource>("effect-sms/rooms/EventSource")({
  channelId: Schema.NonEmptyString,
  channelType: ChannelType,
  /** `inbound` for a message from outside the room, `outbound` for one from the application's own channels. */
  direction: Schema.Literals(["inbound", "outbound"]),
  /** The author's address, if there is one. */
  participant: Schema.optionalKey(Address),
  /** The other participants of a group message. */
  participants: Schema.optionalKey(Schema.Array(Address)),
  /**
   * Who wrote a message of the application's own channels: a person, or a
   * machine. Absent for a message of a person outside, and where it is not known.
   */
  author: Schema.optionalKey(Schema.Literals(["person", "machine"])),
  /** Our number that received the message. Answers are sent from it. */
  recipient: Schema.optionalKey(Address),
  /** The carrier's id of the message. */
  externalId: Schema.optionalKey(Schema.NonEmptyString),
  metadata: Schema.Record(Schema.String, Schema.String)
}) {}

/**
 * A message that was routed to a room. The same type is used before, during and
 * after its delivery to the channels.
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
  /** Set when a hook blocked the event: the history keeps it, but no channel received it. */
  blocked: Schema.optionalKey(Schema.Struct({ hook: Schema.String, reason: Schema.String }))
}) {
  /**
   * Returns the same event with other content. Use it in hooks that modify an
   * event.
   *
   * @since 0.1.0
   */
  withContent(content: Content): RoomEvent {
    return new RoomEvent({ ...this, content })
  }
}
