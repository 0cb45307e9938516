/**
 * The times of a message to be sent, and the bounds that carriers set them.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidMessage } from "../SmsError.ts"

export const wholeSeconds = (time: Duration.Input): number =>
  Math.floor(Duration.toSeconds(Duration.fromInputUnsafe(time)))

/** ISO 8601 without a fraction of a second. */
export const formatSeconds = (time: DateTime.Utc): string => DateTime.formatIso(time).replace(/\.\d+Z$/, "Z")

/** The bounds are written as people read them in the error. */
type Bound = `${number} ${"hours" | "days"}`

/** Fails for a message that the carrier may try to send for longer than it ever does. */
export const checkValidity = (
  validity: Duration.Input | undefined,
  longest: Bound
): Effect.Effect<void, InvalidMessage> =>
  validity === undefined || wholeSeconds(validity) <= Duration.toSeconds(longest)
    ? Effect.void
    : Effect.fail(new InvalidMessage({ field: "validityPeriod", expected: `at most ${longest}` }))

/** Fails for a time that is nearer than five minutes, which is too late to schedule, or too far off. */
export const checkSendAt = Effect.fnUntraced(function*(sendAt: DateTime.Utc | undefined, furthest: Bound) {
  if (sendAt === undefined) return
  const ahead = DateTime.toEpochMillis(sendAt) - (yield* Clock.currentTimeMillis)
  if (ahead < 300_000 || ahead > Duration.toMillis(furthest)) {
    return yield* new InvalidMessage({ field: "sendAt", expected: `a time 5 minutes to ${furthest} ahead` })
  }
})
