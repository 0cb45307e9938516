/**
 * The rooms of a kit: which there are, where messages are routed, and what was
 * said lately. Bounded in every direction.
 */
import type * as DateTime from "effect/DateTime"
import * as Semaphore from "effect/Semaphore"
import type { Address } from "../../Address.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { Attachment, Room } from "../Room.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import * as RingBuffer from "./ringBuffer.ts"

export interface Bounds {
  readonly maxRooms: number
  readonly maxEventsPerRoom: number
}

export interface RoomRecord {
  room: Room
  readonly events: RingBuffer.RingBuffer<RoomEvent>
  /** One event at a time passes through a room, so that every channel sees the same order. */
  readonly turn: Semaphore.Semaphore
}

/** What a message is routed by. */
export interface Conversation {
  readonly channelId: string
  readonly recipient: Address
  readonly sender: Address
}

/** No two attachments have the same key: what a carrier writes into an address cannot look like two of them. */
const routeKey = (channelId: string, recipient?: Address, participant?: Address): string =>
  JSON.stringify([channelId, recipient, participant])

const keyOf = ({ channelId, participant, recipient }: Attachment): string => routeKey(channelId, recipient, participant)

/** Changed in place, by the kit alone and always within one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** The least recently used first. */
  readonly #rooms = new InsertionOrderedMap<RoomRecord>()
  readonly #routes = new Map<string, RoomRecord>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get(id: string): RoomRecord | undefined {
    return this.#rooms.get(id)
  }

  all(): ReadonlyArray<Room> {
    return Array.from(this.#rooms.values(), ({ room }) => room).reverse()
  }

  /** A new room, in the place of the least recently used one when there are too many. */
  create(id: string, createdAt: DateTime.Utc, channelIds: Iterable<string>): RoomRecord {
    while (this.#rooms.size >= this.#bounds.maxRooms) {
      const oldest = this.#rooms.oldest()
      if (oldest === undefined) break
      this.#forget(oldest[1])
    }
    const attachments = Array.from(channelIds, (channelId) => new Attachment({ channelId }))
    const record: RoomRecord = {
      room: new Room({ id, createdAt, attachments }),
      events: RingBuffer.make(this.#bounds.maxEventsPerRoom),
      turn: Semaphore.makeUnsafe(1)
    }
    this.#rooms.put(id, record)
    return record
  }

  /** Attaches a channel. What comes in on it, from the participant if there is one, goes to this room from now on. */
  attach(record: RoomRecord, attachment: Attachment): void {
    const key = keyOf(attachment)
    if (!record.room.attachments.some((other) => keyOf(other) === key)) {
      record.room = new Room({ ...record.room, attachments: [...record.room.attachments, attachment] })
    }
    // A room can be forgotten while an event is on its way through it. It must
    // not come back as the goal of a route that nobody would remove.
    if (this.#isKnown(record)) this.#routes.set(key, record)
  }

  detach(record: RoomRecord, attachment: Attachment): void {
    const key = keyOf(attachment)
    const attachments = record.room.attachments.filter((other) => keyOf(other) !== key)
    if (attachments.length === record.room.attachments.length) return
    record.room = new Room({ ...record.room, attachments })
    this.#forgetRoute(record, attachment)
  }

  /** The room of a message: that of the conversation, else the participant's, else the number's, else the channel's. */
  route({ channelId, recipient, sender }: Conversation): RoomRecord | undefined {
    return this.#routes.get(routeKey(channelId, recipient, sender)) ??
      this.#routes.get(routeKey(channelId, undefined, sender)) ??
      this.#routes.get(routeKey(channelId, recipient)) ??
      this.#routes.get(routeKey(channelId))
  }

  /** Takes note of which number of ours a participant writes to. */
  hear(record: RoomRecord, { channelId, recipient, sender }: Conversation): void {
    const isSender = (attachment: Attachment) =>
      attachment.channelId === channelId && attachment.participant === sender &&
      (attachment.writesTo ?? attachment.recipient) !== recipient
    if (!record.room.attachments.some(isSender)) return
    const attachments = record.room.attachments.map((attachment) => {
      if (!isSender(attachment)) return attachment
      const { writesTo: _, ...fields } = attachment
      return new Attachment({ ...fields, ...(attachment.recipient !== recipient && { writesTo: recipient }) })
    })
    record.room = new Room({ ...record.room, attachments })
  }

  append(record: RoomRecord, event: RoomEvent): void {
    record.events.add(event)
    if (!this.#isKnown(record)) return
    this.#rooms.put(record.room.id, record)
  }

  #isKnown(record: RoomRecord): boolean {
    return this.#rooms.get(record.room.id) === record
  }

  #forget(record: RoomRecord): void {
    for (const attachment of record.room.attachments) this.#forgetRoute(record, attachment)
    this.#rooms.delete(record.room.id)
  }

  #forgetRoute(record: RoomRecord, attachment: Attachment): void {
    const key = keyOf(attachment)
    if (this.#routes.get(key) === record) this.#routes.delete(key)
  }
}
