/**
 * A queue in memory. It is lost on restart.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Address } from "../Address.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import { personOf } from "../internal/person.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import { StorageError } from "../StorageError.ts"
import type { Claim, Definition, Described, Entry, Filter, Queue } from "./Queue.ts"

interface Lane {
  readonly name: string
  /** The pending entries, the oldest first. */
  readonly pending: Array<string>
  readyAt: number
  /** When `readyAt` was written. Later than now when the clock was set back since. */
  writtenAt: number
  claimed: boolean
  claims: number
}

const matches = (
  { acceptedAt, lane }: Entry<unknown>,
  described: Described | undefined,
  { kind, lanes = "", number, provider, since, until }: Filter
): boolean => {
  const address = described?.address
  return lane.startsWith(lanes) &&
    (kind === undefined || kind === described?.kind) &&
    (provider === undefined || provider === described?.provider) &&
    (number === undefined || (address !== undefined && personOf(Address.make(address)) === personOf(number))) &&
    (since === undefined || DateTime.isGreaterThanOrEqualTo(acceptedAt, since)) &&
    (until === undefined || DateTime.isLessThan(acceptedAt, until))
}

/**
 * Options of a queue in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The number of processed entries to remember, which recognize repetitions and can be replayed. 10,000 by default. */
  readonly capacity?: number | undefined
  /**
   * The maximum bytes of pending entries, of processed ones and of dead letters,
   * each estimated. 32 MiB by default. Beyond it, no more events are accepted, the
   * oldest processed entry is forgotten, and the oldest dead letter is dropped
   * with an error in the log.
   */
  readonly maxBytes?: number | undefined
}

/** What an entry takes beside itself: its place in its lane and in the indices. */
const perEntry = 512

/**
 * Makes a queue in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<A>(
  { describe, keyOf, laneOf }: Definition<A>,
  { capacity = 10_000, maxBytes = 32 * 1024 * 1024 }: Options = {}
): Effect.fn.Return<Queue<A>, never, SecureRandom.SecureRandom> {
  const random = yield* SecureRandom.SecureRandom
  const entries = new Map<string, Entry<A>>()
  const keys = new Map<string, string>()
  const pending = new InsertionOrderedMap<Entry<A>["state"]>()
  /** The processed entries, the oldest first. */
  const processed = new InsertionOrderedMap<Entry<A>["state"]>({ maxEntries: capacity, maxBytes })
  const dead = new InsertionOrderedMap<Entry<A>["state"]>({ maxBytes })
  const lanes = new Map<string, Lane>()
  let position = 0

  const enqueue = (entry: Entry<A>) => {
    const lane = lanes.get(entry.lane) ??
      { name: entry.lane, pending: [], readyAt: 0, writtenAt: 0, claimed: false, claims: 0 }
    lane.pending.push(entry.id)
    lane.pending.sort((one, other) => entries.get(one)!.position - entries.get(other)!.position)
    lanes.set(entry.lane, lane)
  }

  /** Returns the lane if the claim is current. */
  const held = ({ lane, number }: Claim): Lane | undefined => {
    const one = lanes.get(lane)
    return one?.claimed === true && one.claims === number ? one : undefined
  }

  const forget = (id: string) => {
    const entry = entries.get(id)
    const key = entry === undefined ? undefined : keyOf(entry.event)
    if (key !== undefined) keys.delete(key)
    entries.delete(id)
  }

  const bytesOf = (entry: Entry<A>): number => perEntry + sizeOf(entry)

  /** Moves an entry to those in its new state. Returns how many fell out at the bounds. */
  const move = (entry: Entry<A>): number => {
    const { id, state } = entry
    for (const others of [pending, processed, dead]) others.delete(id)
    entries.set(id, entry)
    const others = { pending, done: processed, dead }[state]
    let forgotten = 0
    if (!others.put(id, state, bytesOf(entry))) {
      forget(id)
      forgotten++
    }
    for (let oldest = others.excess(); oldest !== undefined; oldest = others.excess()) {
      others.delete(oldest.key)
      forget(oldest.key)
      forgotten++
    }
    return forgotten
  }

  const settle = (claim: Claim, { id }: Entry<A>, fields: Partial<Entry<A>>) =>
    Effect.suspend(() => {
      const lane = held(claim)
      if (lane?.pending.includes(id) !== true) return Effect.succeed(false)
      lane.pending.splice(lane.pending.indexOf(id), 1)
      const forgotten = move({ ...entries.get(id)!, ...fields })
      const logged = fields.state === "dead" && forgotten > 0
        ? Effect.logError(`Dead letters dropped at the limit of the memory: ${forgotten}`)
        : Effect.void
      return Effect.as(logged, true)
    })

  const leave = (lane: Lane, now: number, delay: Duration.Duration = Duration.zero) => {
    lane.claimed = false
    lane.readyAt = now + Duration.toMillis(delay)
    lane.writtenAt = now
    if (lane.pending.length === 0) lanes.delete(lane.name)
  }

  const free = () => [...lanes.values()].filter(({ claimed, pending }) => !claimed && pending.length > 0)

  const inState = (state: Entry<A>["state"]) => [...entries.values()].filter((entry) => entry.state === state)

  return {
    accept: Effect.fnUntraced(function*(events) {
      const acceptedAt = yield* DateTime.now
      const ids = yield* Effect.forEach(events, () => random.ulid)
      const isNew = (event: A) => !keys.has(keyOf(event) ?? "")
      const bytes = events.filter(isNew).reduce((bytes, event) => bytes + perEntry + sizeOf(event), pending.bytes)
      if (bytes > maxBytes) {
        return yield* new StorageError({ store: "queue", cause: new Error("The queue is full") })
      }
      return events.map((event, index) => {
        const key = keyOf(event)
        const earlier = key === undefined ? undefined : keys.get(key)
        if (earlier !== undefined) return { _tag: "Repeated", id: earlier }
        const id = ids[index]!
        if (key !== undefined) keys.set(key, id)
        const entry: Entry<A> = {
          id,
          position: ++position,
          lane: laneOf(event),
          event,
          state: "pending",
          acceptedAt,
          failures: 0
        }
        move(entry)
        enqueue(entry)
        return { _tag: "Accepted", id }
      })
    }),
    claim: ({ limit }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const taken = free().filter(({ readyAt, writtenAt }) => readyAt <= now || writtenAt > now).slice(0, limit)
        return taken.map((lane): Claim => {
          lane.claimed = true
          return { lane: lane.name, number: ++lane.claims }
        })
      }),
    head: (claim) =>
      Effect.sync(() => {
        const [first] = held(claim)?.pending ?? []
        return first === undefined ? undefined : entries.get(first)
      }),
    complete: Effect.fnUntraced(function*(claim, entry, changes = []) {
      if (held(claim)?.pending.includes(entry.id) !== true) return { _tag: "Outdated" }
      for (const change of changes) yield* change
      if (!(yield* settle(claim, entry, { state: "done" }))) return { _tag: "Outdated" }
      const lane = held(claim)!
      const [next] = lane.pending
      if (next !== undefined) return { _tag: "Next", entry: entries.get(next)! }
      lanes.delete(lane.name)
      return { _tag: "Released" }
    }),
    bury: (claim, entry, lastError) => settle(claim, entry, { state: "dead", failures: entry.failures + 1, lastError }),
    retry: (claim, { id }, { delay, error: lastError }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const lane = held(claim)
        if (lane === undefined) return
        const entry = entries.get(id)!
        entries.set(id, { ...entry, failures: entry.failures + 1, lastError })
        leave(lane, now, delay)
      }),
    release: (claim, delay) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const lane = held(claim)
        if (lane !== undefined) leave(lane, now, delay)
      }),
    releaseOthers: (claims) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const kept = new Set(claims.flatMap((claim) => held(claim) ?? []))
        for (const lane of lanes.values()) if (lane.claimed && !kept.has(lane)) leave(lane, now)
      }),
    hasten: (begin) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        for (const lane of lanes.values()) {
          if (!lane.name.startsWith(begin)) continue
          lane.readyAt = now
          lane.writtenAt = now
        }
      }),
    replay: (id) =>
      Effect.sync(() => {
        const entry = entries.get(id)
        if (entry === undefined) return false
        if (entry.state === "pending") return true
        const again: Entry<A> = { ...entry, state: "pending", failures: 0 }
        move(again)
        enqueue(again)
        return true
      }),
    list: ({ before = Infinity, filter = {}, limit, state }) =>
      Effect.sync(() =>
        inState(state).filter((entry) => entry.position < before && matches(entry, describe?.(entry.event), filter))
          .reverse().slice(0, limit)
      ),
    backlog: (begin = "") =>
      Effect.sync(() => {
        const of = (state: Entry<A>["state"]) => inState(state).filter(({ lane }) => lane.startsWith(begin))
        const pending = of("pending")
        return { pending: pending.length, dead: of("dead").length, oldest: pending[0]?.acceptedAt }
      }),
    nextAt: Effect.sync(() => Math.min(Infinity, ...free().map(({ readyAt }) => readyAt)))
  }
})
