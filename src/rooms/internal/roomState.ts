/**
 * The in-memory state of rooms: the rooms, the routes of messages and the
 * latest events, all bounded.
 */
import * as DateTime from "effect/DateTime"
import type { Address } from "../../Address.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import * as Listing from "../../internal/listing.ts"
import type { Listed, Place, Searchable, SearchOptions, TimeSpan } from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Attachment, Room } from "../Room.ts"
import type { Appended, DeliveryOutcome, HistoryEntry, Received, RoomPlace, RoomSummary } from "./history.ts"
import { statusKey } from "./history.ts"
import {
  aliasKeysOf,
  allKeysOf,
  attached,
  type Conversation,
  detached,
  heard,
  keysOf,
  ownKeyOf,
  peopleOf
} from "./routes.ts"

export interface Bounds {
  readonly maxRooms: number
  readonly maxEventsPerRoom: number
  readonly maxStatuses: number
  /** The bytes of all rooms, with their events and routes. */
  readonly maxBytes: number
  readonly maxStatusBytes: number
}

/** What a route, an idempotency key or another entry of an index takes beside its text. */
const perKey = 64

const sizeOfKey = (key: string | undefined): number => key === undefined ? 0 : perKey + 2 * key.length

interface Kept {
  readonly position: number
  readonly event: RoomEvent
  readonly key: string | undefined
  /** When the event was stored, and its number in all rooms. */
  readonly place: Place
  readonly provider: string | undefined
  /** The bytes without the deliveries. */
  readonly bytes: number
  deliveries: ReadonlyArray<DeliveryOutcome> | undefined
}

interface RoomRecord {
  room: Room
  /** The bytes of the room itself. */
  roomBytes: number
  /** The events by id, the oldest first. */
  readonly events: InsertionOrderedMap<Kept>
  /** The events that have an idempotency key, by key. */
  readonly keys: Map<string, Kept>
  /** The bytes of the routes that lead here. */
  routeBytes: number
  next: number
  /** The number of the latest activity in all rooms. */
  activity: number
  /** The position up to which the room was read. */
  read: number
}

const entryOf = ({ deliveries, event, position }: Kept): HistoryEntry => ({ position, event, deliveries })

/** What a room takes without what is in it. */
const perRoom = 512

/** Mutated in place. Each method is one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** The numbers of the latest event, and of the latest activity of a room. */
  #appended = 0
  #active = 0
  /** The rooms, the least recently used first. */
  readonly #rooms: InsertionOrderedMap<RoomRecord>
  /** The rooms that have events, the least recently used first. */
  readonly #histories = new InsertionOrderedMap<RoomRecord>()
  readonly #routes = new Map<string, RoomRecord>()
  /** The statuses, the oldest first. */
  readonly #statuses: InsertionOrderedMap<DeliveryStatus>
  /** The payload of the latest status. The statuses of a report on many recipients share one, which counts once. */
  #payload: unknown

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    this.#rooms = new InsertionOrderedMap({ maxEntries: Math.max(1, bounds.maxRooms), maxBytes: bounds.maxBytes })
    this.#statuses = new InsertionOrderedMap({ maxEntries: bounds.maxStatuses, maxBytes: bounds.maxStatusBytes })
  }

  get(roomId: string): Room | undefined {
    return this.#rooms.get(roomId)?.room
  }

  rooms(limit: number = Infinity): ReadonlyArray<Room> {
    return Array.from(this.#rooms.values(), ({ room }) => room).reverse().slice(0, limit)
  }

  /** Returns the bytes that are kept. */
  get bytes(): number {
    return this.#rooms.bytes + this.#statuses.bytes
  }

  /** Adds a room, and evicts the least recently used ones beyond the limits. */
  create(room: Room): { readonly room: Room; readonly created: boolean } {
    const known = this.#rooms.get(room.id)
    if (known !== undefined) return { room: known.room, created: false }
    const { maxBytes, maxEventsPerRoom: maxEntries } = this.#bounds
    this.#put({
      room,
      roomBytes: sizeOf(room),
      events: new InsertionOrderedMap({ maxEntries, maxBytes }),
      keys: new Map(),
      routeBytes: 0,
      next: 1,
      activity: 0,
      read: 0
    })
    return { room, created: true }
  }

  route(conversation: Conversation, create: () => Room): { readonly room: Room; readonly created: boolean } {
    const found = this.#find(conversation)
    if (found !== undefined) {
      const room = heard(found.room, conversation)
      if (room !== found.room) {
        this.#lead(found, room, aliasKeysOf(room))
      }
      return { room, created: false }
    }
    const made = this.create(create())
    const record = this.#rooms.get(made.room.id)
    if (record !== undefined) {
      this.#lead(record, record.room, [ownKeyOf(conversation), ...aliasKeysOf(record.room)])
    }
    return made
  }

  find(conversation: Conversation): Room | undefined {
    return this.#find(conversation)?.room
  }

  attach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    const room = attached(record.room, attachment)
    this.#lead(record, room, allKeysOf(attachment))
    return room
  }

  detach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    const { left, removed } = detached(record.room, attachment)
    for (const one of removed) this.#forgetRoutes(record, one)
    this.#lead(record, left, [])
    return left
  }

  append(
    event: RoomEvent,
    key: string | undefined,
    { deliveries, now, provider }: {
      readonly now: number
      readonly provider?: string | undefined
      readonly deliveries?: ReadonlyArray<DeliveryOutcome> | undefined
    } = { now: 0 }
  ): Appended {
    // A room can be evicted while an event is being processed in it.
    const record = this.#rooms.get(event.roomId)
    if (record === undefined) return { _tag: "Appended", room: undefined }
    const { events, keys, room } = record
    const known = events.get(event.id) ?? (key === undefined ? undefined : keys.get(key))
    if (known !== undefined) {
      return { _tag: "Repeated", room, event: known.event, deliveries: known.deliveries }
    }
    const bytes = sizeOf(event) + sizeOfKey(key)
    const place = { time: now, position: ++this.#appended }
    const kept: Kept = {
      position: record.next++,
      event,
      key,
      place,
      provider,
      bytes,
      deliveries
    }
    if (events.put(event.id, kept, bytes + sizeOf(deliveries)) && key !== undefined) {
      keys.set(key, kept)
    }
    for (let oldest = events.excess(); oldest !== undefined; oldest = events.excess()) {
      this.#dropEvent(record, oldest.value)
    }
    if (events.size > 0) this.#histories.put(room.id, record)
    this.#put(record)
    return { _tag: "Appended", room }
  }

  settle({ id, roomId }: Pick<RoomEvent, "id" | "roomId">, deliveries: ReadonlyArray<DeliveryOutcome>): void {
    const record = this.#rooms.get(roomId)
    const kept = record?.events.get(id)
    if (record === undefined || kept === undefined) return
    kept.deliveries = deliveries
    record.events.resize(id, kept.bytes + sizeOf(deliveries))
    this.#weigh(record)
  }

  history(
    roomId: string,
    { before = Infinity, limit = Infinity, ...span }: TimeSpan & {
      readonly before?: number | undefined
      readonly limit?: number | undefined
    }
  ): ReadonlyArray<HistoryEntry> | undefined {
    const record = this.#rooms.get(roomId)
    if (record === undefined) return undefined
    const isInSpan = Listing.isIn(span)
    const wanted = Array.from(record.events.values())
      .filter(({ place, position }) => position < before && isInSpan(place.time))
      .map(entryOf)
    return limit === Infinity ? wanted : wanted.slice(-limit)
  }

  search(
    { after, find, limit, number, said }: {
      readonly limit: number
      readonly after?: RoomPlace | undefined
      readonly number?: Address | undefined
      readonly said?: TimeSpan | undefined
      readonly find?: string | undefined
    }
  ): ReadonlyArray<{ readonly room: Room; readonly place: RoomPlace }> {
    const person = number === undefined ? undefined : personOf(number)
    const isInSpan = said === undefined ? undefined : Listing.isIn(said)
    const words = find === undefined ? undefined : Listing.searchable(find)
    const digits = find === undefined ? undefined : Listing.digitsOf(find)
    return Array.from(this.#rooms.values()).reverse()
      .filter(({ activity, events, room }) =>
        (after === undefined || activity < after.activity) &&
        (person === undefined || peopleOf(room).has(person)) &&
        (isInSpan === undefined || Array.from(events.values()).some(({ place }) => isInSpan(place.time))) &&
        (words === undefined ||
          Array.from(events.values()).some(({ event }) => Listing.wordsOf(event.content).includes(words)) ||
          (digits !== undefined && Array.from(peopleOf(room)).some((person) => person.includes(digits))))
      )
      .slice(0, limit)
      .map(({ activity, room }) => ({ room, place: { activity, id: room.id } }))
  }

  tally(options: Listing.TallyOptions): ReadonlyArray<Listing.Tally> {
    const received = Array.from(this.#rooms.values()).flatMap(({ events }) =>
      Array.from(events.values()).filter(({ event }) => event.source.direction === "inbound")
    )
    return Listing.tally(received.map(({ place, provider }) => ({ at: place.time, provider })), options)
  }

  summaries(roomIds: ReadonlyArray<string>): ReadonlyMap<string, RoomSummary> {
    const found = new Map<string, RoomSummary>()
    for (const id of roomIds) {
      const record = this.#rooms.get(id)
      if (record === undefined) continue
      const kept = Array.from(record.events.values())
      const last = kept.at(-1)
      found.set(id, {
        last: last && entryOf(last),
        provider: kept.findLast(({ provider }) => provider !== undefined)?.provider,
        unread: kept.filter(({ event, position }) => event.source.direction === "inbound" && position > record.read)
          .length
      })
    }
    return found
  }

  markRead({ id, roomId }: Pick<RoomEvent, "id" | "roomId">): void {
    const record = this.#rooms.get(roomId)
    const kept = record?.events.get(id)
    if (record !== undefined && kept !== undefined) record.read = Math.max(record.read, kept.position)
  }

  searchReceived(
    { blocked, room, ...options }: SearchOptions & {
      readonly blocked?: boolean | undefined
      readonly room?: string | undefined
    }
  ): ReadonlyArray<Listed<Received>> {
    const found: Array<Searchable<Received>> = []
    for (const { events } of this.#rooms.values()) {
      for (const { event, place, provider } of events.values()) {
        if (event.source.direction !== "inbound" || (room !== undefined && event.roomId !== room)) continue
        if (blocked !== undefined && blocked !== (event.blocked !== undefined)) continue
        const value = { event, time: DateTime.makeUnsafe(place.time), ...(provider !== undefined && { provider }) }
        found.push({ value, place, provider, address: event.source.participant, content: event.content })
      }
    }
    return Listing.search(found, options)
  }

  event({ id, roomId }: Pick<RoomEvent, "id" | "roomId">): HistoryEntry | undefined {
    const kept = this.#rooms.get(roomId)?.events.get(id)
    return kept === undefined ? undefined : entryOf(kept)
  }

  addStatus(status: DeliveryStatus): void {
    const key = statusKey(status)
    if (this.#statuses.has(key)) return
    const { raw, ...fields } = status
    const bytes = sizeOf(fields) + (raw === this.#payload ? 0 : sizeOf(raw))
    if (this.#statuses.put(key, status, bytes)) this.#payload = raw
    this.#statuses.trim()
  }

  statuses(limit: number = Infinity): ReadonlyArray<DeliveryStatus> {
    const all = [...this.#statuses.values()]
    return limit === Infinity ? all : all.slice(-limit)
  }

  #find(conversation: Conversation): RoomRecord | undefined {
    // The first key usually leads to a room.
    const own = this.#routes.get(ownKeyOf(conversation))
    if (own !== undefined) return own
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
    this.#histories.delete(id)
  }

  #dropEvent({ events, keys, room }: RoomRecord, { event, key }: Kept): void {
    events.delete(event.id)
    if (key !== undefined) keys.delete(key)
    if (events.size === 0) this.#histories.delete(room.id)
  }

  /** Returns the bytes of a room. Its oldest events go if it exceeds the limit alone. */
  #bytesOf(record: RoomRecord): number {
    const { events, room: { id }, roomBytes, routeBytes } = record
    const own = perRoom + roomBytes + routeBytes
    // Less what the map adds.
    const most = this.#bounds.maxBytes - perRoom - 2 * id.length
    while (own + events.bytes > most) {
      const oldest = events.oldest()
      if (oldest === undefined) break
      this.#dropEvent(record, oldest.value)
    }
    return own + events.bytes
  }

  /** Makes the room the most recently used one. */
  #put(record: RoomRecord): void {
    record.activity = ++this.#active
    if (!this.#rooms.put(record.room.id, record, this.#bytesOf(record))) this.#forget(record)
    this.#evict()
  }

  /** Counts a room again that has changed. */
  #weigh(record: RoomRecord): void {
    this.#rooms.resize(record.room.id, this.#bytesOf(record))
    this.#evict()
  }

  /** Forgets old rooms beyond their number. Beyond the bytes, the events of old rooms go before the rooms. */
  #evict(): void {
    for (let oldest = this.#rooms.excess(); oldest !== undefined; oldest = this.#rooms.excess()) {
      const history = this.#rooms.size > this.#bounds.maxRooms ? undefined : this.#histories.oldest()
      if (history === undefined) this.#forget(oldest.value)
      else {
        const { key: id, value: record } = history
        this.#dropEvent(record, record.events.oldest()!.value)
        this.#rooms.resize(id, this.#bytesOf(record))
      }
    }
  }

  /** Replaces a room by its new version, and leads these routes to it. */
  #lead(record: RoomRecord, room: Room, keys: ReadonlyArray<string>): void {
    record.room = room
    record.roomBytes = sizeOf(room)
    for (const key of keys) {
      if (this.#routes.get(key) === record) continue
      this.#routes.set(key, record)
      record.routeBytes += sizeOfKey(key)
    }
    this.#weigh(record)
  }

  #forgetRoutes(record: RoomRecord, attachment: Attachment): void {
    for (const key of allKeysOf(attachment)) {
      if (this.#routes.get(key) !== record) continue
      this.#routes.delete(key)
      record.routeBytes -= sizeOfKey(key)
    }
  }
}
