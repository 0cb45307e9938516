/**
 * Does a thing once a key, however often and however concurrently it is asked.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InsertionOrderedMap } from "./insertionOrderedMap.ts"

export interface Options {
  /** Keys remembered. Past that the oldest is forgotten, so a flood cannot grow memory. */
  readonly capacity: number
  /** How long a key is remembered. */
  readonly timeToLive: Duration.Input
}

/** The key was seen, and stood for something else. */
export class StandsForAnother extends Data.TaggedError("StandsForAnother") {}

interface Entry<S> {
  readonly expiresAt: number
  /** What the key stands for. */
  readonly what: string
  /** What was kept of the call that came first. `None` until it has succeeded. */
  summary: Option.Option<S>
  /** Wakes those who wait for it. Nearly every key is done before it is asked for again, so it is made for the first. */
  done: Deferred.Deferred<void> | undefined
}

/** What the effect gave to the call that ran it, or what was kept of it for the others. */
export type Outcome<A, S> =
  | { readonly _tag: "First"; readonly value: A }
  | { readonly _tag: "Repeated"; readonly summary: S }

export interface Deduplicator<S> {
  /**
   * Runs the effect, unless the key was seen: then waits for the call that came
   * first and gives the summary that is kept of it. If the first call fails or
   * is interrupted, the next one that waits takes its place, so a repetition
   * can still succeed.
   */
  readonly run: <A, E, R>(
    key: string,
    effect: Effect.Effect<A, E, R>,
    summarize: (value: A) => S
  ) => Effect.Effect<Outcome<A, S>, E, R>
  /**
   * As `run`, for a key that somebody else chose for one thing. Fails at once
   * when it stands for another, also while that is under way.
   */
  readonly runFor: <A, E, R>(
    key: string,
    what: string,
    effect: Effect.Effect<A, E, R>,
    summarize: (value: A) => S
  ) => Effect.Effect<Outcome<A, S>, E | StandsForAnother, R>
}

export const make = <S>(options: Options): Effect.Effect<Deduplicator<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    // The order of insertion is the order of expiry. It is changed in place, and
    // only between two steps of a fiber: copying it would make the cost of a key
    // grow with the keys seen.
    const entries = new InsertionOrderedMap<Entry<S>>()

    const forget = (isOld: (entry: Entry<S>) => boolean) => {
      for (let oldest = entries.oldest(); oldest !== undefined; oldest = entries.oldest()) {
        const [key, entry] = oldest
        if (!isOld(entry)) return
        entries.delete(key)
      }
    }

    /** The entry of the key, which is a new one if nobody has it. */
    const claim = (key: string, what: string, now: number): { readonly entry: Entry<S>; readonly mine: boolean } => {
      forget(({ expiresAt }) => expiresAt <= now)
      const earlier = entries.get(key)
      // The clock of a machine can be set back, which leaves expired entries behind fresh ones.
      if (earlier !== undefined && earlier.expiresAt > now) return { entry: earlier, mine: false }
      entries.delete(key)
      forget(() => entries.size >= options.capacity)
      const entry: Entry<S> = { expiresAt: now + timeToLive, what, summary: Option.none(), done: undefined }
      entries.put(key, entry)
      return { entry, mine: true }
    }

    /** When it fails, another one may try. */
    const work = <A, E, R>(key: string, entry: Entry<S>, effect: Effect.Effect<A, E, R>, summarize: (value: A) => S) =>
      effect.pipe(
        Effect.map((value): Outcome<A, S> => {
          entry.summary = Option.some(summarize(value))
          return { _tag: "First", value }
        }),
        Effect.onExit(() =>
          Effect.sync(() => {
            if (Option.isNone(entry.summary) && entries.get(key) === entry) entries.delete(key)
            if (entry.done !== undefined) Deferred.doneUnsafe(entry.done, Effect.void)
          })
        )
      )

    const wait = (entry: Entry<S>): Effect.Effect<Option.Option<S>> => {
      if (Option.isSome(entry.summary)) return Effect.succeed(entry.summary)
      entry.done ??= Deferred.makeUnsafe()
      return Effect.map(Deferred.await(entry.done), () => entry.summary)
    }

    const attempt = <A, E, R, X>(
      { key, other, what }: { readonly key: string; readonly what: string; readonly other: Effect.Effect<never, X> },
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.Effect<Outcome<A, S>, E | X, R> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        // Between the claim and the work nobody may interrupt, or the key would stay taken.
        Effect.uninterruptibleMask((restore): Effect.Effect<Outcome<A, S>, E | X, R> => {
          const { entry, mine } = claim(key, what, now)
          if (mine) return work(key, entry, restore(effect), summarize)
          if (entry.what !== what) return other
          return restore(Effect.flatMap(wait(entry), (summary) =>
            Option.isSome(summary)
              ? Effect.succeed({ _tag: "Repeated", summary: summary.value })
              : attempt({ key, other, what }, effect, summarize)))
        }))

    const ofItself = Effect.die("Every key stands for itself")

    return {
      run: (key, effect, summarize) => attempt({ key, what: "", other: ofItself }, effect, summarize),
      runFor: (key, what, effect, summarize) =>
        attempt({ key, what, other: Effect.fail(new StandsForAnother()) }, effect, summarize)
    }
  })
