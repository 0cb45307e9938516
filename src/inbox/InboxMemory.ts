/**
 * An inbox in memory: for one process, for tests, and for applications that
 * want lanes and retries without a database. A restart loses it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Entry, Inbox, keyOf, laneOf, type Service } from "./Inbox.ts"

/**
 * Options of an inbox.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How long a claimed entry is left to the process that has it. 30 seconds by default. */
  readonly lease?: Duration.Input | undefined
}

interface Kept {
  entry: Entry
  availableAt: number
  leaseUntil: number
}

/**
 * Makes an inbox in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, never, SecureRandom.SecureRandom> {
  const random = yield* SecureRandom.SecureRandom
  const lease = Duration.toMillis(Duration.fromInputUnsafe(options.lease ?? "30 seconds"))
  const kept = new Map<string, Kept>()
  const keys = new Map<string, string>()
  let position = 0

  const isPending = ({ entry }: Kept) => entry.state === "pending"

  /** The first pending entry of each lane, in the order of acceptance. */
  const heads = (): ReadonlyArray<Kept> => {
    const lanes = new Map<string, Kept>()
    for (const one of kept.values()) if (isPending(one) && !lanes.has(one.entry.lane)) lanes.set(one.entry.lane, one)
    return [...lanes.values()]
  }

  const change = (id: string, f: (kept: Kept) => void) =>
    Effect.sync(() => {
      const one = kept.get(id)
      if (one !== undefined) f(one)
      return one !== undefined
    })

  const withState = (one: Kept, fields: Partial<Entry>) => {
    one.entry = new Entry({ ...one.entry, ...fields })
    one.leaseUntil = 0
  }

  return Inbox.of({
    accept: Effect.fnUntraced(function*(events) {
      const now = yield* DateTime.now
      const ids = yield* Effect.forEach(events, () => random.ulid)
      return events.map((event, index) => {
        const key = keyOf(event)
        const earlier = key === undefined ? undefined : keys.get(key)
        if (earlier !== undefined) return { _tag: "Repeated", id: earlier }
        const id = ids[index]!
        if (key !== undefined) keys.set(key, id)
        kept.set(id, {
          entry: new Entry({
            id,
            position: ++position,
            lane: laneOf(event),
            event,
            state: "pending",
            acceptedAt: now,
            failures: 0
          }),
          availableAt: 0,
          leaseUntil: 0
        })
        return { _tag: "Accepted", id }
      })
    }),
    claim: ({ limit }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const free = heads().filter(({ availableAt, leaseUntil }) => availableAt <= now && leaseUntil <= now)
        const taken = free.slice(0, limit)
        for (const one of taken) one.leaseUntil = now + lease
        return taken.map(({ entry }) => entry)
      }),
    renew: (ids) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          Effect.forEach(ids, (id) => change(id, (one) => void (one.leaseUntil = now + lease)), { discard: true })
      ),
    complete: (id) => Effect.asVoid(change(id, (one) => withState(one, { state: "done" }))),
    release: (ids) => Effect.forEach(ids, (id) => change(id, (one) => void (one.leaseUntil = 0)), { discard: true }),
    retryAt: (id, at, lastError) =>
      Effect.asVoid(change(id, (one) => {
        withState(one, { failures: one.entry.failures + 1, lastError })
        one.availableAt = DateTime.toEpochMillis(at)
      })),
    bury: (id, lastError) =>
      Effect.asVoid(
        change(id, (one) => withState(one, { state: "dead", failures: one.entry.failures + 1, lastError }))
      ),
    replay: (id) =>
      change(id, (one) => {
        withState(one, { state: "pending", failures: 0 })
        one.availableAt = 0
      }),
    list: ({ before = Infinity, limit, state }) =>
      Effect.sync(() =>
        [...kept.values()].map(({ entry }) => entry)
          .filter((entry) => entry.state === state && entry.position < before)
          .reverse()
          .slice(0, limit)
      ),
    backlog: Effect.sync(() => {
      const pending = [...kept.values()].filter(isPending)
      return {
        pending: pending.length,
        dead: [...kept.values()].filter(({ entry }) => entry.state === "dead").length,
        oldest: pending[0]?.entry.acceptedAt
      }
    }),
    nextAt: Effect.sync(() =>
      Math.min(Infinity, ...heads().map(({ availableAt, leaseUntil }) => Math.max(availableAt, leaseUntil)))
    )
  })
})

/**
 * Provides an inbox in memory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Inbox, never, SecureRandom.SecureRandom> =>
  Layer.effect(Inbox, make(options))
