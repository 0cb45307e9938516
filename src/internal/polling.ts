/**
 * Loops that look for due work in a store: at the time that the last look
 * returned, and when they are woken.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"

/** How often a store is asked for what other processes left, unless it is told otherwise. */
export const defaultInterval: Duration.Input = "1 second"

/** The delays between attempts, unless it is told otherwise: about half a day in all. */
export const defaultWaits: ReadonlyArray<Duration.Input> = [
  "1 second",
  "5 seconds",
  "15 seconds",
  "30 seconds",
  "1 minute",
  "5 minutes",
  "15 minutes",
  "30 minutes",
  "1 hour",
  "3 hours",
  "6 hours"
]

export interface Options<E, R> {
  /** Does what is due, and returns when to look again, in epoch milliseconds. */
  readonly look: Effect.Effect<number, E, R>
  /** Makes the loop look at once. */
  readonly wake: Latch.Latch
  /** When to look again after a look that failed, in milliseconds. */
  readonly pollInterval: number
  /** Logs the first of several failures. */
  readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<void>
  /** Logs the first success after failures. */
  readonly onRecovery: Effect.Effect<void>
  /** Is told when the loop looks again. */
  readonly onWait?: (at: number) => void
}

/** Looks until it is interrupted. */
export const loop = <E, R>(
  { look, onFailure, onRecovery, onWait, pollInterval, wake }: Options<E, R>
): Effect.Effect<never, never, R> => {
  let isBroken = false
  const lookSafely = look.pipe(
    Effect.tap(() => {
      const wasBroken = isBroken
      isBroken = false
      return wasBroken ? onRecovery : Effect.void
    }),
    Effect.catchCause((cause) => {
      const wasBroken = isBroken
      isBroken = true
      return Effect.andThen(
        wasBroken ? Effect.void : onFailure(cause),
        Effect.map(Clock.currentTimeMillis, (now) => now + pollInterval)
      )
    })
  )
  return Effect.forever(Effect.gen(function*() {
    yield* wake.close
    const at = yield* lookSafely
    onWait?.(at)
    const wait = Math.max(0, at - (yield* Clock.currentTimeMillis))
    yield* Effect.raceFirst(Effect.sleep(wait), wake.await)
  }))
}
