/**
 * Runs an effect at most once per key, even under concurrent calls.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { attempt } from "./attempt.ts"
import { InsertionOrderedMap } from "./insertionOrderedMap.ts"
import { sizeOf } from "./sizeOf.ts"

export interface Options {
  /** The maximum number of keys. Beyond it the oldest key is evicted, which bounds memory under a flood. */
  readonly capacity: number
  /** The maximum bytes of keys and summaries, beside their number. Unlimited by default. */
  readonly maxBytes?: number | undefined
  /** How long a key is remembered. */
  readonly timeToLive: Duration.Input
}

interface Entry<S> {
  readonly expiresAt: number
  /** The summary of the first call, which `isDone` tells from none. */
  summary: S | undefined
  isDone: boolean
  /** Wakes the waiting calls. Created by the first call that waits, because most keys complete before they repeat. */
  done: Deferred.Deferred<void> | undefined
}

/** What an entry takes without its summary. */
const perEntry = 160

/** The result of the call that ran the effect, or its summary for every later call. */
export type Outcome<A, S> =
  | { readonly _tag: "First"; readonly value: A }
  | { readonly _tag: "Repeated"; readonly summary: S }

export interface Deduplicator<S> {
  /**
   * Runs the effect unless the key is known. For a known key, waits for the first
   * call and returns its summary. If the first call fails or is interrupted, the
   * next waiting call runs its effect instead, so a repetition can still succeed.
   */
  readonly run: <A, E, R>(
    key: string,
    effect: Effect.Effect<A, E, R>,
    summarize: (value: A) => S
  ) => Effect.Effect<Outcome<A, S>, E, R>
  /**
   * As `run`, but builds the effect at once if the key is not known, at this time
   * in epoch milliseconds. The result of one that is done by then is returned. The
   * fiber must not be interrupted before it begins with the effect that this
   * returns: see `SupervisedFibers.begin`.
   */
  readonly begin: <A, E, R>(
    key: string,
    now: number,
    build: () => Effect.Effect<A, E, R>,
    summarize: (value: A) => S
  ) => Effect.Effect<Outcome<A, S>, E, R>
}

export const make = <S>(options: Options): Effect.Effect<Deduplicator<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    // Insertion order is expiry order. The map is mutated in place, always between
    // two steps of a fiber; copying it would make the cost of a call grow with the
    // number of keys.
    const entries = new InsertionOrderedMap<Entry<S>>({
      maxEntries: Math.max(1, options.capacity),
      maxBytes: options.maxBytes
    })

    const forgetExpired = (now: number) => {
      for (let oldest = entries.oldest(); oldest !== undefined; oldest = entries.oldest()) {
        const { key, value: { expiresAt } } = oldest
        if (expiresAt > now) return
        entries.delete(key)
      }
    }

    /** Returns the live entry of the key, or claims the key with a new entry. */
    const claim = (key: string, now: number): { readonly entry: Entry<S>; readonly mine: boolean } => {
      forgetExpired(now)
      const earlier = entries.get(key)
      // The system clock can be set back, which leaves expired entries behind fresh ones.
      if (earlier !== undefined && earlier.expiresAt > now) return { entry: earlier, mine: false }
      const entry: Entry<S> = { expiresAt: now + timeToLive, summary: undefined, isDone: false, done: undefined }
      entries.put(key, entry, perEntry)
      entries.trim()
      return { entry, mine: true }
    }

    /** Runs the effect of the call that owns the entry. On failure the key is released for the next call. */
    const work = <A, E, R>(key: string, entry: Entry<S>, effect: Effect.Effect<A, E, R>, summarize: (value: A) => S) =>
      Effect.matchCauseEffectEager(
        attempt(() => Effect.mapEager(effect, (value) => ({ value, summary: summarize(value) }))),
        {
          onSuccess: ({ summary, value }): Effect.Effect<Outcome<A, S>> => {
            entry.summary = summary
            entry.isDone = true
            if (entries.get(key) === entry) {
              entries.resize(key, perEntry + sizeOf(summary))
              entries.trim()
            }
            if (entry.done !== undefined) Deferred.doneUnsafe(entry.done, Effect.void)
            return Effect.succeed({ _tag: "First", value })
          },
          onFailure: (cause) => {
            if (entries.get(key) === entry) entries.delete(key)
            if (entry.done !== undefined) Deferred.doneUnsafe(entry.done, Effect.void)
            return Effect.failCause(cause)
          }
        }
      )

    const wait = (entry: Entry<S>): Effect.Effect<void> => {
      if (entry.isDone) return Effect.void
      entry.done ??= Deferred.makeUnsafe()
      return Deferred.await(entry.done)
    }

    const run = <A, E, R>(
      key: string,
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.Effect<Outcome<A, S>, E, R> =>
      // An interruption between the claim and the work would leave the key claimed forever.
      Effect.uninterruptibleMask((restore) =>
        Effect.withFiber((fiber): Effect.Effect<Outcome<A, S>, E, R> => {
          const { entry, mine } = claim(key, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())
          return mine ? work(key, entry, restore(effect), summarize) : restore(repeat(key, entry, effect, summarize))
        })
      )

    /** Waits for the first call. If that fails, this one is the next. */
    const repeat = <A, E, R>(
      key: string,
      entry: Entry<S>,
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.Effect<Outcome<A, S>, E, R> =>
      Effect.flatMapEager(wait(entry), () =>
        entry.isDone
          ? Effect.succeed({ _tag: "Repeated", summary: entry.summary as S })
          : run(key, effect, summarize))

    return {
      run,
      begin: (key, now, build, summarize) => {
        const { entry, mine } = claim(key, now)
        return mine
          ? work(key, entry, attempt(build), summarize)
          : repeat(key, entry, Effect.suspend(build), summarize)
      }
    }
  })
