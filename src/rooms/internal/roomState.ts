/**
 * The in-memory state of rooms: the rooms, the routes of messages and the
 * latest events, all bounded.
 */
import * as DateTime from "effect/DateTime"
import type { Address } from "../../Address.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { type Linked, LinkedList } from "../../internal/linkedList.ts"
import * as Listing from "../../internal/listing.ts"
import type { Listed, Searchable, SearchOptions, TimeSpan } from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Attachment, Room } from "../Room.ts"
import type { Appended, DeliveryOutcome, HistoryEntry, Received, RoomPlace, RoomSummary } from "./history.ts"
import { statusKey } from "./history.ts"
import { type Kept, RoomHistory } from "./roomHistory.ts"
import {
  aliasRoutesOf,
  attached,
  type Conversation,
  detached,
  heard,
  leading,
  openedBy,
  peopleOf,
  type Route,
  routesOf
} from "./routes.ts"
import { RouteTable } from "./routeTable.ts"

export interface Bounds {
  readonly maxRooms: number
  readonly maxEventsPerRoom: number
  readonly maxStatuses: number
  /** The bytes of all rooms, with their events and routes. */
  readonly maxBytes: number
  readonly maxStatusBytes: number
}

/** What a route takes beside its texts. */
const perRoute = 64

const sizeOfRoute = ({ channelId, party, recipient }: Route): number =>
  perRoute + 2 * channelId.length + sizeOf(recipient) + sizeOf(party)

/** What a room takes without its id and what is in it. */
const perRoom = 640

interface RoomRecord extends Linked<RoomRecord> {
  room: Room
  readonly history: RoomHistory
  /** The bytes of the room itself, and those of the routes that lead here. */
  roomBytes: number
  routeBytes: number
  /** All bytes. */
  bytes: number
  /** The number of the latest activity in all rooms. */
  activity: number
  /** The position up to which the room was read. */
  read: number
}

const entryOf = ({ deliveries, event, position }: Kept): HistoryEntry => ({ position, event, deliveries })

/** Mutated in place. Each method is one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** The numbers of the latest event, and of the latest activity of a room. */
  #appended = 0
  #active = 0
  readonly #rooms = new Map<string, RoomRecord>()
  /** The rooms, the least recently used first. */
  readonly #order = new LinkedList<RoomRecord>()
  /** All rooms before this one have no events. */
  #firstWithEvents: RoomRecord | undefined
  #roomBytes = 0
  /** The room that was used last. A message asks for its room several times. */
  #latest: RoomRecord | undefined
  readonly #routes = new RouteTable<RoomRecord>()
  /** The statuses, the oldest first. */
  readonly #statuses: InsertionOrderedMap<DeliveryStatus>
  /** The payload of the latest status. The statuses of a report on many recipients share one, which counts once. */
  #payload: unknown

  constructor(bounds: Bounds) {
    this.#bounds = { ...bounds, maxRooms: Math.max(1, bounds.maxRooms) }
    this.#statuses = new InsertionOrderedMap({ maxEntries: bounds.maxStatuses, maxBytes: bounds.maxStatusBytes })
  }

  get(roomId: string): Room | undefined {
    return this.#record(roomId)?.room
  }

  rooms(limit: number = Infinity): ReadonlyArray<Room> {
    return Array.from(this.#order, ({ room }) => room).reverse().slice(0, limit)
  }

  /** Returns the bytes that are kept. */
  get bytes(): number {
    return this.#roomBytes + this.#statuses.bytes
  }

  /** Adds a room, and evicts the least recently used ones beyond the limits. */
  create(room: Room): { readonly room: Room; readonly created: boolean } {
    const known = this.#record(room.id)
    if (known !== undefined) return { room: known.room, created: false }
    const { maxBytes, maxEventsPerRoom } = this.#bounds
    const record: RoomRecord = {
      room,
      history: new RoomHistory(maxEventsPerRoom, maxBytes),
      roomBytes: sizeOf(room),
      routeBytes: 0,
      bytes: 0,
      activity: 0,
      read: 0,
      older: undefined,
      newer: undefined
    }
    this.#rooms.set(room.id, record)
    this.#order.append(record)
    this.#use(record)
    return { room, created: true }
  }

  route(conversation: Conversation, create: () => Room): { readonly room: Room; readonly created: boolean } {
    const found = this.#find(conversation)
    if (found !== undefined) {
      const room = heard(found.room, conversation)
      if (room !== found.room) {
        this.#lead(found, room, aliasRoutesOf(room))
      }
      return { room, created: false }
    }
    const made = this.create(create())
    const record = this.#record(made.room.id)
    if (record !== undefined) {
      this.#lead(record, record.room, [openedBy(conversation), ...aliasRoutesOf(record.room)])
    }
    return made
  }

  find(conversation: Conversation): Room | undefined {
    return this.#find(conversation)?.room
  }

  attach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#record(roomId)
    if (record === undefined) return undefined
    const room = attached(record.room, attachment)
    this.#lead(record, room, routesOf(attachment))
    return room
  }

  detach(roomId: string, attachment: Attachment): Room | undefined {
    const record = this.#record(roomId)
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
    const record = this.#record(event.roomId)
    if (record === undefined) return { _tag: "Appended", room: undefined }
    const { history, room } = record
    const known = history.find(event.id) ?? (key === undefined ? undefined : history.findByKey(key))
    if (known !== undefined) {
      return { _tag: "Repeated", room, event: known.event, deliveries: known.deliveries }
    }
    history.append(event, { deliveries, key, time: now, number: ++this.#appended, provider })
    this.#use(record)
    return { _tag: "Appended", room }
  }

  settle({ id, roomId }: Pick<RoomEvent, "id" | "roomId">, deliveries: ReadonlyArray<DeliveryOutcome>): void {
    const record = this.#record(roomId)
    const kept = record?.history.find(id)
    if (record === undefined || kept === undefined) return
    record.history.settle(kept, deliveries)
    this.#weigh(record)
  }

  history(
    roomId: string,
    { before = Infinity, limit = Infinity, ...span }: TimeSpan & {
      readonly before?: number | undefined
      readonly limit?: number | undefined
    }
  ): ReadonlyArray<HistoryEntry> | undefined {
    const record = this.#record(roomId)
    if (record === undefined) return undefined
    const isInSpan = Listing.isIn(span)
    const wanted = Array.from(record.history.events)
      .filter(({ position, time }) => position < before && isInSpan(time))
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
    return Array.from(this.#order).reverse()
      .filter(({ activity, history: { events }, room }) =>
        (after === undefined || activity < after.activity) &&
        (person === undefined || peopleOf(room).has(person)) &&
        (isInSpan === undefined || Array.from(events).some(({ time }) => isInSpan(time))) &&
        (words === undefined ||
          Array.from(events).some(({ event }) => Listing.wordsOf(event.content).includes(words)) ||
          (digits !== undefined && Array.from(peopleOf(room)).some((person) => person.includes(digits))))
      )
      .slice(0, limit)
      .map(({ activity, room }) => ({ room, place: { activity, id: room.id } }))
  }

  tally(options: Listing.TallyOptions): ReadonlyArray<Listing.Tally> {
    const received = Array.from(this.#order).flatMap(({ history }) =>
      Array.from(history.events).filter(({ event }) => event.source.direction === "inbound")
    )
    return Listing.tally(received.map(({ provider, time }) => ({ at: time, provider })), options)
  }

  summaries(roomIds: ReadonlyArray<string>): ReadonlyMap<string, RoomSummary> {
    const found = new Map<string, RoomSummary>()
    for (const id of roomIds) {
      const record = this.#record(id)
      if (record === undefined) continue
      const kept = Array.from(record.history.events)
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
    const record = this.#record(roomId)
    const kept = record?.history.find(id)
    if (record !== undefined && kept !== undefined) record.read = Math.max(record.read, kept.position)
  }

  searchReceived(
    { blocked, room, ...options }: SearchOptions & {
      readonly blocked?: boolean | undefined
      readonly room?: string | undefined
    }
  ): ReadonlyArray<Listed<Received>> {
    const found: Array<Searchable<Received>> = []
    for (const { history } of this.#order) {
      for (const { event, number, provider, time } of history.events) {
        if (event.source.direction !== "inbound" || (room !== undefined && event.roomId !== room)) continue
        if (blocked !== undefined && blocked !== (event.blocked !== undefined)) continue
        const place = { time, position: number }
        const value = { event, time: DateTime.makeUnsafe(time), ...(provider !== undefined && { provider }) }
        found.push({ value, place, provider, address: event.source.participant, content: event.content })
      }
    }
    return Listing.search(found, options)
  }

  event({ id, roomId }: Pick<RoomEvent, "id" | "roomId">): HistoryEntry | undefined {
    const kept = this.#record(roomId)?.history.find(id)
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
    // The first route usually leads to a room.
    const own = this.#routes.get(openedBy(conversation))
    if (own !== undefined) return own
    for (const route of leading(conversation)) {
      const record = this.#routes.get(route)
      if (record !== undefined) return record
    }
    return undefined
  }

  #record(roomId: string): RoomRecord | undefined {
    if (this.#latest?.room.id === roomId) return this.#latest
    const record = this.#rooms.get(roomId)
    if (record !== undefined) this.#latest = record
    return record
  }

  #forget(record: RoomRecord): void {
    const { attachments, id } = record.room
    for (const attachment of attachments) this.#forgetRoutes(record, attachment)
    if (this.#latest === record) this.#latest = undefined
    if (this.#firstWithEvents === record) this.#firstWithEvents = record.newer
    this.#rooms.delete(id)
    this.#order.remove(record)
    this.#roomBytes -= record.bytes
  }

  /** Makes the room the most recently used one. */
  #use(record: RoomRecord): void {
    record.activity = ++this.#active
    this.#latest = record
    if (this.#firstWithEvents === record) this.#firstWithEvents = record.newer
    this.#firstWithEvents ??= record
    this.#order.renew(record)
    this.#weigh(record)
  }

  /** Counts a room again that has changed, and evicts what exceeds the bounds. */
  #weigh(record: RoomRecord): void {
    this.#count(record)
    // Alone it is too large.
    if (record.bytes > this.#bounds.maxBytes) this.#forget(record)
    this.#evict()
  }

  /** Counts the bytes of a room. Its oldest events go if it exceeds the limit alone. */
  #count(record: RoomRecord): void {
    const { history, room: { id }, roomBytes, routeBytes } = record
    const own = perRoom + 2 * id.length + roomBytes + routeBytes
    while (history.size > 0 && own + history.bytes > this.#bounds.maxBytes) history.dropOldest()
    const bytes = own + history.bytes
    this.#roomBytes += bytes - record.bytes
    record.bytes = bytes
  }

  /** Forgets old rooms beyond their number. Beyond the bytes, the events of old rooms go before the rooms. */
  #evict(): void {
    const { maxBytes, maxRooms } = this.#bounds
    while (this.#rooms.size > maxRooms || this.#roomBytes > maxBytes) {
      const record = this.#rooms.size > maxRooms ? undefined : this.#oldestWithEvents()
      if (record === undefined) this.#forget(this.#order.oldest!)
      else {
        record.history.dropOldest()
        this.#count(record)
      }
    }
  }

  #oldestWithEvents(): RoomRecord | undefined {
    while (this.#firstWithEvents?.history.size === 0) this.#firstWithEvents = this.#firstWithEvents.newer
    return this.#firstWithEvents
  }

  /** Replaces a room by its new version, and leads these routes to it. */
  #lead(record: RoomRecord, room: Room, routes: ReadonlyArray<Route>): void {
    record.room = room
    record.roomBytes = sizeOf(room)
    for (const route of routes) {
      const former = this.#routes.get(route)
      if (former === record) continue
      const bytes = sizeOfRoute(route)
      this.#routes.set(route, record)
      record.routeBytes += bytes
      if (former === undefined) continue
      former.routeBytes -= bytes
      this.#count(former)
    }
    this.#weigh(record)
  }

  #forgetRoutes(record: RoomRecord, attachment: Attachment): void {
    for (const route of routesOf(attachment)) {
      if (this.#routes.get(route) !== record) continue
      this.#routes.delete(route)
      record.routeBytes -= sizeOfRoute(route)
    }
  }
}
