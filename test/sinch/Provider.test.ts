import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Clock, Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"

// The secret of Sinch's own mock server.
const secret = Redacted.make("KayakingTheSwell")

ProviderSuite.suite({
  name: "sinch",
  fixtures: webhookFixtures("sinch"),
  layer: Sinch.layerWebhook({ verification: Sinch.hmacSha256(secret) }).pipe(Layer.provide(NodeCrypto.layer)),
  sign: ({ body, contentType, method, url }) =>
    Clock.currentTimeMillis.pipe(
      Effect.map((now) => String(Math.floor(now / 1000))),
      Effect.flatMap((timestamp) =>
        Sinch.signHmacSha256({ secret, body, nonce: "01JHFFHWYY7HSS4FWTMDTQEK8V", timestamp })
      ),
      Effect.map((headers) =>
        WebhookRequest.make({ method, url, headers: { ...headers, "content-type": contentType }, body })
      ),
      Effect.provide(NodeCrypto.layer)
    ),
  withoutSignature: (request) => ({ ...request, headers: { "content-type": request.headers["content-type"]! } }),
  covers: {
    body: true,
    url: false,
    headers: [
      "x-sinch-webhook-signature",
      "x-sinch-webhook-signature-timestamp",
      "x-sinch-webhook-signature-nonce"
    ]
  }
})

describe("Sinch", () => {
  const verificationOf = (layer: Layer.Layer<SmsProvider, unknown>) =>
    SmsProvider.useSync((provider) => [provider.name, provider.capabilities.receive!.verification.scheme]).pipe(
      Effect.provide(layer)
    )

  it("has no default verification", () => {
    // @ts-expect-error the choice is the user's
    const options: Sinch.WebhookOptions = {}
    assert.isUndefined(options.verification)
    expectTypeOf<Sinch.Verification["scheme"]>().toEqualTypeOf<"HmacSha256" | "HmacSha1" | "None">()
  })

  it.effect("says how its webhooks are verified", () =>
    Effect.gen(function*() {
      const layer = (verification: Sinch.Verification) =>
        Sinch.layerWebhook({ verification }).pipe(Layer.provide(NodeCrypto.layer))
      assert.deepStrictEqual(yield* verificationOf(layer(Sinch.hmacSha256(secret))), ["sinch", "signature"])
      assert.deepStrictEqual(yield* verificationOf(layer(Sinch.hmacSha1(secret))), ["sinch", "signature"])
      assert.deepStrictEqual(yield* verificationOf(layer(Sinch.unsigned)), ["sinch", "none"])
      assert.deepStrictEqual(yield* verificationOf(layer({ scheme: "None" })), ["sinch", "none"])
    }))

  it.effect("reads its options from configuration, in any of the shapes of Config.Wrap", () =>
    Effect.gen(function*() {
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ SECRET: "s3cret", NAME: "sinch-eu" }))
      const run = (options: Config.Wrap<Sinch.WebhookOptions>) =>
        verificationOf(Sinch.layerWebhookConfig(options).pipe(Layer.provide([NodeCrypto.layer, provider])))
      const secret = Config.Redacted("SECRET")
      const constructed = Config.map(secret, (secret) => Sinch.hmacSha256(secret, { tolerance: "2 days" }))
      assert.deepStrictEqual(yield* run({ verification: constructed, name: Config.String("NAME") }), [
        "sinch-eu",
        "signature"
      ])
      assert.deepStrictEqual(
        yield* run({ verification: { scheme: Config.succeed("HmacSha1" as const), secret } }),
        ["sinch", "signature"]
      )
      assert.deepStrictEqual(yield* run({ verification: Config.succeed(Sinch.unsigned) }), ["sinch", "none"])
      assert.deepStrictEqual(yield* run(Config.succeed({ verification: Sinch.unsigned })), ["sinch", "none"])
    }))

  it.effect("does not start with an empty secret", () =>
    Effect.gen(function*() {
      for (const empty of ["", " \n"]) {
        for (const secret of [Redacted.make(empty), [], [Redacted.make("s3cret"), Redacted.make(empty)]]) {
          for (const verification of [Sinch.hmacSha256(secret), Sinch.hmacSha1(secret)]) {
            const error = yield* Effect.flip(Effect.provide(Sinch.makeWebhook({ verification }), NodeCrypto.layer))
            assert.strictEqual(error._tag, "CryptoError")
          }
        }
      }
    }))
})
