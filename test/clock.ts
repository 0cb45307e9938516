/** Clocks other than that of the machine, for what no test clock can be used for. */
import { Clock, Duration, Effect } from "effect"

/** Runs a program, and all that it starts, by a clock that is so many times as fast: its waits take less time. */
export const faster = (rate: number) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const begun = clock.currentTimeMillisUnsafe()
    const since = clock.monotonicTimeNanosUnsafe()
    const monotonicTimeNanosUnsafe = () => since + (clock.monotonicTimeNanosUnsafe() - since) * BigInt(rate)
    const currentTimeNanosUnsafe = () => BigInt(begun) * 1_000_000n + monotonicTimeNanosUnsafe() - since
    const currentTimeMillisUnsafe = () => Number(currentTimeNanosUnsafe() / 1_000_000n)
    return Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe,
      currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
      currentTimeNanosUnsafe,
      currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
      monotonicTimeNanosUnsafe,
      monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
      sleep: (duration) => clock.sleep(Duration.times(duration, 1 / rate))
    })
  })

/** A clock that is set while a program runs. Its timers, and the time that it measures, do not follow. */

export const settable = Effect.map(Clock.Clock, (clock) => {
  let ahead = 0
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + ahead
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
  const set: Clock.Clock = {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
  return {
    /** Runs a program, and all that it starts, by this clock. */
    by: Effect.provideService(Clock.Clock, set),
    /** Sets it forward, or back with a negative number. */
    turn: (millis: number) =>
      Effect.sync(() => {
        ahead += millis
      })
  }
})
