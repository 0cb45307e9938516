/**
 * Answers whether the server can take requests.
 */
import * as Effect from "effect/Effect"
import { Draining, Leaving } from "../Draining.ts"
import * as Problems from "../Problems.ts"
import { type Check, Readiness } from "../Readiness.ts"

/** How long a check may take. */
const checkTimeout = "2 seconds"

/** How long the result of the checks is kept: anybody may ask. */
const timeToLive = "1 second"

const reasonOf = ({ check, reason }: Check): Effect.Effect<string | undefined> =>
  check.pipe(
    Effect.timeout(checkTimeout),
    Effect.matchCause({ onSuccess: () => undefined, onFailure: () => reason })
  )

/** Makes the check, which fails with the problem to answer. */
export const checker = Effect.gen(function*() {
  const checks = yield* Readiness
  const ending = Effect.raceFirst(yield* Leaving, yield* Draining)
  let isEnding = false
  yield* Effect.forkScoped(Effect.andThen(ending, Effect.sync(() => isEnding = true)))
  const run = Effect.forEach(checks, reasonOf, { concurrency: "unbounded" })
  const reasons = yield* Effect.cachedWithTTL(run, timeToLive)
  return Effect.gen(function*() {
    const all = isEnding ? ["The server is shutting down"] : (yield* reasons).filter((reason) => reason !== undefined)
    if (all.length > 0) return yield* new Problems.ServiceUnavailable({ detail: all.join("; ") })
  })
})
