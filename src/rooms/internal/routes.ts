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
import { compact } from "../../internal/record.ts"
import { Attachment, Room } from "../Room.ts"

type Group = readonly [Address, ...Array<Address>]

/** The fields that determine the route of a message. */
export interface Conversation extends Received {
  readonly channelId: string
  /** Other addresses of the sender that the carrier gives. */
  readonly senderAliases?: ReadonlyArray<Address> | undefined
}

/**
 * What leads to a room: messages on a channel, to one of our numbers or to any,
 * from one person, from one group, or from anybody. Addresses are canonical, and
 * the members of a group in the form of `formOf`.
 */
export interface Route {
  readonly channelId: string
  readonly recipient: Address | undefined
  readonly party: Address | ReadonlyArray<Address> | undefined
}

const routeOf = (channelId: string, recipient?: Address, party?: Address | ReadonlyArray<Address>): Route => ({
  channelId,
  recipient: recipient === undefined ? undefined : canonical(recipient),
  party: typeof party === "string" ? canonical(party) : party === undefined ? undefined : formOf(party)
})

/**
 * Writes a route as the key of a database. Keys are unambiguous: no address,
 * whatever a carrier puts in it, can collide with another route's key.
 */
export const textOf = ({ channelId, party, recipient }: Route): string =>
  JSON.stringify([channelId, recipient ?? null, party ?? null])

const isAddresses = (value: unknown): value is ReadonlyArray<Address> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

/** Returns a route key with canonical addresses, or `undefined` for a text that is no route key. */
export const canonicalKey = (key: string): string | undefined => {
  let parts: unknown
  try {
    parts = JSON.parse(key)
  } catch {
    return undefined
  }
  const [channelId, recipient, participant]: ReadonlyArray<unknown> = Array.isArray(parts) ? parts : []
  const text = (value: unknown) => typeof value === "string" && value !== "" ? value as Address : undefined
  return typeof channelId === "string"
    ? textOf(routeOf(channelId, text(recipient), isAddresses(participant) ? participant : text(participant)))
    : undefined
}

/** Returns the route of an attachment. */
const attachedBy = ({ channelId, group, participant, recipient }: Attachment): Route =>
  routeOf(channelId, recipient, group ?? participant)

/** Returns the routes of an attachment: its own first, then those of the participant's other addresses. */
export const routesOf = (attachment: Attachment): readonly [Route, ...Array<Route>] => [
  attachedBy(attachment),
  ...(attachment.aliases ?? []).map((alias) => routeOf(attachment.channelId, attachment.recipient, alias))
]

/** Returns the addresses of the sender, first the one that the message came from. */
const senders = ({ sender, senderAliases = [] }: Conversation): readonly [Address, ...Array<Address>] => [
  sender,
  ...senderAliases
]

/** Returns the route that a new room of the conversation gets. */
export const openedBy = (conversation: Conversation): Route => {
  const { channelId, recipient, sender } = conversation
  return routeOf(channelId, recipient, groupOf(conversation) ?? sender)
}

/**
 * Returns the routes to look up, the most specific first: those of the
 * conversation, the participant or the group, the number, and the channel. Each
 * is built when it is asked for: the first one usually leads to a room.
 */
export function* leading(conversation: Conversation): Iterable<Route> {
  const { channelId, recipient, senderAliases = [] } = conversation
  const group = groupOf(conversation)
  yield openedBy(conversation)
  if (group === undefined) {
    for (const alias of senderAliases) yield routeOf(channelId, recipient, alias)
    for (const address of senders(conversation)) yield routeOf(channelId, undefined, address)
  } else {
    yield routeOf(channelId, undefined, group)
  }
  yield routeOf(channelId, recipient)
  yield routeOf(channelId)
}

const isSameRoute = (one: Attachment, other: Attachment): boolean =>
  textOf(attachedBy(one)) === textOf(attachedBy(other))

/** Returns the room with the attachment, or the same room if it already has it. */
export const attached = (room: Room, attachment: Attachment): Room => {
  return room.attachments.some((other) => isSameRoute(other, attachment))
    ? room
    : new Room({ ...room, attachments: [...room.attachments, attachment] })
}

/** Returns the room without the attachment, or the same room if it does not have it, and the removed attachments. */
export const detached = (
  room: Room,
  attachment: Attachment
): { readonly left: Room; readonly removed: ReadonlyArray<Attachment> } => {
  const removed = room.attachments.filter((other) => isSameRoute(other, attachment))
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

/** Returns what a message changes of the attachment of its sender. */
const changesOf = (attachment: Attachment, participant: Address, conversation: Conversation) => {
  const { aliases: known = [], recipient } = attachment
  const { sender, senderAliases: given = [] } = conversation
  const isKnown = sender === participant && given.length === 0
  const others = isKnown ? [] : newTo([participant, ...known], senders(conversation))
  return {
    writesTo: recipient === conversation.recipient ? undefined : conversation.recipient,
    writesFrom: participant === sender ? undefined : sender,
    aliases: others.length === 0 ? known : [...known, ...others].slice(0, maxAliases)
  }
}

const update = (attachment: Attachment, changes: ReturnType<typeof changesOf>): Attachment => {
  const { aliases: _, writesFrom: __, writesTo: ___, ...fields } = attachment
  const { aliases, writesFrom, writesTo } = changes
  return new Attachment({ ...fields, ...compact({ writesTo, writesFrom }), ...(aliases.length > 0 && { aliases }) })
}

/** Builds the attachment of a sender or a group whose first message opens a room. */
export const opened = (conversation: Conversation): Attachment => {
  const { channelId, recipient, sender } = conversation
  const group = groupOf(conversation)
  if (group !== undefined) return new Attachment({ channelId, group, recipient })
  const attachment = new Attachment({ channelId, participant: sender, recipient })
  return update(attachment, changesOf(attachment, sender, conversation))
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

/** Returns whether a message comes from the participant of an attachment. */
const isHeard = (attachment: Attachment, conversation: Conversation): boolean => {
  if (attachment.participant === conversation.sender) return true
  const names = new Set(senders(conversation).map(canonical))
  return givenTo(attachment).some((address) => names.has(canonical(address)))
}

/** Returns whether a message comes from the participant as the attachment has it, to the number that it has. */
const isAsBefore = ({ participant, recipient, writesFrom, writesTo }: Attachment, conversation: Conversation) =>
  participant === conversation.sender && recipient === conversation.recipient &&
  writesFrom === undefined && writesTo === undefined &&
  (conversation.senderAliases === undefined || conversation.senderAliases.length === 0)

/** Returns the attachment after a message of its participant. */
const heardPerson = (attachment: Attachment, conversation: Conversation): Attachment => {
  const { channelId, participant } = attachment
  if (participant === undefined || channelId !== conversation.channelId) return attachment
  // As most messages are.
  if (isAsBefore(attachment, conversation)) return attachment
  if (!isHeard(attachment, conversation)) return attachment
  const changes = changesOf(attachment, participant, conversation)
  const isUnchanged = changes.writesTo === attachment.writesTo && changes.writesFrom === attachment.writesFrom &&
    changes.aliases.length === (attachment.aliases?.length ?? 0)
  return isUnchanged ? attachment : update(attachment, changes)
}

/**
 * Records in the room which of our numbers the sender writes to, from which
 * address, and the sender's other addresses. Returns the same room if nothing
 * changed.
 */
export const heard = (room: Room, conversation: Conversation): Room => {
  const members = groupOf(conversation)
  let attachments: Array<Attachment> | undefined
  for (let i = 0; i < room.attachments.length; i++) {
    const attachment = room.attachments[i]!
    const after = members === undefined
      ? heardPerson(attachment, conversation)
      : heardGroup(attachment, members, conversation)
    if (after === attachment) continue
    attachments ??= [...room.attachments]
    attachments[i] = after
  }
  return attachments === undefined ? room : new Room({ ...room, attachments })
}

/** Returns the routes of the other addresses of all participants. They lead to the room of the participant. */
export const aliasRoutesOf = ({ attachments }: Room): ReadonlyArray<Route> =>
  attachments.flatMap((attachment) => routesOf(attachment).slice(1))

/** Returns the people in a room, in the form by which a person is recognized, by all of their addresses. */
export const peopleOf = ({ attachments }: Room): ReadonlySet<string> =>
  new Set(attachments.flatMap((attachment) => [...givenTo(attachment), ...attachment.group ?? []]).map(personOf))
