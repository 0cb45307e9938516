/**
 * Routes messages to rooms.
 */
import type { Address } from "../../Address.ts"
import { Attachment, Room } from "../Room.ts"

/** The fields that determine the route of a message. */
export interface Conversation {
  readonly channelId: string
  readonly recipient: Address
  readonly sender: Address
}

/**
 * Builds a route key. Keys are unambiguous: no address, whatever a carrier puts
 * in it, can collide with another attachment's key.
 */
const routeKey = (channelId: string, recipient?: Address, participant?: Address): string =>
  JSON.stringify([channelId, recipient, participant])

/** Returns the route key of an attachment. */
export const keyOf = ({ channelId, participant, recipient }: Attachment): string =>
  routeKey(channelId, recipient, participant)

/**
 * Returns the route keys to look up, the most specific first: those of the
 * conversation, the participant, the number, and the channel.
 */
export const keysOf = ({ channelId, recipient, sender }: Conversation): readonly [string, ...Array<string>] => [
  routeKey(channelId, recipient, sender),
  routeKey(channelId, undefined, sender),
  routeKey(channelId, recipient),
  routeKey(channelId)
]

/** Returns the room with the attachment, or the same room if it already has it. */
export const attached = (room: Room, attachment: Attachment): Room => {
  const key = keyOf(attachment)
  return room.attachments.some((other) => keyOf(other) === key)
    ? room
    : new Room({ ...room, attachments: [...room.attachments, attachment] })
}

/** Returns the room without the attachment, or the same room if it does not have it. */
export const detached = (room: Room, attachment: Attachment): Room => {
  const key = keyOf(attachment)
  const attachments = room.attachments.filter((other) => keyOf(other) !== key)
  return attachments.length === room.attachments.length ? room : new Room({ ...room, attachments })
}

/** Records in the room which of our numbers the sender writes to. Returns the same room if nothing changed. */
export const heard = (room: Room, { channelId, recipient, sender }: Conversation): Room => {
  const isSender = (attachment: Attachment) =>
    attachment.channelId === channelId && attachment.participant === sender &&
    (attachment.writesTo ?? attachment.recipient) !== recipient
  if (!room.attachments.some(isSender)) return room
  const attachments = room.attachments.map((attachment) => {
    if (!isSender(attachment)) return attachment
    const { writesTo: _, ...fields } = attachment
    return new Attachment({ ...fields, ...(attachment.recipient !== recipient && { writesTo: recipient }) })
  })
  return new Room({ ...room, attachments })
}
