/**
 * When a notification that was not taken is posted again.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Effects from "effect/Schedule"

/** Three days in all. */
export const waits: ReadonlyArray<Duration.Duration> = [
  Duration.seconds(5),
  Duration.seconds(30),
  Duration.minutes(2),
  Duration.minutes(10),
  Duration.minutes(30),
  Duration.hours(1),
  Duration.hours(2),
  Duration.hours(4),
  Duration.hours(6),
  Duration.hours(10),
  Duration.hours(12),
  Duration.hours(12),
  Duration.hours(12),
  Duration.hours(12)
]

/** How much a wait varies, so that what failed together does not come back together. */
const jitter = 0.2

/**
 * The wait after this many failures, at least as long as the receiver asked
 * for. `undefined` when it was the last attempt.
 */
export const waitAfter = Effect.fnUntraced(function*(
  waits: ReadonlyArray<Duration.Duration>,
  failures: number,
  asked: Duration.Duration = Duration.zero
) {
  const wait = waits[failures]
  if (wait === undefined) return undefined
  const varied = Duration.times(wait, 1 - jitter / 2 + jitter * (yield* Random.next))
  return Duration.max(varied, Duration.min(asked, Duration.hours(12)))
})

/** When a log that could not be read is read again. */
export const reading = Effects.min([Effects.exponential("1 second"), Effects.spaced("30 seconds")])
