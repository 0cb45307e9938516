import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result } from "effect"
import { Address } from "../../src/Address.ts"
import * as Carriers from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import * as Demo from "../../src/demo/Demo.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProviders } from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"

const base = "http://127.0.0.1:3000"

describe("the webhooks of the demonstration", () => {
  it.effect("are signed as the carriers sign them, except for one forged of each", () =>
    Effect.gen(function*() {
      const cast = yield* Demo.cast(Carriers.all)
      assert.deepStrictEqual(cast.map(({ title }) => title), ["Twilio", "Sinch", "Telnyx", "VoiceMeUp"])
      yield* Effect.gen(function*() {
        const { find } = yield* SmsProviders
        for (const player of cast) {
          const webhooks = yield* Demo.webhooks(base, player)
          assert.deepStrictEqual(
            webhooks.map(({ kind }) => kind),
            player.name === "voicemeup"
              ? ["SMS", "MMS, text", "MMS, file", "forged"]
              : ["SMS", "MMS", "delivery report", "forged"]
          )
          const provider = Option.getOrThrow(find(player.name))
          for (const { kind, messageId, request } of webhooks) {
            const events = yield* provider.verify(request).pipe(Effect.flatMap(provider.decode), Effect.result)
            if (kind === "forged") {
              assert.isTrue(Result.isFailure(events))
              continue
            }
            assert.isTrue(Result.isSuccess(events), `${player.name} ${kind}`)
            const [event, ...others] = Result.getOrThrow(events)
            assert.lengthOf(others, 0)
            assert.include(JSON.stringify(event), messageId)
          }
        }
      }).pipe(Effect.provide(Demo.layerProviders(cast)))
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("come with other credentials at every start", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([Demo.cast(Carriers.all), Demo.cast(Carriers.all)])
      const [webhook] = yield* Demo.webhooks(base, one[0]!)
      const layer = Layer.provide(Demo.layerProviders(other), NodeCrypto.layer)
      const refused = yield* SmsProviders.pipe(
        Effect.map(({ find }) => Option.getOrThrow(find("twilio"))),
        Effect.flatMap(({ verify }) => verify(webhook!.request)),
        Effect.flip,
        Effect.provide(layer)
      )
      assert.strictEqual(refused._tag, "WebhookError")
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("come to providers that accept messages, and report each as delivered", () =>
    Effect.gen(function*() {
      const cast = yield* Demo.cast(Carriers.all)
      const message = new OutboundMessage({
        to: Address.make("+15145550142"),
        content: new Content.CompositeContent({
          parts: [
            new Content.TextContent({ text: "Hello" }),
            new Content.MediaContent({ url: "https://example.com/a.png", mimeType: "image/png" })
          ]
        })
      })
      yield* Effect.gen(function*() {
        const kit = yield* RoomKit.RoomKit
        const router = yield* SmsRouter.SmsRouter
        const { all } = yield* SmsProviders
        assert.deepStrictEqual(all.map(({ name }) => name), cast.map(({ name }) => name))
        for (const { name: provider } of all) {
          const receipt = yield* kit.guardSend(message, { provider }, (message) => router.send(message, { provider }))
          const [messageId, ...others] = receipt.messageIds
          assert.deepStrictEqual([receipt.provider, others], [provider, []])
          const delivery = yield* kit.tracker.get({ provider, messageId })
          assert.deepStrictEqual([delivery?.status, delivery?.recipient], ["delivered", message.to])
        }
      }).pipe(Effect.provide(
        Demo.layerReports.pipe(
          Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
          Layer.provideMerge([DeliveryTracker.layer(), Demo.layerProviders(cast)]),
          Layer.provide(DeliveryStore.layerStoreMemory())
        )
      ))
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
