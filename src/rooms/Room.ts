/**
 * Rooms: where channels meet.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"

/**
 * A channel's place in a room. With a participant it stands for one person at
 * that channel, without for everybody.
 *
 * @category models
 * @since 0.1.0
 */
export class Attachment extends Schema.Class<Attachment>("effect-sms/rooms/Attachment")({
  channelId: Schema.NonEmptyString,
  participant: Schema.optionalKey(Address),
  /** The number of ours that the participant writes to. */
  recipient: Schema.optionalKey(Address),
  /** The number of ours that the participant wrote to last, where it is another one. */
  writesTo: Schema.optionalKey(Address)
}) {}

/**
 * A room.
 *
 * @category models
 * @since 0.1.0
 */
export class Room extends Schema.Class<Room>("effect-sms/rooms/Room")({
  id: Schema.NonEmptyString,
  createdAt: Schema.DateTimeUtcFromString,
  attachments: Schema.Array(Attachment)
}) {}

/**
 * No room has this id, or it was forgotten: a kit keeps a bounded number.
 *
 * @category errors
 * @since 0.1.0
 */
export class RoomNotFound extends Schema.TaggedError<RoomNotFound>()("RoomNotFound", {
  roomId: Schema.String
}) {
  override get message(): string {
    return `No room has the id ${JSON.stringify(this.roomId)}`
  }
}
