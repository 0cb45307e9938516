import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import type { Digest, Mac, Signature } from "effect/crypto"
import * as Carriers from "../src/Carriers.ts"
import { text } from "../src/Content.ts"
import * as MmsAggregator from "../src/mms/MmsAggregator.ts"
import { formFromText } from "../src/provider/Body.ts"
import { SmsProvider } from "../src/provider/SmsProvider.ts"
import * as Sinch from "../src/sinch/index.ts"
import * as Telnyx from "../src/telnyx/index.ts"
import * as Twilio from "../src/twilio/index.ts"
import * as VoiceMeUp from "../src/voicemeup/index.ts"
import { WebhookEvent } from "../src/WebhookEvent.ts"
import { webhookFixtures } from "./fixtures.ts"

const names = ["twilio", "sinch", "telnyx", "voicemeup"] as const

const secret = Redacted.make("a secret")

const layers: Record<
  typeof names[number],
  Layer.Layer<SmsProvider, unknown, Digest.Digest | Mac.Mac | Signature.Signature>
> = {
  twilio: Twilio.layerWebhook({ authToken: secret }),
  sinch: Sinch.layerWebhook({ verification: Sinch.unsigned }),
  telnyx: Telnyx.layerWebhook({ publicKey: "eu2zvPjhY6odxV34Z/EsRiERvTodkev4Fq0SlK90Izg=" }),
  voicemeup: VoiceMeUp.layerWebhook({ verification: { scheme: "None" } })
}

const cases = names.flatMap((name) =>
  webhookFixtures(name).map(({ name: fixture, request }) => ({
    name,
    fixture,
    payload: request.method === "GET"
      ? formFromText(new URL(request.url).search)
      : request.contentType.startsWith("application/json")
      ? JSON.parse(request.body) as Record<string, unknown>
      : formFromText(request.body)
  }))
)

const encode = Schema.encodeEffect(Schema.toCodecJson(Schema.Array(WebhookEvent)))

describe("extractSmsMeta", () => {
  it.effect.each(cases)(
    "reads $name $fixture from the events that the provider decodes",
    ({ name, payload }) =>
      Effect.gen(function*() {
        const provider = yield* SmsProvider
        const events = yield* provider.decodePayload(payload)
        const meta = yield* Carriers.extractSmsMeta(name, payload)
        // The time zone of VoiceMeUp is an option of its provider and not known here.
        assert.deepStrictEqual(yield* encode(meta.events), yield* encode(events))
        assert.strictEqual(meta.provider, name)
        assert.strictEqual(meta.raw, payload)
      }).pipe(Effect.provide(Layer.provide(layers[name], NodeCrypto.layer)))
  )

  it.effect.each(cases)(
    "gives of $name $fixture a message or statuses, never both",
    ({ name, payload }) =>
      Effect.gen(function*() {
        const meta = yield* Carriers.extractSmsMeta(name, payload)
        const [first] = meta.events
        assert.strictEqual(meta.isInbound, first?._tag === "InboundMessage" || first?._tag === "MessagePart")
        assert.strictEqual(meta.isStatus, first?._tag === "DeliveryStatus")
        assert.strictEqual(meta.toStatuses().length, meta.isStatus ? meta.events.length : 0)
        assert.strictEqual(Option.isSome(meta.toStatus()), meta.isStatus)
        const inbound = meta.toInbound("my-channel")
        assert.isFalse(Option.isSome(inbound) && meta.isStatus)
        if (Option.isSome(inbound)) {
          assert.strictEqual(inbound.value.channelId, "my-channel")
          assert.strictEqual(text(inbound.value.content), meta.body)
          assert.strictEqual(inbound.value.sender, meta.sender)
          assert.strictEqual(inbound.value.raw, payload)
        }
      })
  )

  it.effect.each(["Twillio", "", "__proto__", "constructor", "toString"])(
    "refuses the provider %j",
    (name) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Carriers.extractSmsMeta(name, {}))
        assert.strictEqual(error.reason._tag, "UnknownProvider")
        assert.include(error.message, "known: twilio, sinch, telnyx, voicemeup")
      })
  )

  it.effect("reads the name of a carrier in any letter case", () =>
    Effect.gen(function*() {
      const payload = { MessageSid: "SM1", MessageStatus: "delivered", To: "+15145550142" }
      for (const name of ["Twilio", "TWILIO", "tWiLiO", " twilio"]) {
        const meta = yield* Carriers.extractSmsMeta(name, payload)
        assert.deepStrictEqual([meta.provider, meta.isStatus], ["twilio", true])
      }
      assert.strictEqual((yield* Carriers.extractSmsMeta("VoiceMeUp", { direction: "outbound" })).provider, "voicemeup")
    }))

  it.effect("names the field of a bad payload", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Carriers.extractSmsMeta("twilio", { SmsStatus: "received", To: "+15145550100" }))
      assert.deepStrictEqual(error.message, "twilio: From: Missing key")
    }))
})

describe("the parsers", () => {
  it.effect("give the message of a webhook for a channel", () =>
    Effect.gen(function*() {
      const twilio = yield* Twilio.parseTwilioWebhook({
        MessageSid: "SM1",
        From: "12345",
        To: "+1514555010",
        Body: "a"
      }, "c")
      const sinch = yield* Sinch.parseSinchWebhook({ id: "1", from: "15145550142", to: "12345", body: "b" }, "c")
      const telnyx = yield* Telnyx.parseTelnyxWebhook({
        data: {
          event_type: "message.received",
          payload: {
            id: "1",
            from: { phone_number: "+15145550142" },
            to: [{ phone_number: "+15145550100" }],
            text: "d"
          }
        }
      }, "c")
      const voicemeup = yield* VoiceMeUp.parseVoiceMeUpWebhook({
        source_number: "15145550142",
        destination_number: "15145550100",
        message: "e"
      }, "c").pipe(Effect.provide(MmsAggregator.layerMemory()))
      const read = [twilio, sinch, telnyx, voicemeup].map(Option.map((m) => [m.channelId, m.sender, text(m.content)]))
      assert.deepStrictEqual(read, [
        Option.some(["c", "12345", "a"]),
        Option.some(["c", "+15145550142", "b"]),
        Option.some(["c", "+15145550142", "d"]),
        Option.some(["c", "+15145550142", "e"])
      ])
    }))

  it.effect("give nothing for a delivery report", () =>
    Effect.gen(function*() {
      const status = { MessageSid: "SM1", MessageStatus: "delivered", From: "+15145550100", To: "+15145550142" }
      assert.deepStrictEqual(yield* Twilio.parseTwilioWebhook(status, "c"), Option.none())
      const report = {
        type: "recipient_delivery_report_sms",
        batch_id: "1",
        recipient: "1",
        code: 0,
        status: "Delivered"
      }
      assert.deepStrictEqual(yield* Sinch.parseSinchWebhook(report, "c"), Option.none())
    }))
})
