/**
 * The state of a kit: its rooms, the routes of messages and the recent events.
 * Every collection is bounded.
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
  /** Serializes the events of a room, so that every channel sees them in the same order. */
  readonly turn: Semaphore.Semaphore
}

/** The fields that a message is routed by. */
export interface Conversation {
  readonly channelId: string
  readonly recipient: Address
  readonly sender: Address
}

/** Builds a collision-free key: no carrier-supplied address can imitate the key of another attachment. */
const routeKey = (channelId: string, recipient?: Address, participant?: Address): string =>
  JSON.stringify([channelId, recipient, participant])

const keyOf = ({ channelId, participant, recipient }: Attachment): string => routeKey(channelId, recipient, participant)

/** Mutated in place, only by the kit and always within one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** Least recently used first. */
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

  /** Creates a room, evicting the least recently used one at the limit. */
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

  /**
   * Attaches a channel. Later messages on it, or only those of the participant if
   * one is set, are routed to this room.
   */
  attach(record: RoomRecord, attachment: Attachment): void {
    const key = keyOf(attachment)
    if (!record.room.attachments.some((other) => keyOf(other) === key)) {
      record.room = new Room({ ...record.room, attachments: [...record.room.attachments, attachment] })
    }
    // A room may be evicted while an event is still being processed in it. Adding a
    // route then would leak: nothing would ever remove it.
    if (this.#isKnown(record)) this.#routes.set(key, record)
  }

  detach(record: RoomRecord, attachment: Attachment): void {
    const key = keyOf(attachment)
    const attachments = record.room.attachments.filter((other) => keyOf(other) !== key)
    if (attachments.length === record.room.attachments.length) return
    record.room = new Room({ ...record.room, attachments })
    this.#forgetRoute(record, attachment)
  }

  /** Finds the room of a message by conversation, then by participant, by our number and by channel. */
  route({ channelId, recipient, sender }: Conversation): RoomRecord | undefined {
    return this.#routes.get(routeKey(channelId, recipient, sender)) ??
      this.#routes.get(routeKey(channelId, undefined, sender)) ??
      this.#routes.get(routeKey(channelId, recipient)) ??
      this.#routes.get(routeKey(channelId))
  }

  /** Records which of our numbers a participant writes to. */
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
