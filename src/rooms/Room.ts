/**
 * Rooms: where channels exchange messages.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { distinct } from "../internal/group.ts"

/**
 * The attachment of a channel to a room. With a participant, it covers only
 * that person's messages on the channel; with a group, only the messages of
 * that group; without either, all of them.
 *
 * @category models
 * @since 0.1.0
 */
export class Attachment extends Schema.Class<Attachment>("effect-sms/rooms/Attachment")({
  channelId: Schema.NonEmptyString,
  participant: Schema.optionalKey(Address),
  /**
   * The members of a group, without our number, in place of `participant`. What
   * is sent to them is one group message, which all of them see.
   */
  group: Schema.optionalKey(Schema.NonEmptyArray(Address)),
  /** Our number that the participant writes to. */
  recipient: Schema.optionalKey(Address),
  /** Our number that the participant wrote to last, if it differs from `recipient`. */
  writesTo: Schema.optionalKey(Address),
  /**
   * The address that the participant wrote from last, if it differs from
   * `participant`. Messages are sent to it: the carrier may know no other form.
   */
  writesFrom: Schema.optionalKey(Address),
  /** Other addresses of the participant that carriers gave, such as a WhatsApp user ID beside the number. */
  aliases: Schema.optionalKey(Schema.Array(Address))
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
}) {
  /**
   * The people in the room, each once: the participants of its attachments, and
   * the members of its groups.
   *
   * @since 0.1.0
   */
  get participants(): ReadonlyArray<Address> {
    return distinct(
      this.attachments.flatMap(({ group = [], participant }) =>
        participant === undefined ? group : [participant, ...group]
      )
    )
  }
}

/**
 * No room has this id, or the room was evicted: a kit keeps a bounded number of
 * rooms.
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

/**
 * An address of an attachment is not written as one, so no message would ever
 * match it.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidAttachment extends Schema.TaggedError<InvalidAttachment>()("InvalidAttachment", {
  field: Schema.Literals(["participant", "group", "recipient"]),
  expected: Schema.NonEmptyString
}) {
  override get message(): string {
    return `${this.field}: expected ${this.expected}`
  }
}
