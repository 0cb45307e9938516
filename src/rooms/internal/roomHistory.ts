/**
 * The latest events of one room in memory.
 */
import { type Linked, LinkedList } from "../../internal/linkedList.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { DeliveryOutcome, HistoryEntry } from "./history.ts"
import { sizeOfEvent } from "./sizeOfEvent.ts"

/** An event of a room, and what a store knows of it. */
export interface Kept extends HistoryEntry, Linked<Kept> {
  deliveries: ReadonlyArray<DeliveryOutcome> | undefined
  readonly key: string | undefined
  /** When the event was stored, in epoch milliseconds, and its number in all rooms. */
  readonly time: number
  readonly number: number
  readonly provider: string | undefined
  /** The bytes without the deliveries. */
  readonly ownBytes: number
  bytes: number
}

/** What an event takes beside its own objects, and an idempotency key beside its text. */
const perEvent = 160
const perKey = 64

/** The outcomes that nobody was told of are one list for all events. */
const bytesOf = (deliveries: Kept["deliveries"]): number => deliveries?.length === 0 ? 0 : sizeOf(deliveries)

/** Mutated in place. */
export class RoomHistory {
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #events = new LinkedList<Kept>()
  /** The events that have an idempotency key, by key. */
  #keys: Map<string, Kept> | undefined
  /** No event has an id after this one. Nearly all ids come in their order, so most events are new at a glance. */
  #lastId = ""
  #next = 1
  #size = 0
  #bytes = 0

  constructor(maxEvents: number, maxBytes: number) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#size
  }

  /** The estimated bytes of all events. */
  get bytes(): number {
    return this.#bytes
  }

  /** The events, oldest first. Do not change the history meanwhile. */
  get events(): Iterable<Kept> {
    return this.#events
  }

  /** Finds an event by its id. One that is asked for is nearly always among the latest. */
  find(id: string): Kept | undefined {
    if (id > this.#lastId) return undefined
    for (let kept = this.#events.newest; kept !== undefined; kept = kept.older) if (kept.event.id === id) return kept
    return undefined
  }

  findByKey(key: string): Kept | undefined {
    return this.#keys?.get(key)
  }

  /** Appends an event, except one that exceeds the bound alone: it would evict all others in vain. */
  append(
    event: RoomEvent,
    { deliveries, key, number, provider, time }: Pick<Kept, "deliveries" | "key" | "number" | "provider" | "time">
  ): void {
    const ownBytes = perEvent + sizeOfEvent(event) + (key === undefined ? 0 : perKey + 2 * key.length)
    const bytes = ownBytes + bytesOf(deliveries)
    if (bytes > this.#maxBytes) return
    const kept: Kept = {
      position: this.#next++,
      event,
      deliveries,
      key,
      time,
      number,
      provider,
      ownBytes,
      bytes,
      older: undefined,
      newer: undefined
    }
    this.#events.append(kept)
    this.#size++
    this.#bytes += bytes
    if (event.id > this.#lastId) this.#lastId = event.id
    if (key !== undefined) (this.#keys ??= new Map()).set(key, kept)
    while (this.#size > this.#maxEvents) this.dropOldest()
  }

  settle(kept: Kept, deliveries: ReadonlyArray<DeliveryOutcome>): void {
    const bytes = kept.ownBytes + bytesOf(deliveries)
    this.#bytes += bytes - kept.bytes
    kept.bytes = bytes
    kept.deliveries = deliveries
  }

  dropOldest(): void {
    const oldest = this.#events.oldest
    if (oldest === undefined) return
    this.#events.remove(oldest)
    this.#size--
    this.#bytes -= oldest.bytes
    if (oldest.key !== undefined) this.#keys?.delete(oldest.key)
  }
}
