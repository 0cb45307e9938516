/**
 * Does a thing once a key, however often and however concurrently it is asked.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"

export interface Options {
  /** Keys remembered. Past that the oldest is forgotten, so a flood cannot grow memory. */
  readonly capacity: number
  /** How long a key is remembered. */
  readonly timeToLive: Duration.Input
}

interface Entry<S> {
  readonly expiresAt: number
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
}

export const make = <S>(options: Options): Effect.Effect<Once<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    // A `Map` keeps the order of insertion, which is the order of expiry. It is
    // changed in place, inside `Ref.modify` only: copying it would make the
    // cost of a key grow with the keys seen.
    const entries = Ref.makeUnsafe(new Map<string, Entry<S>>())

    const forgetOld = (map: Map<string, Entry<S>>, now: number) => {
      for (const [key, entry] of map) {
        if (entry.expiresAt > now && map.size < options.capacity) return
        map.delete(key)
      }
    }

    const claim = (key: string, mine: Entry<S>, now: number) =>
      Ref.modify(entries, (map): [Entry<S>, Map<string, Entry<S>>] => {
        forgetOld(map, now)
        const earlier = map.get(key)
        return earlier === undefined ? [mine, map.set(key, mine)] : [earlier, map]
      })

    const release = (key: string, mine: Entry<S>) =>
      Ref.update(entries, (map) => {
        if (map.get(key) === mine) map.delete(key)
        return map
      })

    const run = Effect.fnUntraced(function*<A, E, R>(
      key: string,
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ) {
      const work = (mine: Entry<S>, effect: Effect.Effect<A, E, R>) =>
        effect.pipe(
          Effect.onExit((exit) =>
            Exit.isSuccess(exit)
              ? Deferred.succeed(mine.summary, Option.some(summarize(exit.value)))
              : Effect.andThen(release(key, mine), Deferred.succeed(mine.summary, Option.none()))
          ),
          Effect.map((value): Option.Option<Outcome<A, S>> => Option.some({ _tag: "First", value }))
        )
      const wait = (entry: Entry<S>) =>
        Effect.map(
          Deferred.await(entry.summary),
          Option.map((summary): Outcome<A, S> => ({ _tag: "Repeated", summary }))
        )
      while (true) {
        const now = yield* Clock.currentTimeMillis
        const mine: Entry<S> = { expiresAt: now + timeToLive, summary: Deferred.makeUnsafe() }
        const outcome = yield* Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(claim(key, mine, now), (entry) =>
            entry === mine ? work(mine, restore(effect)) : restore(wait(entry)))
        )
        if (Option.isSome(outcome)) return outcome.value
      }
    })
    return { run }
  })
