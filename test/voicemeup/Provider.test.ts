import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"

const token = Redacted.make("kL8-example_token.for~tests-0123456789")

const tokensOf = (url: string) => {
  const [, ...query] = url.split("#", 1)[0]!.split("?")
  return new URLSearchParams(query.join("?")).getAll("token")
}

ProviderSuite.suite({
  name: "voicemeup",
  fixtures: webhookFixtures("voicemeup"),
  layer: VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token }, timeZone: "America/Toronto" }).pipe(
    Layer.provide(NodeCrypto.layer)
  ),
  sign: ({ body, contentType, method, url }) =>
    Effect.map(
      VoiceMeUp.callbackUrl({ url, token }),
      (url) => WebhookRequest.make({ method, url, headers: { "content-type": contentType }, body })
    ),
  withoutSignature: (request) => ({ ...request, url: request.url.split("?", 1)[0]! }),
  covers: { body: false, url: true, headers: [] },
  acceptedOnPurpose: (original, changed) =>
    // The token says who calls. Nothing vouches for the rest of the URL.
    tokensOf(original.url).join() === tokensOf(changed.url).join()
})

describe("VoiceMeUp options", () => {
  const capabilities = (options: VoiceMeUp.WebhookOptions) =>
    SmsProvider.pipe(
      Effect.map(({ capabilities, name }) => ({ ...capabilities.receive, name })),
      Effect.provide(VoiceMeUp.layerWebhook(options).pipe(Layer.provide(NodeCrypto.layer)))
    )

  it.effect("says how webhooks are verified", () =>
    Effect.gen(function*() {
      const common = { mms: true, splitMms: true, deliveryStatuses: false }
      assert.deepStrictEqual(
        yield* capabilities({ verification: { scheme: "Token", token } }),
        { ...common, verification: { scheme: "token", covers: [] }, name: "voicemeup" }
      )
      assert.deepStrictEqual(
        yield* capabilities({ verification: { scheme: "None" }, name: "vmu-east" }),
        { ...common, verification: { scheme: "none", covers: [] }, name: "vmu-east" }
      )
    }))

  it.effect("fails to start with a time zone that does not exist", () =>
    Effect.gen(function*() {
      for (const timeZone of ["America/Quebec City", "", "EASTERN"]) {
        const error = yield* Effect.flip(capabilities({ verification: { scheme: "None" }, timeZone }))
        assert.instanceOf(error, Cause.IllegalArgumentError)
      }
    }))

  it.effect("fails to start with an empty token, or with none in the list", () =>
    Effect.gen(function*() {
      for (const token of [Redacted.make(""), Redacted.make(" \n"), []]) {
        const error = yield* Effect.flip(capabilities({ verification: { scheme: "Token", token } }))
        assert.strictEqual(error._tag, "CryptoError")
      }
    }))

  it.effect("reads its options from configuration", () =>
    Effect.gen(function*() {
      const layer = VoiceMeUp.layerWebhookConfig({
        verification: {
          scheme: Config.succeed("Token"),
          token: Config.Redacted("VOICEMEUP_WEBHOOK_TOKEN")
        },
        timeZone: Config.String("VOICEMEUP_TIME_ZONE").pipe(Config.withDefault(undefined))
      }).pipe(Layer.provide(NodeCrypto.layer))
      const provide = (values: Record<string, string>) =>
        layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(values))))
      const provider = yield* SmsProvider.pipe(Effect.provide(provide({ VOICEMEUP_WEBHOOK_TOKEN: "t0k3n" })))
      const request = WebhookRequest.make({
        url: "https://sms.example.com/?token=t0k3n",
        headers: { "content-type": "application/json" },
        body: "{}"
      })
      assert.strictEqual((yield* provider.verify(request)).provider, "voicemeup")
      const error = yield* Effect.flip(SmsProvider.pipe(Effect.provide(provide({}))))
      assert.include(String(error), "VOICEMEUP_WEBHOOK_TOKEN")
    }))
})
