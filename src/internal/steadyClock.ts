/**
 * The clock for times that one process compares with each other: nobody sets
 * it, so a wait is never longer than it was meant to be.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const toMillis = (nanos: bigint): number => Number(nanos / 1_000_000n)

/** The milliseconds since some moment of the past. They say nothing to another process. */
export const millis: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, toMillis)

/** Runs an effect for which the time is the one of this clock. */
export const by = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.Clock, (clock) =>
    Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => toMillis(clock.monotonicTimeNanosUnsafe()),
      currentTimeMillis: Effect.map(clock.monotonicTimeNanos, toMillis),
      currentTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      currentTimeNanos: clock.monotonicTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }))
