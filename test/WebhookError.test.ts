import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as WebhookError from "../src/WebhookError.ts"

const json = Schema.fromJsonString(Schema.toCodecJson(WebhookError.WebhookError))

const cases: ReadonlyArray<readonly [WebhookError.WebhookErrorReason, number, string]> = [
  [new WebhookError.MissingSignature({ expected: "header x-signature" }), 403, "Missing header x-signature"],
  [new WebhookError.InvalidSignature({}), 403, "The signature does not match the request"],
  [
    new WebhookError.InvalidSignature({ hint: "the URL with https" }),
    403,
    "The signature does not match the request; it matches the URL with https"
  ],
  [
    new WebhookError.StaleTimestamp({ skewSeconds: -301, toleranceSeconds: 300 }),
    403,
    "The signed timestamp is off by -301 s; the tolerance is 300 s"
  ],
  [
    new WebhookError.InvalidPayload({
      issues: [{ field: "a.b", expected: "Missing key" }, { field: "", expected: "No" }]
    }),
    400,
    "a.b: Missing key; No"
  ],
  [WebhookError.invalidPayload("from", "Expected a number"), 400, "from: Expected a number"],
  [new WebhookError.UnsupportedContentType({ expected: ["a/b", "c/d"] }), 415, "Expected content type a/b or c/d"],
  [new WebhookError.MethodNotAllowed({ expected: ["POST", "GET"] }), 405, "Expected method POST or GET"],
  [new WebhookError.UnknownProvider({ known: ["a", "b"] }), 404, "Unknown provider; known: a, b"],
  [new WebhookError.PayloadTooLarge({ limit: 1024 }), 413, "The body exceeds 1024 bytes"],
  [new WebhookError.NotReceiving(), 404, "The provider only sends"]
]

describe("WebhookError", () => {
  it.effect.each(cases)("says %s with status %s", ([reason, status, message]) =>
    Effect.sync(() => {
      const error = new WebhookError.WebhookError({ provider: "twilio", reason })
      assert.strictEqual(error.status, status)
      assert.strictEqual(error.message, `twilio: ${message}`)
      assert.strictEqual(error.cause, reason)
    }))

  it("has a case for every reason", () => {
    assert.deepStrictEqual(
      new Set(cases.map(([{ _tag }]) => _tag)),
      new Set(WebhookError.WebhookErrorReason.members.map((member) => member.fields._tag.schema.literal))
    )
  })

  it.effect.prop(
    "round-trips through JSON",
    { error: WebhookError.WebhookError },
    ({ error }) =>
      Effect.gen(function*() {
        const text = yield* Schema.encodeEffect(json)(error)
        const copy = yield* Schema.decodeEffect(json)(text)
        // As text, because JSON has no -0.
        assert.strictEqual(yield* Schema.encodeEffect(json)(copy), text)
        assert.instanceOf(copy, WebhookError.WebhookError)
        assert.strictEqual(copy.status, error.status)
        assert.strictEqual(copy.message, error.message)
      }),
    { arbitrary: { runs: 200 } }
  )

  it.effect("is caught by its reason", () =>
    Effect.gen(function*() {
      const failed = Effect.fail(
        new WebhookError.WebhookError({ provider: "sinch", reason: new WebhookError.PayloadTooLarge({ limit: 1 }) })
      )
      const limit = yield* Effect.catchReason(failed, "WebhookError", "PayloadTooLarge", ({ limit }) =>
        Effect.succeed(limit))
      assert.strictEqual(limit, 1)
    }))
})
