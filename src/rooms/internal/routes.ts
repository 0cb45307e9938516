/**
 * Routes messages to rooms.
 *
 * One person is routed to one room, however a carrier writes the number and
 * whichever of the person's ids it gives. Keys are built from canonical
 * addresses; attachments keep the address as it was given, for sending.
 *
 * A group has a room of its own, whoever of its members writes: its key has the
 * set of members instead of one participant. The room of a member, which an
 * answer would leave to that member alone, gets no message of the group.
 */
import { type Address, canonical } from "../../Address.ts"
import { formOf, groupOf, isSame, type Received } from "../../internal/group.ts"
import { personOf } from "../../internal/person.ts"
import { Attachment, Room } from "../Room.ts"

type Group = readonly [Address, ...Array<Address>]

/** The fields that determine the route of a message. */
export interface Conversation extends Received {
  readonly channelId: string
  /** Other addresses of the sender that the carrier gives. */
  readonly aliases?: ReadonlyArray<Address> | undefined
}

/**
 * Builds a route key. Keys are unambiguous: no address, whatever a carrier puts
 * in it, can collide with another attachment's key.
 */
const routeKey = (channelId: string, recipient?: Address, participant?: Address | ReadonlyArray<Address>): string =>
  JSON.stringify([
    channelId,
    recipient && canonical(recipient),
    typeof participant === "string" ? canonical(participant) : participant && formOf(participant)
  ])

/** Returns the route key of an attachment. */
export const keyOf = ({ channelId, group, participant, recipient }: Attachment): string =>
  routeKey(channelId, recipient, group ?? participant)

/** Returns the route keys of an attachment: its own first, then those of the participant's other addresses. */
export const allKeysOf = (attachment: Attachment): readonly [string, ...Array<string>] => [
  keyOf(attachment),
  ...(attachment.aliases ?? []).map((alias) => routeKey(attachment.channelId, attachment.recipient, alias))
]

/** Returns the addresses of the sender, first the one that the message came from. */
const senders = ({ aliases = [], sender }: Conversation): readonly [Address, ...Array<Address>] => [sender, ...aliases]

/**
 * Returns the route keys to look up, the most specific first: those of the
 * conversation, the participant or the group, the number, and the channel.
 */
export const keysOf = (conversation: Conversation): readonly [string, ...Array<string>] => {
  const { channelId, recipient, sender } = conversation
  const group = groupOf(conversation)
  if (group !== undefined) {
    return [
      routeKey(channelId, recipient, group),
      routeKey(channelId, undefined, group),
      routeKey(channelId, recipient),
      routeKey(channelId)
    ]
  }
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
  return attachments.flatMap((attachment) =>
    isPerson(attachment, form)
      ? givenTo(attachment)
      : attachment.group?.filter((member) => canonical(member) === form) ?? []
  )
}

/** Returns the addresses that are not known in any form, each once. */
const newTo = (known: ReadonlyArray<Address>, addresses: ReadonlyArray<Address>): ReadonlyArray<Address> => {
  const seen = new Set(known.map(canonical))
  return addresses.filter((address) => {
    const form = canonical(address)
    return seen.has(form) ? false : seen.add(form)
  })
}

/** The maximum number of other addresses of one person. Carriers give one or two. */
const maxAliases = 16

const update = (attachment: Attachment, participant: Address, conversation: Conversation): Attachment => {
  const { recipient, sender } = conversation
  const { aliases: known = [], writesFrom: _, writesTo: __, ...fields } = attachment
  const aliases = [...known, ...newTo([participant, ...known], senders(conversation))].slice(0, maxAliases)
  return new Attachment({
    ...fields,
    ...(attachment.recipient !== recipient && { writesTo: recipient }),
    ...(participant !== sender && { writesFrom: sender }),
    ...(aliases.length > 0 && { aliases })
  })
}

/** Builds the attachment of a sender or a group whose first message opens a room. */
export const opened = (conversation: Conversation): Attachment => {
  const { channelId, recipient, sender } = conversation
  const group = groupOf(conversation)
  if (group !== undefined) return new Attachment({ channelId, group, recipient })
  return update(new Attachment({ channelId, participant: sender, recipient }), sender, conversation)
}

/** Returns the attachment with the members as they were written last, and our number that they write to. */
const updateGroup = (attachment: Attachment, members: Group, recipient: Address): Attachment => {
  const { group, writesTo: _, ...fields } = attachment
  const [first, ...others] = group ?? members
  const written = (member: Address) => members.find((other) => canonical(other) === canonical(member)) ?? member
  return new Attachment({
    ...fields,
    group: [written(first), ...others.map(written)],
    ...(attachment.recipient !== recipient && { writesTo: recipient })
  })
}

/** Returns the attachment after a message of this group. */
const heardGroup = (attachment: Attachment, members: Group, { channelId, recipient }: Conversation): Attachment => {
  const { group } = attachment
  if (group === undefined || attachment.channelId !== channelId || !isSame(group, members)) return attachment
  const after = updateGroup(attachment, members, recipient)
  const isUnchanged = after.writesTo === attachment.writesTo &&
    group.every((member, index) => member === after.group?.[index])
  return isUnchanged ? attachment : after
}

/** Returns the attachment after a message of its participant. */
const heardPerson = (attachment: Attachment, conversation: Conversation): Attachment => {
  const { channelId, participant } = attachment
  if (participant === undefined || channelId !== conversation.channelId) return attachment
  const names = new Set(senders(conversation).map(canonical))
  if (!givenTo(attachment).some((address) => names.has(canonical(address)))) return attachment
  const after = update(attachment, participant, conversation)
  const isUnchanged = after.writesTo === attachment.writesTo && after.writesFrom === attachment.writesFrom &&
    after.aliases?.length === attachment.aliases?.length
  return isUnchanged ? attachment : after
}

/**
 * Records in the room which of our numbers the sender writes to, from which
 * address, and the sender's other addresses. Returns the same room if nothing
 * changed.
 */
export const heard = (room: Room, conversation: Conversation): Room => {
  const members = groupOf(conversation)
  const attachments = room.attachments.map((attachment) =>
    members === undefined ? heardPerson(attachment, conversation) : heardGroup(attachment, members, conversation)
  )
  return attachments.some((attachment, index) => attachment !== room.attachments[index])
    ? new Room({ ...room, attachments })
    : room
}

/** Returns the route keys of the other addresses of all participants. They lead to the room of the participant. */
export const aliasKeysOf = ({ attachments }: Room): ReadonlyArray<string> =>
  attachments.flatMap((attachment) => allKeysOf(attachment).slice(1))

/** Returns the people in a room, in the form by which a person is recognized, by all of their addresses. */
export const peopleOf = ({ attachments }: Room): ReadonlySet<string> =>
  new Set(attachments.flatMap((attachment) => [...givenTo(attachment), ...attachment.group ?? []]).map(personOf))
