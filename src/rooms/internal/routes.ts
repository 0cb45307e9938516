/**
 * Which room a message belongs to.
 */
import type { Address } from "../../Address.ts"
import { Attachment, Room } from "../Room.ts"

/** What a message is routed by. */
export interface Conversation {
  readonly channelId: string
  readonly recipient: Address
  readonly sender: Address
}

/** No two attachments have the same key: what a carrier writes into an address cannot look like two of them. */
const routeKey = (channelId: string, recipient?: Address, participant?: Address): string =>
  JSON.stringify([channelId, recipient, participant])

/** The key that an attachment routes by. */
export const keyOf = ({ channelId, participant, recipient }: Attachment): string =>
  routeKey(channelId, recipient, participant)

/** The keys to look for, the most specific first: the conversation's, the participant's, the number's, the channel's. */
export const keysOf = ({ channelId, recipient, sender }: Conversation): readonly [string, ...Array<string>] => [
  routeKey(channelId, recipient, sender),
  routeKey(channelId, undefined, sender),
  routeKey(channelId, recipient),
  routeKey(channelId)
]

/** The room with the attachment. The same room where it has it already. */
export const attached = (room: Room, attachment: Attachment): Room => {
  const key = keyOf(attachment)
  return room.attachments.some((other) => keyOf(other) === key)
    ? room
    : new Room({ ...room, attachments: [...room.attachments, attachment] })
}

/** The room without the attachment. The same room where it had none. */
export const detached = (room: Room, attachment: Attachment): Room => {
  const key = keyOf(attachment)
  const attachments = room.attachments.filter((other) => keyOf(other) !== key)
  return attachments.length === room.attachments.length ? room : new Room({ ...room, attachments })
}

/** The room once it has noted which number of ours the sender writes to. The same room where that is no news. */
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
