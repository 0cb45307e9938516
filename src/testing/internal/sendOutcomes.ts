/**
 * Tests the outcomes of a send: accepted, refused, or unknown.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as CarrierServer from "../CarrierServer.ts"
import { message, outcomeOf, passTime, type Rig, type Subject } from "./sendSubject.ts"

export const testOutcomes = ({ name, refusals }: Subject, rig: Rig): void => {
  const { accepted, providerAt } = rig

  describe(`${name} reports the outcome of a message`, () => {
    it.effect.each(refusals)(
      "$reason for HTTP $status and $code",
      ({ body, code, reason, status }) =>
        Effect.gen(function*() {
          const outcome = yield* outcomeOf(rig, CarrierServer.answer(status, body), { retry: { times: 0 } })
          assert.strictEqual(outcome.reason?._tag, reason)
          assert.strictEqual(outcome.reason?.code, code)
          assert.strictEqual(outcome.reason?.status, status)
          assert.lengthOf(outcome.requests, 1)
        })
    )

    it.effect.each([200, 201, 202, 204, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504])(
      "any body with HTTP %s: a refusal or an unknown outcome",
      (status) =>
        Effect.gen(function*() {
          const whole = JSON.stringify(accepted.body)
          const bodies = [
            "",
            "<html><body>Maintenance</body></html>",
            whole.slice(0, whole.length >> 1),
            "null",
            "[]",
            "{}",
            "\"ok\"",
            "12",
            "{\"error\":{}}",
            "{\"errors\":[null]}",
            "\u0000",
            "x".repeat(600_000)
          ]
          const isUnknown = status < 300 || status === 408 || status >= 500
          for (const body of bodies) {
            const { reason, requests } = yield* outcomeOf(
              rig,
              CarrierServer.answer(status, status === 204 ? "" : body),
              {
                retry: { times: 0 }
              }
            )
            assert.strictEqual(reason?._tag === "OutcomeUnknown", isUnknown, body.slice(0, 20))
            assert.lengthOf(requests, 1)
          }
        })
    )

    it.effect.prop("for any JSON that a carrier may answer with", {
      body: Arbitrary.schema(Schema.Json),
      status: Schema.Literals([200, 201, 400, 403, 409, 422, 500])
    }, ({ body, status }) =>
      Effect.gen(function*() {
        const { exit } = yield* outcomeOf(rig, CarrierServer.answer(status, JSON.stringify(body)))
        // Only typed errors, never a defect.
        assert.isTrue(Exit.isSuccess(exit) || exit.cause.reasons.every(({ _tag }) => _tag === "Fail"))
      }), { arbitrary: { runs: 100 } })

    it.effect("a refusal whose explanation is cut off is a refusal", () =>
      Effect.gen(function*() {
        const { reason } = yield* outcomeOf(rig, CarrierServer.cut(403, { code: "1", text: "words ".repeat(20) }))
        assert.strictEqual(reason?._tag, "Authentication")
      }))

    it.effect("an answer that comes slowly is an answer", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(CarrierServer.slow(accepted.status, accepted.body))
        const provider = yield* providerAt(carrier.url)
        assert.deepStrictEqual((yield* provider.send(message("hello"))).messageIds, ["id-1"])
      }))

    it.effect.each(
      [
        ["no answer", CarrierServer.hang],
        ["half an answer", CarrierServer.stall(accepted.status, accepted.body)]
      ] as const
    )("a timeout with %s is never repeated", ([, behave]) =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(behave)
        const provider = yield* providerAt(carrier.url, { timeout: "10 seconds", retry: { times: 5 } })
        const fiber = yield* Effect.forkChild(Effect.flip(provider.send(message("hello"))))
        yield* carrier.received(1)
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        const error = yield* passTime(fiber, "1 second")
        assert.deepInclude(error.reason, { _tag: "OutcomeUnknown", because: "Timeout" })
        assert.isFalse(error.isRetryable || error.canFailOver)
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(carrier.requests, 1)
      }))
  })
}
