/**
 * Routes messages to rooms.
 *
 * One person is routed to one room, however a carrier writes the number and
 * whichever of the person's ids it gives. Keys are built from canonical
 * addresses; attachments keep the address as it was given, for sending.
 */
import { type Address, canonical } from "../../Address.ts"
import { Attachment, Room } from "../Room.ts"

/** The fields that determine the route of a message. */
export interface Conversation {
  readonly channelId: string
  readonly recipient: Address
  readonly sender: Address
  /** Other addresses of the sender that the carrier gives. */
  readonly aliases?: ReadonlyArray<Address> | undefined
}

/**
 * Builds a route key. Keys are unambiguous: no address, whatever a carrier puts
 * in it, can collide with another attachment's key.
 */
const routeKey = (channelId: string, recipient?: Address, participant?: Address): string =>
  JSON.stringify([channelId, recipient && canonical(recipient), participant && canonical(participant)])

/** Returns the route key of an attachment. */
export const keyOf = ({ channelId, participant, recipient }: Attachment): string =>
  routeKey(channelId, recipient, participant)

/** Returns the route keys of an attachment: its own first, then those of the participant's other addresses. */
export const allKeysOf = (attachment: Attachment): readonly [string, ...Array<string>] => [
  keyOf(attachment),
  ...(attachment.aliases ?? []).map((alias) => routeKey(attachment.channelId, attachment.recipient, alias))
]

/** Returns the addresses of the sender, first the one that the message came from. */
const senders = ({ aliases = [], sender }: Conversation): readonly [Address, ...Array<Address>] => [sender, ...aliases]

/**
 * Returns the route keys to look up, the most specific first: those of the
 * conversation, the participant, the number, and the channel.
 */
export const keysOf = (conversation: Conversation): readonly [string, ...Array<string>] => {
  const { channelId, recipient, sender } = conversation
  const others = conversation.aliases ?? []
  return [
    routeKey(channelId, recipient, sender),
    ...others.map((alias) => routeKey(channelId, recipient, alias)),
    ...senders(conversation).map((address) => routeKey(channelId, undefined, address)),
    routeKey(channelId, recipient),
    routeKey(channelId)
  ]
}

/** Returns the room with the attachment, or the same room if it already has it. */
export const attached = (room: Room, attachment: Attachment): Room => {
  const key = keyOf(attachment)
  return room.attachments.some((other) => keyOf(other) === key)
    ? room
    : new Room({ ...room, attachments: [...room.attachments, attachment] })
}

/** Returns the room without the attachment, or the same room if it does not have it, and the removed attachments. */
export const detached = (
  room: Room,
  attachment: Attachment
): { readonly left: Room; readonly removed: ReadonlyArray<Attachment> } => {
  const key = keyOf(attachment)
  const removed = room.attachments.filter((other) => keyOf(other) === key)
  const attachments = room.attachments.filter((other) => !removed.includes(other))
  return { left: removed.length === 0 ? room : new Room({ ...room, attachments }), removed }
}

/** Returns all addresses of the participant of an attachment, as they were given. */
const givenTo = ({ aliases = [], participant, writesFrom }: Attachment): ReadonlyArray<Address> =>
  [participant, writesFrom, ...aliases].filter((address) => address !== undefined)

const isPerson = (attachment: Attachment, form: Address): boolean =>
  givenTo(attachment).some((address) => canonical(address) === form)

/** Returns the addresses in attachments of the person who has this one, as they were given. */
export const ofPerson = (attachments: ReadonlyArray<Attachment>, address: Address): ReadonlyArray<Address> => {
  const form = canonical(address)
  return attachments.flatMap((attachment) => isPerson(attachment, form) ? givenTo(attachment) : [])
}

/** Returns the addresses that are not known in any form, each once. */
const newTo = (known: ReadonlyArray<Address>, addresses: ReadonlyArray<Address>): ReadonlyArray<Address> => {
  const seen = new Set(known.map(canonical))
  return addresses.filter((address) => {
    const form = canonical(address)
    return seen.has(form) ? false : seen.add(form)
  })
}

const update = (attachment: Attachment, participant: Address, conversation: Conversation): Attachment => {
  const { recipient, sender } = conversation
  const { aliases: known = [], writesFrom: _, writesTo: __, ...fields } = attachment
  const aliases = [...known, ...newTo([participant, ...known], senders(conversation))]
  return new Attachment({
    ...fields,
    ...(attachment.recipient !== recipient && { writesTo: recipient }),
    ...(participant !== sender && { writesFrom: sender }),
    ...(aliases.length > 0 && { aliases })
  })
}

/** Builds the attachment of a sender whose first message opens a room. */
export const opened = (conversation: Conversation): Attachment => {
  const { channelId, recipient, sender } = conversation
  return update(new Attachment({ channelId, participant: sender, recipient }), sender, conversation)
}

/**
 * Records in the room which of our numbers the sender writes to, from which
 * address, and the sender's other addresses. Returns the same room if nothing
 * changed.
 */
export const heard = (room: Room, conversation: Conversation): Room => {
  const names = new Set(senders(conversation).map(canonical))
  let isChanged = false
  const attachments = room.attachments.map((attachment) => {
    const { channelId, participant } = attachment
    if (channelId !== conversation.channelId || participant === undefined) return attachment
    if (!givenTo(attachment).some((address) => names.has(canonical(address)))) return attachment
    const after = update(attachment, participant, conversation)
    const isSame = after.writesTo === attachment.writesTo && after.writesFrom === attachment.writesFrom &&
      after.aliases?.length === attachment.aliases?.length
    if (isSame) return attachment
    isChanged = true
    return after
  })
  return isChanged ? new Room({ ...room, attachments }) : room
}

/** Returns the route keys of the other addresses of all participants. They lead to the room of the participant. */
export const aliasKeysOf = ({ attachments }: Room): ReadonlyArray<string> =>
  attachments.flatMap((attachment) => allKeysOf(attachment).slice(1))
