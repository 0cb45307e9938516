import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as RefusalLog from "../../src/http/internal/refusalLog.ts"
import { InvalidSignature, MissingSignature, WebhookError } from "../../src/WebhookError.ts"
import { observe } from "../observe.ts"

const refusal = (provider: string, reason: WebhookError["reason"] = new InvalidSignature({})) =>
  new WebhookError({ provider, reason })

describe("the log of refused webhooks", () => {
  it.effect("has at most twenty lines a second of one provider and reason, and says how many it left out", () => {
    const { layer, lines } = observe()
    return Effect.gen(function*() {
      const log = RefusalLog.make()
      yield* Effect.replicateEffect(log(refusal("twilio")), 1000)
      assert.lengthOf(lines, 20)
      for (const { annotations, level, message } of lines) {
        assert.strictEqual(level, "Warn")
        assert.strictEqual(message, "Webhook refused: The signature does not match the request")
        assert.deepStrictEqual(annotations, { provider: "twilio", reason: "InvalidSignature" })
      }
      // What others do does not hide it.
      yield* log(refusal("telnyx"))
      yield* log(refusal("twilio", new MissingSignature({ expected: "header x-twilio-signature" })))
      assert.lengthOf(lines, 22)
      yield* TestClock.adjust("1 second")
      yield* log(refusal("twilio"))
      assert.deepStrictEqual(lines.at(-1)!.annotations, {
        provider: "twilio",
        reason: "InvalidSignature",
        leftOut: 980
      })
      yield* log(refusal("twilio"))
      assert.notProperty(lines.at(-1)!.annotations, "leftOut")
    }).pipe(Effect.provide(layer))
  })
})
