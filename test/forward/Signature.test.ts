import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as fc from "fast-check"
import { Webhook } from "standardwebhooks"
import { flawOf, signer } from "../../src/forward/Signature.ts"

const secretOf = (bytes: Uint8Array) => `whsec_${Buffer.from(bytes).toString("base64")}`

const sign = (secrets: ReadonlyArray<string>, id: string, seconds: number, body: string) =>
  Effect.flatMap(
    signer(secrets.map((secret) => Redacted.make(secret))),
    (sign) => sign(id, seconds, new TextEncoder().encode(body))
  ).pipe(Effect.provide(NodeCrypto.layer))

const keys = fc.uint8Array({ minLength: 24, maxLength: 64 })

describe("the signature of a forwarded event", () => {
  it.effect("is accepted by the library of the standard, with every secret of a rotation", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(keys, keys, fc.uuid(), fc.object(), async (old, fresh, id, data) => {
          const body = JSON.stringify(data)
          const seconds = Math.floor(Date.now() / 1000)
          const headers = await Effect.runPromise(sign([secretOf(fresh), secretOf(old)], id, seconds, body))
          for (const key of [old, fresh]) {
            assert.deepStrictEqual(new Webhook(secretOf(key)).verify(body, headers), JSON.parse(body))
          }
          const changed = { ...headers, "webhook-id": `${id}x` }
          assert.throws(() => new Webhook(secretOf(old)).verify(body, changed))
        }),
        { numRuns: 50 }
      )
    ))

  it.effect("is that of the example of the standard", () =>
    Effect.gen(function*() {
      // https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go
      const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
      const headers = yield* sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}")
      assert.strictEqual(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }))
})

describe("a secret", () => {
  it("is whsec_ and Base64 of 24 to 64 bytes", () => {
    for (const length of [24, 32, 64]) assert.isUndefined(flawOf(secretOf(new Uint8Array(length))))
    for (
      const bad of ["", "secret", "whsec_", "whsec_%%%", secretOf(new Uint8Array(23)), secretOf(new Uint8Array(65))]
    ) {
      const flaw = flawOf(bad)
      assert.isString(flaw)
      if (bad.length > 7) assert.notInclude(flaw!, bad)
    }
  })
})
