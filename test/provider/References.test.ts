/** The reference of the application comes back in the reports of every carrier that reports. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { SendReference } from "../../src/SendReference.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { unverifiedWebhook } from "../../src/WebhookRequest.ts"
import { publicKey } from "../telnyx/keys.ts"

const [customer, ours] = [Address.make("+15145550142"), Address.make("+15145550100")]
const callback = "https://sms.example.com/webhooks/status?token=t"
const reference = "order 42/é&x=1"
const accountSid = "AC0123456789abcdef0123456789abcdef"

const carriers = {
  twilio: {
    layer: (options: { readonly baseUrl: string; readonly statusCallback?: string }) =>
      Twilio.layer({ accountSid, authToken: Redacted.make("token"), from: ours, ...options }).pipe(
        Layer.provide(NodeCrypto.layer)
      ),
    answer: CarrierServer.answer(201, { sid: "SM1", status: "queued" }),
    callbackOf: (body: string) => new URLSearchParams(body).get("StatusCallback")
  },
  telnyx: {
    layer: (options: { readonly baseUrl: string; readonly statusCallback?: string }) =>
      Telnyx.layer({ publicKey, apiKey: Redacted.make("KEY0_secret"), from: ours, ...options }).pipe(
        Layer.provide(NodeCrypto.layer)
      ),
    answer: CarrierServer.answer(200, { data: { id: "SM1", to: [{ phone_number: customer, status: "queued" }] } }),
    callbackOf: (body: string) => JSON.parse(body).webhook_url as string | null
  }
}

const started = Effect.fnUntraced(function*(name: keyof typeof carriers, statusCallback?: string) {
  const { answer, callbackOf, layer } = carriers[name]
  const carrier = yield* CarrierServer.serve(() => answer)
  const options = { baseUrl: carrier.url, ...(statusCallback !== undefined && { statusCallback }) }
  const context = yield* Layer.build(Layer.provide(layer(options), FetchHttpClient.layer))
  const callbacks = () => carrier.requests.map(({ body }) => callbackOf(body))
  return { provider: Context.get(context, SmsProvider), callbacks }
})

const message = (more: object = {}) =>
  new OutboundMessage({ to: customer, content: new TextContent({ text: "hi" }), reference, ...more })

/** What a report to a callback URL is decoded to. */
const reportTo = (provider: SmsProvider["Service"], name: keyof typeof carriers, url: string) =>
  name === "twilio"
    ? provider.decode(unverifiedWebhook("twilio", {
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new TextEncoder().encode("MessageSid=SM1&MessageStatus=delivered")
    }))
    : provider.decodePayload({
      data: {
        event_type: "message.finalized",
        payload: { id: "SM1", webhook_url: url, to: [{ phone_number: customer, status: "delivered" }] }
      }
    })

describe.each(["twilio", "telnyx"] as const)("a reference sent with %s", (name) => {
  it.live("travels in the provider's callback URL and comes back in the report", () =>
    Effect.gen(function*() {
      const { callbacks, provider } = yield* started(name, callback)
      yield* provider.send(message())
      yield* provider.send(message(), { intentId: "intent-1" })
      const [alone, both] = callbacks()
      assert.strictEqual(alone, `${callback}&reference=order%2042%2F%C3%A9%26x%3D1&`)
      assert.strictEqual(both, `${alone}intent=intent-1`)
      const [one] = yield* reportTo(provider, name, alone!)
      const [two] = yield* reportTo(provider, name, both!)
      assert.deepInclude(one, { _tag: "DeliveryStatus", reference })
      assert.deepInclude(two, { reference, intent: new SendReference({ intentId: "intent-1", part: 1, of: 1 }) })
    }).pipe(Effect.scoped))

  it.live("is refused where it has no place", () =>
    Effect.gen(function*() {
      const withCallback = yield* started(name, callback)
      const without = yield* started(name)
      assert.notInclude(without.provider.capabilities.send!.options, "reference")
      const refused = [
        [without, message()],
        [withCallback, message({ statusCallback: "https://app.example.com/reports" })],
        [withCallback, message({ reference: "x".repeat(513) })],
        [withCallback, message({ reference: "\ud800" })]
      ] as const
      for (const [{ callbacks, provider }, sent] of refused) {
        const { reason } = yield* Effect.flip(provider.send(sent))
        assert.deepInclude(reason, { _tag: "NotSupported", field: "reference" })
        assert.lengthOf(callbacks(), 0)
      }
      yield* withCallback.provider.send(message({ reference: "é".repeat(512) }))
      const [longest] = withCallback.callbacks()
      assert.deepInclude((yield* reportTo(withCallback.provider, name, longest!))[0], { reference: "é".repeat(512) })
    }).pipe(Effect.scoped))
})
