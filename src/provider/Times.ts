/**
 * The times of an outbound message, and the limits that carriers set on them.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidMessage } from "../SmsError.ts"

/** Returns a duration in whole seconds, rounded down: carriers take no fractions. */
export const wholeSeconds = (time: Duration.Input): number =>
  Math.floor(Duration.toSeconds(Duration.fromInputUnsafe(time)))

/** Formats a time as ISO 8601 without fractional seconds. */
export const formatSeconds = (time: DateTime.Utc): string => DateTime.formatIso(time).replace(/\.\d+Z$/, "Z")

/** A limit, in the form in which the error message shows it. */
type Bound = `${number} ${"hours" | "days"}`

/** Fails when the validity period exceeds the carrier's maximum. */
export const checkValidity = (
  validity: Duration.Input | undefined,
  longest: Bound
): Effect.Effect<void, InvalidMessage> =>
  validity === undefined || wholeSeconds(validity) <= Duration.toSeconds(longest)
    ? Effect.void
    : Effect.fail(new InvalidMessage({ field: "validityPeriod", expected: `at most ${longest}` }))

/** Fails when the time is less than five minutes ahead, which is too late to schedule, or too far ahead. */
export const checkSendAt = Effect.fnUntraced(function*(sendAt: DateTime.Utc | undefined, furthest: Bound) {
  if (sendAt === undefined) return
  const ahead = DateTime.toEpochMillis(sendAt) - (yield* Clock.currentTimeMillis)
  if (ahead < 300_000 || ahead > Duration.toMillis(furthest)) {
    return yield* new InvalidMessage({ field: "sendAt", expected: `a time 5 minutes to ${furthest} ahead` })
  }
})
