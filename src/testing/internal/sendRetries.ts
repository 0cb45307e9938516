/**
 * Tests when a request is retried, and when it must not be.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as TestClock from "effect/testing/TestClock"
import * as CarrierServer from "../CarrierServer.ts"
import { message, outcomeOf, passTime, type Rig, type Subject } from "./sendSubject.ts"

export const testRetries = ({ name }: Subject, rig: Rig): void => {
  const { acceptance, providerAt } = rig

  describe(`${name} retries what was not sent`, () => {
    const busy = (headers: Readonly<Record<string, string>> = {}) => CarrierServer.answer(429, {}, headers)

    /** Records when requests are made, on the test clock. */
    const timed = () => {
      const times: Array<number> = []
      const transformClient = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          times.push(now)
          return request
        })
      )
      return { times, transformClient }
    }

    it.effect.each([["seconds", "20"], ["a date", "Thu, 01 Jan 2026 00:00:20 GMT"]] as const)(
      "after the time that the carrier asks for, in %s",
      ([, retryAfter]) =>
        Effect.gen(function*() {
          const start = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-01T00:00:00Z"))
          yield* TestClock.setTime(start)
          const { times, transformClient } = timed()
          const carrier = yield* CarrierServer.serve(
            CarrierServer.inTurn(busy({ "retry-after": retryAfter }), acceptance)
          )
          const provider = yield* providerAt(carrier.url, { transformClient })
          const fiber = yield* Effect.forkChild(provider.send(message("hello")))
          yield* carrier.received(1)
          const receipt = yield* passTime(fiber, "100 millis")
          assert.deepStrictEqual(receipt.messageIds, ["id-2"])
          assert.lengthOf(times, 2)
          assert.isAtLeast(times[1]! - start, 20_000)
        })
    )

    it.effect("with backoff, up to the configured number of times, and then fails with the reason", () =>
      Effect.gen(function*() {
        const { times, transformClient } = timed()
        const retry = { times: 4, delay: "1 second", maxDelay: "3 seconds" } as const
        const { error, reason, requests } = yield* outcomeOf(rig, busy(), { retry, transformClient }, {
          step: "10 millis"
        })
        assert.strictEqual(reason?._tag, "RateLimited")
        assert.isTrue(error?.isRetryable)
        assert.lengthOf(requests, 5)
        const waits = times.slice(1).map((time, index) => time - times[index]!)
        for (const [index, least] of [800, 1600, 2400, 2400].entries()) assert.isAtLeast(waits[index]!, least)
      }))

    it.effect("not when the carrier asks for a longer delay than allowed", () =>
      Effect.gen(function*() {
        const { reason, requests } = yield* outcomeOf(rig, busy({ "retry-after": "3600" }))
        assert.deepInclude(reason, { _tag: "RateLimited", retryAfter: Duration.hours(1) })
        assert.lengthOf(requests, 1)
      }))

    it.effect("when the carrier could not be reached", () =>
      Effect.gen(function*() {
        const { times, transformClient } = timed()
        const url = yield* CarrierServer.closedUrl
        const provider = yield* providerAt(url, { retry: { times: 2, delay: "1 second" }, transformClient })
        const fiber = yield* Effect.forkChild(Effect.flip(provider.send(message("hello"))))
        const error = yield* passTime(fiber, "1 second")
        assert.strictEqual(error.reason._tag, "ProviderUnavailable")
        assert.lengthOf(times, 3)
      }))
  })
}
