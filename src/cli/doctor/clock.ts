/**
 * Compares the clock of this machine with those of other servers.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Finding from "./Finding.ts"

const check = "clock"

/** The difference, in seconds, from which on there is a warning, and from which on signatures are refused. */
const [tolerated, refused] = [10, 240]

/** How far the clock is ahead of a server, in milliseconds. Negative when it is behind. */
export type Samples = Array<number>

/** Compares the clock with the date of each response. A date has whole seconds, so a second counts as equal. */
export const recording = (client: HttpClient.HttpClient, samples: Samples): HttpClient.HttpClient =>
  HttpClient.transform(client, (response) =>
    Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const received = yield* response
      const after = yield* Clock.currentTimeMillis
      for (const time of Option.toArray(DateTime.make(received.headers["date"] ?? ""))) {
        const date = DateTime.toEpochMillis(time)
        samples.push(before > date + 1000 ? before - date - 1000 : Math.min(0, after - date))
      }
      return received
    }))

export const clock = (samples: Samples, source: string): Finding.Finding => {
  const skew = samples.toSorted((one, other) => Math.abs(one) - Math.abs(other))[0]
  if (skew === undefined) return Finding.skipped(check, "No server told its time")
  const seconds = Math.round(Math.abs(skew) / 1000)
  if (seconds <= tolerated) return Finding.ok(check, `It agrees with the time of ${source}`)
  const message = `It is ${seconds} seconds ${skew > 0 ? "ahead of" : "behind"} the time of ${source}`
  const advice = "Synchronize the clock of this machine"
  return seconds < refused
    ? Finding.warning(check, message, advice)
    : Finding.failure(check, `${message}, so signatures with a time are refused`, advice)
}
