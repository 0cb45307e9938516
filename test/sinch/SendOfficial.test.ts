/** What Sinch's SDK sends for a message, over real HTTP, is what we send. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, DateTime, Duration, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { text as textOf } from "../../src/Content.ts"
import { DeliveryStore, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, file, message, ours } from "../../src/testing/internal/sendSubject.ts"
import { lookup, testOfficial, testOfficialQueries } from "../officialSdk.ts"
import { SmsService } from "./sdk.ts"

const servicePlanId = "0123456789abcdef"
const apiToken = "t0psecret-token"

const options = {
  verification: Sinch.unsigned,
  servicePlanId,
  apiToken: Redacted.make(apiToken),
  region: "eu" as const
}

const acceptance = CarrierServer.answer(201, { id: "01FC66621XXXXX119Z8PMV1QPQ" })

const providerAt = (baseUrl: string, more: Partial<Sinch.Options> = {}) =>
  Effect.map(
    Layer.build(
      Sinch.layer({ ...options, ...more, baseUrl }).pipe(
        Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
      )
    ),
    Context.get(SmsProvider)
  )

type SendRequest = NonNullable<Parameters<InstanceType<typeof SmsService>["batches"]["send"]>[0]["sendSMSRequestBody"]>

/** The SDK writes the members in the order in which they are given, and takes times as `Date`. */
const batchOf = (body: string): SendRequest => {
  const dates = new Set(["send_at", "expire_at"])
  return JSON.parse(body, (key, value) => dates.has(key) ? DateTime.toDateUtc(DateTime.makeUnsafe(value)) : value)
}

const textBatch = ({ content }: OutboundMessage): SendRequest => ({
  to: ["15145550142"],
  from: "15145550100",
  type: "mt_text",
  body: textOf(content),
  delivery_report: "per_recipient"
})

testOfficial<Sinch.Options>({
  name: "sinch",
  title: "Sinch",
  acceptance,
  from: ours,
  providerAt,
  sendWithSdk: (url, { body, message }) =>
    new SmsService({ servicePlanId, apiToken, smsHostname: url }).batches.send({
      sendSMSRequestBody: body === undefined ? textBatch(message) : batchOf(body)
    })
})

testOfficialQueries({
  title: "Sinch",
  answer: { batches: [], count: 0, page: 0, page_size: 0 },
  providerAt,
  queries: [
    {
      what: "the batches with a reference",
      ask: ({ lookUp }) => lookUp!(lookup),
      askWithSdk: (url) =>
        new SmsService({ servicePlanId, apiToken, smsHostname: url }).batches.list({
          page: 0,
          page_size: 100,
          start_date: new Date("2026-01-01T00:00:00Z"),
          client_reference: `intent=${lookup.intentId}`
        })
    },
    {
      what: "the delivery report of a recipient",
      ask: ({ fetchStatus }) => fetchStatus!({ messageId: "1", recipient: customer }),
      askWithSdk: (url) =>
        new SmsService({ servicePlanId, apiToken, smsHostname: url }).deliveryReports.getForNumber({
          batch_id: "1",
          recipient_msisdn: "15145550142"
        })
    }
  ]
})

it.effect("goes to the host of the region", () =>
  Effect.gen(function*() {
    for (const region of ["us", "eu", "au", "br", "ca"] as const) {
      const seen: Array<string> = []
      const client = HttpClient.make((request, url) =>
        Effect.sync(() => {
          seen.push(url.href)
          return HttpClientResponse.fromWeb(request, Response.json({ id: "1" }, { status: 201 }))
        })
      )
      const layer = Sinch.layer({ ...options, servicePlanId: "a/../b", region, from: ours }).pipe(
        Layer.provide([NodeCrypto.layer, Layer.succeed(HttpClient.HttpClient, client)])
      )
      yield* Context.get(yield* Layer.build(layer), SmsProvider).send(message("hi"))
      assert.deepStrictEqual(seen, [`https://${region}.sms.api.sinch.com/xms/v1/a%2F..%2Fb/batches`])
    }
  }))

it.effect("is made from configuration, and not with an empty token", () =>
  Effect.gen(function*() {
    const environment = { PLAN: servicePlanId, TOKEN: apiToken, REGION: "ca", SECRET: "secret" }
    const services = Layer.mergeAll(
      NodeCrypto.layer,
      NodeHttpClient.layerUndici,
      ConfigProvider.layer(ConfigProvider.fromUnknown(environment))
    )
    const layer = Sinch.layerConfig({
      verification: Config.map(Config.Redacted("SECRET"), (secret) => Sinch.hmacSha256(secret)),
      servicePlanId: Config.String("PLAN"),
      apiToken: Config.Redacted("TOKEN"),
      region: Config.Literals(["us", "eu", "au", "br", "ca"], "REGION")
    })
    const provider = Context.get(yield* Layer.build(Layer.provide(layer, services)), SmsProvider)
    assert.strictEqual(provider.capabilities.send?.maxMedia, 1)
    assert.strictEqual(provider.capabilities.receive?.verification.scheme, "signature")
    const empty = Sinch.layer({ ...options, apiToken: Redacted.make("") })
    const error = yield* Effect.flip(Layer.build(Layer.provide(empty, services)))
    assert.strictEqual(error.reason._tag, "InvalidKey")
  }))

describe("the rules of Sinch", () => {
  const refusal = Effect.fnUntraced(function*(sent: OutboundMessage, more: Partial<Sinch.Options> = {}) {
    const provider = yield* providerAt(yield* CarrierServer.closedUrl, { retry: { times: 0 }, from: ours, ...more })
    const { reason } = yield* Effect.flip(provider.send(sent))
    return "field" in reason ? `${reason._tag} ${reason.field}` : reason._tag
  })
  // Nobody listens there, so this is what got as far as a request.
  const tried = "ProviderUnavailable"

  it.effect("let a message live for 3 days", () =>
    Effect.gen(function*() {
      const living = (validityPeriod: Duration.Duration) => message("hi", { validityPeriod })
      assert.strictEqual(yield* refusal(living(Duration.days(3))), tried)
      assert.strictEqual(yield* refusal(living(Duration.seconds(3 * 86_400 + 1))), "InvalidMessage validityPeriod")
      assert.strictEqual(yield* refusal(message("hi"), { validityPeriod: "4 days" }), "InvalidMessage validityPeriod")
    }))

  it.effect("leave the sender to an account with a default originator only", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refusal(message("hi"), { from: undefined }), "NotSupported from")
      assert.strictEqual(yield* refusal(message("hi"), { from: undefined, defaultOriginator: true }), tried)
    }))

  it.effect("report nothing to a callback where nothing is reported", () =>
    Effect.gen(function*() {
      const sent = message("hi", { statusCallback: "https://example.com/status" })
      assert.strictEqual(yield* refusal(sent), tried)
      assert.strictEqual(yield* refusal(sent, { deliveryReport: "none" }), "NotSupported statusCallback")
    }))

  it.effect("take one file a batch, and 2000 UTF-16 code units", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refusal(message(file("a"))), tried)
      assert.strictEqual(yield* refusal(message("👋".repeat(1000))), tried)
      assert.strictEqual(yield* refusal(message("👋".repeat(1000) + "a")), "NotSupported content.text")
    }))
})

it.effect("gets a receipt that the reports of the batch belong to", () =>
  Effect.gen(function*() {
    const carrier = yield* CarrierServer.serve(acceptance)
    const provider = yield* providerAt(carrier.url, { from: ours })
    const receipt = yield* provider.send(message("hi"))
    const store = yield* makeStoreMemory()
    const tracker = yield* Effect.provideService(DeliveryTracker.make(), DeliveryStore, store)
    const [messageId] = receipt.messageIds
    yield* tracker.sent({ ...receipt, messageId })
    const meta = yield* Sinch.extractSinchMeta({
      type: "recipient_delivery_report_sms",
      batch_id: messageId,
      recipient: JSON.parse(carrier.requests[0]!.body).to[0],
      code: 0,
      status: "Delivered",
      at: "2026-01-01T00:00:01.000Z"
    })
    yield* Effect.forEach(meta.toStatuses(), tracker.update)
    const delivery = yield* tracker.get({ provider: "sinch", messageId, recipient: customer })
    assert.strictEqual(delivery?.status, "delivered")
  }))

it("says what the codes of delivery reports mean", () => {
  const meanings = {
    "402": "Unreachable",
    "403": "UnexpectedResponse",
    "404": "Unreachable",
    "405": "InvalidMessage",
    "406": "Unreachable",
    "408": "Unreachable",
    "410": "InvalidSender",
    "411": "ContentRejected",
    "412": "NotEnabled",
    "413": "AccountSuspended",
    "414": "ContentRejected",
    "415": "ContentRejected",
    "416": "Unreachable",
    "417": "Unreachable",
    "418": "ContentRejected",
    "1": "Unreachable",
    "15": "ContentRejected",
    "60": "UnregisteredSender",
    "61": "OptedOut",
    "62": "ContentRejected",
    "150": "InvalidRecipient",
    "153": "Unreachable",
    "34": "Unreachable",
    "100": "Unreachable",
    "399": "Unreachable",
    // Delivered, on its way, and cancelled on our own account.
    "0": undefined,
    "400": undefined,
    "401": undefined,
    "407": undefined,
    "999": undefined,
    "constructor": undefined,
    "": undefined
  }
  for (const [code, meaning] of Object.entries(meanings)) assert.strictEqual(Sinch.refusalOf(code), meaning, code)
})
