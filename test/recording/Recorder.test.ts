import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Recorder from "../../src/recording/Recorder.ts"
import * as Recording from "../../src/recording/Recording.ts"
import { make, unverifiedWebhook } from "../../src/WebhookRequest.ts"

const json = (body: string, url = "https://sms.example.com/webhooks/sms/sinch/inbound") =>
  unverifiedWebhook("sinch", make({ url, headers: { "content-type": "application/json" }, body }))

const makeRecorder = Effect.gen(function*() {
  const lines = yield* Ref.make<ReadonlyArray<string>>([])
  const isBroken = yield* Ref.make(false)
  const recorder = yield* Recorder.make({
    maskingOf: () => ({
      kindsOf: () => ({ to: "number", received_at: "time" }),
      signatureParameters: ["hash"]
    }),
    write: (line) =>
      Effect.flatMap(
        Ref.get(isBroken),
        (isBroken) => isBroken ? Effect.fail("No space is left") : Ref.update(lines, (lines) => [...lines, line])
      )
  })
  return {
    ...recorder,
    isBroken,
    recording: Effect.flatMap(Ref.get(lines), (lines) => Recording.fromText(lines.join("")))
  }
})

describe("a recorder", () => {
  it.effect("keeps the times between webhooks, and not when they were", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Number(1_769_605_200_250n))
      const { record, recording } = yield* makeRecorder
      yield* record(json("{\"received_at\":\"2026-01-28T12:59:59.5Z\"}"), "inbound")
      yield* TestClock.adjust("90 seconds")
      yield* record(json("{\"received_at\":\"2026-01-28T13:01:29.5Z\"}"), "status")
      const [first, second] = yield* recording
      assert.deepStrictEqual([first!.offset, second!.offset], [0, 90_000])
      assert.deepStrictEqual([first!.route, second!.route], ["inbound", "status"])
      assert.strictEqual(first!.payload["received_at"], "2025-12-31T23:59:59.5Z")
      assert.strictEqual(second!.payload["received_at"], "2026-01-01T00:01:29.5Z")
    }))

  it.effect("leaves out what proves who calls, in the query of a URL and of a GET", () =>
    Effect.gen(function*() {
      const { record, recording } = yield* makeRecorder
      const query = "token=s3cret&hash=abc&to=%2B15145550142"
      yield* record(json("{}", `https://sms.example.com/?${query}`), "inbound")
      const get = make({ method: "GET", url: `https://sms.example.com/?${query}`, headers: {} })
      yield* record(unverifiedWebhook("sinch", get), "inbound")
      const [posted, got] = yield* recording
      assert.match(posted!.query!, /^to=[^&]*$/)
      assert.deepStrictEqual([got!.method, got!.query, got!.payload], ["GET", undefined, { to: "+12015550100" }])
    }))

  it.effect("counts what it cannot record, and goes on", () =>
    Effect.gen(function*() {
      const { counts, isBroken, record, recording, refuse } = yield* makeRecorder
      yield* record(json("not JSON"), "inbound")
      yield* Ref.set(isBroken, true)
      yield* record(json("{}"), "inbound")
      yield* Ref.set(isBroken, false)
      yield* record(json("{\"to\":\"+15145550142\"}"), "inbound")
      yield* refuse
      assert.deepStrictEqual(yield* counts, { recorded: 1, refused: 1, failed: 2 })
      assert.deepStrictEqual((yield* recording).map(({ payload }) => payload), [{ to: "+12015550100" }])
    }))
})

describe("the path of a webhook", () => {
  it("names the provider and the route, in every form that a server takes", () => {
    const inbound = { provider: "twilio", route: "inbound" } as const
    for (
      const url of [
        "/webhooks/sms/twilio/inbound",
        "//webhooks/sms/twilio/INBOUND/?a=b",
        "http://a.example/webhooks/sms/twilio/inbound"
      ]
    ) {
      assert.deepStrictEqual(Recording.routeOf(url), inbound)
    }
    assert.deepStrictEqual(Recording.routeOf("/webhooks/sms/x/status"), { provider: "x", route: "status" })
    for (
      const url of ["/webhooks/sms/twilio", "/messages", "/webhooks/sms/twilio/inbounds", "/a/webhooks/sms/x/inbound"]
    ) {
      assert.isUndefined(Recording.routeOf(url))
    }
  })
})
