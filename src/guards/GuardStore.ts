/**
 * Stores what guards count. Servers that share a database count together: each
 * change of several counters is one atomic step.
 *
 * {@link layerMemory} counts in one process; `effect-sms/sql` stores the
 * counters in a database.
 *
 * **Example** (A counter of an application's own guard)
 *
 * ```ts run
 * import { Effect, Schema } from "effect"
 * import { GuardStore } from "effect-sms"
 *
 * const count = Effect.gen(function*() {
 *   const store = yield* GuardStore.GuardStore
 *   return yield* store.modify("mine", Schema.Finite)(["a"], (states, now) => {
 *     const total = (states.get("a") ?? 0) + 1
 *     return { answer: total, changes: new Map([["a", { state: total, expiresAt: now + 60_000 }]]) }
 *   })
 * })
 *
 * await Effect.runPromise(Effect.provide(Effect.andThen(count, count), GuardStore.layerMemory())) // => 2
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type { Event } from "../events/Event.ts"
import { recorder } from "../events/EventLog.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import type { StorageError } from "../StorageError.ts"

/**
 * A counter as a step leaves it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept<S> {
  readonly state: S
  /** When the state is the same as none, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * What a step makes of the counters.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step<S, A> {
  readonly answer: A
  /** The counters that change, by key. Those of other keys than the given ones are ignored. */
  readonly changes?: ReadonlyMap<string, Kept<S>> | undefined
  /** Events to append to the event log in the same step. */
  readonly events?: ReadonlyArray<Event> | undefined
}

/**
 * A function of the states of the given keys and of the time in milliseconds. A
 * counter without a state is absent. The store may call it twice.
 *
 * @category models
 * @since 0.1.0
 */
export type Change<S, A> = (states: ReadonlyMap<string, S>, now: number) => Step<S, A>

/**
 * The members of {@link GuardStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Changes the counters of these keys in one atomic step. All counters of a prefix have one schema. */
  readonly modify: <S>(
    prefix: string,
    schema: Schema.Codec<S, unknown>
  ) => <A>(keys: ReadonlyArray<string>, change: Change<S, A>) => Effect.Effect<A, StorageError>
}

/**
 * The store of counters.
 *
 * @category services
 * @since 0.1.0
 */
export class GuardStore extends Context.Service<GuardStore, Service>()("effect-sms/guards/GuardStore") {}

/**
 * Options of the store in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /** The maximum number of counters; the one that was not changed the longest is dropped. 100,000 by default. */
  readonly capacity?: number | undefined
}

/**
 * Makes a store in memory, which is lost on restart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(
  { capacity = 100_000 }: MemoryOptions = {}
): Effect.fn.Return<Service> {
  const record = yield* recorder
  const all = new InsertionOrderedMap<Kept<unknown>>({ maxEntries: capacity })

  return GuardStore.of({
    modify: <S>(prefix: string) => <A>(keys: ReadonlyArray<string>, change: Change<S, A>) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const states = new Map<string, S>()
        for (const key of keys) {
          const kept = all.get(`${prefix} ${key}`)
          // Only this prefix puts states under its keys.
          if (kept !== undefined && kept.expiresAt > now) states.set(key, kept.state as S)
        }
        const { answer, changes, events = [] } = change(states, now)
        for (const key of keys) {
          const kept = changes?.get(key)
          if (kept !== undefined) all.put(`${prefix} ${key}`, kept)
        }
        all.trim()
        return Effect.as(Effect.forEach(events, (event) => record(() => event), { discard: true }), answer)
      })
  })
})

/**
 * Provides a store in memory: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<GuardStore> =>
  Layer.effect(GuardStore, makeMemory(options))
