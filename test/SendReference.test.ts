import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { SmsProvider } from "../src/provider/SmsProvider.ts"
import { addToUrl, fromText, fromUrl, SendReference, toText } from "../src/SendReference.ts"
import * as Sinch from "../src/sinch/index.ts"
import * as Telnyx from "../src/telnyx/index.ts"
import * as Twilio from "../src/twilio/index.ts"
import { make, unverifiedWebhook } from "../src/WebhookRequest.ts"
import * as telnyxKeys from "./telnyx/keys.ts"

const id = "01K6ZJ8X5T0000000000000000"
const whole = new SendReference({ intentId: id, part: 1, of: 1 })
const second = new SendReference({ intentId: id, part: 2, of: 3 })

const references = Schema.Struct({ part: Schema.Int, rest: Schema.Int }).check(
  Schema.makeFilter(({ part, rest }) => part >= 1 && rest >= 0 && part + rest < 10_000)
)

describe("a reference", () => {
  it.prop("is read back from text and from any URL", { reference: references, url: Schema.String }, (
    { reference: { part, rest }, url }
  ) => {
    const reference = new SendReference({ intentId: id, part, of: part + rest })
    assert.deepStrictEqual(fromText(toText(reference)), reference)
    const target = `https://sms.example.com/${url.replaceAll(/intent=/g, "")}`
    const added = addToUrl(target, reference)
    assert.deepStrictEqual(fromUrl(added), reference)
    assert.strictEqual(added.replace(new RegExp(`[?&]?${toText(reference)}`), "").length > 0, true)
  })

  it("changes nothing else of a URL", () => {
    assert.strictEqual(addToUrl("https://a.example/é%20?", whole), `https://a.example/é%20?intent=${id}`)
    assert.strictEqual(addToUrl("https://a.example/", whole), `https://a.example/?intent=${id}`)
    assert.strictEqual(addToUrl("https://a.example/?t=1", second), `https://a.example/?t=1&intent=${id}.2.3`)
    assert.strictEqual(addToUrl("https://a.example/?t#rc=1", whole), `https://a.example/?t&intent=${id}#rc=1`)
  })

  it("is nothing that only looks like one", () => {
    for (
      const text of ["", id, "intent=", "intent=a b", "intent=a.1", "intent=a.3.2", "intent=a.0.1", `x=1&intent=${id}`]
    ) assert.isUndefined(fromText(text), text)
    for (const query of ["", "?x=intent=1", `?intent=${id}&intent=2`, `?intent=${id}AccountSid=1`, `#?intent=${id}`]) {
      assert.isUndefined(fromUrl(`https://a.example/${query}`), query)
    }
  })
})

const built = <E>(layer: Layer.Layer<SmsProvider, E, Layer.Success<typeof NodeCrypto.layer>>) =>
  Effect.map(Layer.build(Layer.provide(layer, NodeCrypto.layer)), Context.get(SmsProvider))

/** The references in the events of a webhook that was verified. */
const intents = Effect.fnUntraced(function*(
  provider: SmsProvider["Service"],
  { body, contentType, query }: { readonly body: string; readonly contentType: string; readonly query: string }
) {
  const url = `https://sms.example.com/webhooks/sms/${provider.name}/status${query}`
  const request = make({ url, headers: { "content-type": contentType }, body })
  return (yield* provider.decode(unverifiedWebhook(provider.name, request))).map((event) =>
    event._tag === "DeliveryStatus" ? event.intent : event._tag
  )
})

const form = "application/x-www-form-urlencoded"

describe("a delivery report names the send", () => {
  it.effect("of Twilio in the query, which is signed", () =>
    Effect.gen(function*() {
      const twilio = yield* built(Twilio.layerWebhook({ authToken: Redacted.make("token") }))
      const report = "MessageSid=SM1&MessageStatus=sent"
      const query = `?a=1&${toText(second)}`
      assert.deepStrictEqual(yield* intents(twilio, { contentType: form, body: report, query }), [second])
      assert.deepStrictEqual(yield* intents(twilio, { contentType: form, body: report, query: "" }), [undefined])
      const inbound = "MessageSid=SM1&From=%2B15145550142&To=%2B15145550100&Body=hi&SmsStatus=received"
      assert.deepStrictEqual(yield* intents(twilio, { contentType: form, body: inbound, query }), ["InboundMessage"])
    }))

  it.effect("of Telnyx in the callback URL of the payload, and not in the query, which is not signed", () =>
    Effect.gen(function*() {
      const telnyx = yield* built(Telnyx.layerWebhook({ publicKey: telnyxKeys.publicKey }))
      const report = (webhook_url: string) =>
        JSON.stringify({
          data: {
            event_type: "message.sent",
            payload: { id: "1", direction: "outbound", webhook_url, to: [{ phone_number: "+15145550142" }] }
          }
        })
      const json = { contentType: "application/json", query: `?${toText(whole)}` }
      const own = report(addToUrl("https://sms.example.com/webhooks/sms/telnyx/status", second))
      assert.deepStrictEqual(yield* intents(telnyx, { ...json, body: own }), [second])
      assert.deepStrictEqual(yield* intents(telnyx, { ...json, body: report("") }), [undefined])
    }))

  it.effect("of Sinch in its reference, unless the caller had one", () =>
    Effect.gen(function*() {
      const sinch = yield* built(Sinch.layerWebhook({ verification: Sinch.unsigned }))
      const json = { contentType: "application/json", query: `?${toText(whole)}` }
      const recipient = (client_reference: string) =>
        JSON.stringify({
          type: "recipient_delivery_report_sms",
          batch_id: "1",
          recipient: "15145550142",
          status: "Queued",
          code: 400,
          at: "2026-01-01T00:00:00Z",
          client_reference
        })
      const batch = JSON.stringify({
        type: "delivery_report_sms",
        batch_id: "1",
        statuses: [{ code: 0, status: "Delivered", count: 1 }],
        total_message_count: 1,
        client_reference: toText(second)
      })
      assert.deepStrictEqual(yield* intents(sinch, { ...json, body: recipient(toText(second)) }), [second])
      assert.deepStrictEqual(yield* intents(sinch, { ...json, body: recipient("order-7") }), [undefined])
      assert.deepStrictEqual(yield* intents(sinch, { ...json, body: batch }), [second])
    }))
})
