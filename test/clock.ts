/** A clock that is set while a program runs. Its timers, and the time that it measures, do not follow. */
import { Clock, Effect } from "effect"

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
