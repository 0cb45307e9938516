import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import * as Credentials from "../../src/demo/Credentials.ts"
import * as Webhooks from "../../src/demo/Webhooks.ts"
import { SmsProviders } from "../../src/provider/SmsProviders.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"

const base = "http://127.0.0.1:3000"

describe("the webhooks of the demonstration", () => {
  it.effect("are signed as the carriers sign them, except for one forged of each", () =>
    Effect.gen(function*() {
      const credentials = yield* Credentials.generate
      const webhooks = yield* Webhooks.all(credentials, base)
      assert.deepStrictEqual(
        webhooks.map(({ carrier, kind }) => `${carrier} ${kind}`),
        ["Twilio", "Sinch", "Telnyx", "VoiceMeUp"].flatMap((carrier) =>
          (carrier === "VoiceMeUp" ? ["SMS", "MMS, text", "MMS, file", "forged"] : ["SMS", "MMS", "receipt", "forged"])
            .map((kind) => `${carrier} ${kind}`)
        )
      )
      yield* Effect.gen(function*() {
        const providers = yield* SmsProviders
        for (const { body, carrier, headers, kind, messageId, url } of webhooks) {
          const provider = yield* providers.get(carrier.toLowerCase())
          const events = yield* provider.verify(WebhookRequest.make({ url, headers, body })).pipe(
            Effect.flatMap(provider.decode),
            Effect.result
          )
          if (kind === "forged") {
            assert.isTrue(Result.isFailure(events))
            continue
          }
          assert.isTrue(Result.isSuccess(events), `${carrier} ${kind}`)
          const [event, ...others] = Result.getOrThrow(events)
          assert.lengthOf(others, 0)
          assert.include(JSON.stringify(event), messageId)
        }
      }).pipe(Effect.provide(Credentials.layerProviders(credentials)))
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("come with other credentials at every start", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([Credentials.generate, Credentials.generate])
      const webhook = (yield* Webhooks.all(one, base))[0]!
      const layer = Layer.provide(Credentials.layerProviders(other), NodeCrypto.layer)
      const refused = yield* SmsProviders.pipe(
        Effect.flatMap(({ get }) => get("twilio")),
        Effect.flatMap(({ verify }) => verify(WebhookRequest.make(webhook))),
        Effect.flip,
        Effect.provide(layer)
      )
      assert.strictEqual(refused._tag, "WebhookError")
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
