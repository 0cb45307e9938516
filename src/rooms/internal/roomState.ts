/**
 * The in-memory state of rooms: the rooms, the routes of messages and the
 * latest events, all bounded.
 */
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import type { Attachment, Room } from "../Room.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import type { Appended, DeliveryOutcome, HistoryEntry } from "./history.ts"
import { statusKey } from "./history.ts"
import { aliasKeysOf, allKeysOf, attached, type Conversation, detached, heard, keysOf } from "./routes.ts"

export interface Bounds {
  readonly maxRooms: number
  readonly maxEventsPerRoom: number
  readonly maxStatuses: number
}

interface Kept {
  readonly position: number
  readonly event: RoomEvent
  readonly key: string | undefined
  deliveries?: ReadonlyArray<DeliveryOutcome>
}

interface RoomRecord {
  room: Room
  /** The events by id, the oldest first. */
  readonly events: InsertionOrderedMap<Kept>
  /** The events that have an idempotency key, by key. */
  readonly keys: Map<string, Kept>
  next: number
}

/** Mutated in place. Each method is one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** The rooms, the least recently used first. */
  readonly #rooms = new InsertionOrderedMap<RoomRecord>()
  readonly #routes = new Map<string, RoomRecord>()
  /** The statuses, the oldest first. */
  readonly #statuses = new InsertionOrderedMap<DeliveryStatus>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get(roomId: string): Room | undefined {
    return this.#rooms.get(roomId)?.room
  }

  rooms(limit: number = Infinity): ReadonlyArray<Room> {
    return Array.from(this.#rooms.values(), ({ room }) => room).reverse().slice(0, limit)
  }

  /** Adds a room, and evicts the least recently used one at the limit. */
  create(room: Room): { readonly room: Room; readonly created: boolean } {
    const known = this.#rooms.get(room.id)
    if (known !== undefined) return { room: known.room, created: false }
    while (this.#rooms.size >= this.#bounds.maxRooms) {
      const oldest = this.#rooms.oldest()
      if (oldest === undefined) break
      this.#forget(oldest[1])
    }
    this.#rooms.put(room.id, { room, events: new InsertionOrderedMap(), keys: new Map(), next: 1 })
    return { room, created: true }
  }

  route(conversation: Conversation, create: () => Room): { readonly room: Room; readonly created: boolean } {
    const found = this.#find(conversation)
    if (found !== undefined) {
      const room = heard(found.room, conversation)
      if (room !== found.room) {
        found.room = room
        this.#lead(found, aliasKeysOf(room))
      }
      return { room, created: false }
    }
    const made = this.create(create())
    const record = this.#rooms.get(made.room.id)!
    this.#lead(record, [keysOf(conversation)[0], ...aliasKeysOf(record.room)])
    return made
  }

  find(conversation: Conversation): Room | undefined {
    return this.#find(conversation)?.room
  }

  attach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    record.room = attached(record.room, attachment)
    this.#lead(record, allKeysOf(attachment))
    return record.room
  }

  detach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    const { left, removed } = detached(record.room, attachment)
    record.room = left
    for (const one of removed) this.#forgetRoutes(record, one)
    return left
  }

  append(event: RoomEvent, key: string | undefined): Appended {
    // A room can be evicted while an event is being processed in it.
    const record = this.#rooms.get(event.roomId)
    if (record === undefined) return { _tag: "Appended", room: undefined }
    const { events, keys, room } = record
    const known = events.get(event.id) ?? (key === undefined ? undefined : keys.get(key))
    if (known !== undefined) {
      return { _tag: "Repeated", room, event: known.event, deliveries: known.deliveries }
    }
    if (this.#bounds.maxEventsPerRoom > 0) {
      if (events.size >= this.#bounds.maxEventsPerRoom) {
        const [id, oldest] = events.oldest()!
        events.delete(id)
        if (oldest.key !== undefined) keys.delete(oldest.key)
      }
      const kept: Kept = { position: record.next++, event, key }
      events.put(event.id, kept)
      if (key !== undefined) keys.set(key, kept)
    }
    this.#rooms.put(room.id, record)
    return { _tag: "Appended", room }
  }

  settle({ id, roomId }: Pick<RoomEvent, "id" | "roomId">, deliveries: ReadonlyArray<DeliveryOutcome>): void {
    const kept = this.#rooms.get(roomId)?.events.get(id)
    if (kept !== undefined) kept.deliveries = deliveries
  }

  history(
    roomId: string,
    { before = Infinity, limit = Infinity }: {
      readonly before?: number | undefined
      readonly limit?: number | undefined
    }
  ): ReadonlyArray<HistoryEntry> | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    const entries = Array.from(record.events.values(), ({ key: _, ...entry }) => entry)
    const wanted = before === Infinity ? entries : entries.filter(({ position }) => position < before)
    return limit === Infinity ? wanted : wanted.slice(-limit)
  }

  addStatus(status: DeliveryStatus): void {
    const key = statusKey(status)
    if (this.#statuses.has(key) || this.#bounds.maxStatuses < 1) return
    if (this.#statuses.size >= this.#bounds.maxStatuses) this.#statuses.delete(this.#statuses.oldest()![0])
    this.#statuses.put(key, status)
  }

  statuses(limit: number = Infinity): ReadonlyArray<DeliveryStatus> {
    const all = [...this.#statuses.values()]
    return limit === Infinity ? all : all.slice(-limit)
  }

  #find(conversation: Conversation): RoomRecord | undefined {
    for (const key of keysOf(conversation)) {
      const record = this.#routes.get(key)
      if (record !== undefined) return record
    }
    return undefined
  }

  #forget(record: RoomRecord): void {
    const { attachments, id } = record.room
    for (const attachment of attachments) this.#forgetRoutes(record, attachment)
    this.#rooms.delete(id)
  }

  #lead(record: RoomRecord, keys: ReadonlyArray<string>): void {
    for (const key of keys) this.#routes.set(key, record)
  }

  #forgetRoutes(record: RoomRecord, attachment: Attachment): void {
    for (const key of allKeysOf(attachment)) if (this.#routes.get(key) === record) this.#routes.delete(key)
  }
}
