import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Address } from "../../src/Address.ts"
import * as Carriers from "../../src/Carriers.ts"

const base = "https://sms.example.com"

const load = Effect.forEach(
  Carriers.all,
  Effect.fnUntraced(function*({ load, name }) {
    const { provider, webhooks } = yield* (yield* load).samples
    const urls = {
      inboundUrl: `${base}/webhooks/sms/${name}/inbound`,
      statusUrl: `${base}/webhooks/sms/${name}/status`
    }
    const [customer, ours] = [Address.make("+15145550142"), Address.make("+15145550100")]
    return { name, provider, webhooks: yield* webhooks({ ...urls, customer, ours }) }
  })
)

describe("the sample webhooks of the carriers", () => {
  it.effect("are signed as the carriers sign them, except for one forged of each", () =>
    Effect.gen(function*() {
      for (const { name, provider, webhooks } of yield* load) {
        assert.deepStrictEqual(
          webhooks.map(({ kind }) => kind),
          name === "voicemeup"
            ? ["SMS", "MMS, text", "MMS, file", "forged"]
            : ["SMS", "MMS", "delivery report", "forged"]
        )
        for (const { kind, messageId, request } of webhooks) {
          const events = yield* provider.verify(request).pipe(Effect.flatMap(provider.decode), Effect.result)
          if (kind === "forged") {
            assert.isTrue(Result.isFailure(events))
            continue
          }
          assert.isTrue(Result.isSuccess(events), `${name} ${kind}`)
          const [event, ...others] = Result.getOrThrow(events)
          assert.lengthOf(others, 0)
          assert.include(JSON.stringify(event), messageId)
        }
      }
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("come with other credentials each time", () =>
    Effect.gen(function*() {
      const [[one], [other]] = yield* Effect.all([load, load])
      const refused = yield* Effect.flip(other!.provider.verify(one!.webhooks[0]!.request))
      assert.strictEqual(refused._tag, "WebhookError")
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
