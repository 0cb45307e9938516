/**
 * Does a thing once a key, however often and however concurrently it is asked.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { Ordered } from "./ordered.ts"

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
  /** `None` when the call that came first failed, and another one may try. */
  readonly summary: Deferred.Deferred<Option.Option<S>>
}

/** What the effect gave to the call that ran it, or what was kept of it for the others. */
export type Outcome<A, S> =
  | { readonly _tag: "First"; readonly value: A }
  | { readonly _tag: "Repeated"; readonly summary: S }

export interface Once<S> {
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

export const make = <S>(options: Options): Effect.Effect<Once<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    // The order of insertion is the order of expiry. It is changed in place, and
    // only between two steps of a fiber: copying it would make the cost of a key
    // grow with the keys seen.
    const entries = new Ordered<Entry<S>>()

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
      const entry: Entry<S> = { expiresAt: now + timeToLive, what, summary: Deferred.makeUnsafe() }
      entries.put(key, entry)
      return { entry, mine: true }
    }

    const release = (key: string, entry: Entry<S>) =>
      Effect.suspend(() => {
        if (entries.get(key) === entry) entries.delete(key)
        return Deferred.succeed(entry.summary, Option.none())
      })

    const wait = <A>(entry: Entry<S>) =>
      Effect.map(
        Deferred.await(entry.summary),
        Option.map((summary): Outcome<A, S> => ({ _tag: "Repeated", summary }))
      )

    const work = <A, E, R>(key: string, entry: Entry<S>, effect: Effect.Effect<readonly [A, S], E, R>) =>
      effect.pipe(
        Effect.onExit((exit) =>
          Exit.isSuccess(exit)
            ? Deferred.succeed(entry.summary, Option.some(exit.value[1]))
            : release(key, entry)
        ),
        Effect.map(([value]) => Option.some<Outcome<A, S>>({ _tag: "First", value }))
      )

    const attempt = Effect.fnUntraced(function*<A, E, R, X>(
      { key, what, other }: { readonly key: string; readonly what: string; readonly other: Effect.Effect<never, X> },
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.fn.Return<Outcome<A, S>, E | X, R> {
      const summarized = Effect.map(effect, (value) => [value, summarize(value)] as const)
      while (true) {
        const now = yield* Clock.currentTimeMillis
        // Between the claim and the work nobody may interrupt, or the key would stay taken.
        const outcome = yield* Effect.uninterruptibleMask(
          (restore): Effect.Effect<Option.Option<Outcome<A, S>>, E | X, R> => {
            const { entry, mine } = claim(key, what, now)
            if (mine) return work(key, entry, restore(summarized))
            return entry.what === what ? restore(wait<A>(entry)) : other
          }
        )
        if (Option.isSome(outcome)) return outcome.value
      }
    })

    return {
      run: (key, effect, summarize) =>
        attempt({ key, what: "", other: Effect.die("Every key stands for itself") }, effect, summarize),
      runFor: (key, what, effect, summarize) =>
        attempt({ key, what, other: Effect.fail(new StandsForAnother()) }, effect, summarize)
    }
  })
