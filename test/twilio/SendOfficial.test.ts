/** What Twilio's SDK sends for a message, over real HTTP, is what we send. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, DateTime, Duration, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import twilio from "twilio"
import * as Content from "../../src/Content.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, message, ours } from "../../src/testing/internal/sendSubject.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { lookup, testOfficial, testOfficialQueries } from "../officialSdk.ts"

const accountSid = "AC0123456789abcdef0123456789abcdef"
const authToken = "t0psecret-token"

const providerAt = (baseUrl: string, options: Partial<Twilio.Options> = {}) =>
  Effect.map(
    Layer.build(
      Twilio.layer({ accountSid, authToken: Redacted.make(authToken), ...options, baseUrl }).pipe(
        Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
      )
    ),
    Context.get(SmsProvider)
  )

/** Twilio's own client, led to another host. */
class LedClient extends twilio.RequestClient {
  readonly #url: string
  constructor(url: string) {
    super()
    this.#url = url
  }
  override request<TData>(options: Parameters<twilio.RequestClient["request"]>[0]) {
    return super.request<TData>({ ...options, uri: options.uri.replace("https://api.twilio.com", this.#url) } as never)
  }
}

type CreateOptions = Parameters<ReturnType<typeof twilio>["messages"]["create"]>[0]

const parametersOf = (
  sent: OutboundMessage,
  options: Partial<Twilio.Options>
): CreateOptions => {
  const { messagingServiceSid } = options
  const text = Content.text(sent.content)
  const media = Content.media(sent.content)
  const from = sent.from ?? options.from
  const statusCallback = sent.statusCallback ?? options.statusCallback
  const validity = sent.validityPeriod ?? options.validityPeriod
  return {
    to: sent.to,
    ...(from !== undefined && { from }),
    ...(text !== "" && { body: text }),
    ...(media.length > 0 && { mediaUrl: media.map(({ url }) => url) }),
    ...(messagingServiceSid !== undefined && { messagingServiceSid }),
    ...(statusCallback !== undefined && { statusCallback }),
    ...(validity !== undefined && { validityPeriod: Duration.toSeconds(Duration.fromInputUnsafe(validity)) }),
    ...(sent.sendAt !== undefined && { scheduleType: "fixed" as const, sendAt: DateTime.toDateUtc(sent.sendAt) })
  }
}

testOfficial<Twilio.Options>({
  name: "twilio",
  title: "Twilio",
  acceptance: CarrierServer.answer(201, { sid: "SM1", status: "queued" }),
  from: customer,
  providerAt,
  sendWithSdk: (url, { message, options }) =>
    twilio(accountSid, authToken, { httpClient: new LedClient(url) }).messages.create(parametersOf(message, options))
})

const sdk = (url: string) => twilio(accountSid, authToken, { httpClient: new LedClient(url) })

testOfficialQueries({
  title: "Twilio",
  answer: { messages: [], sid: "SM1", status: "sent", meta: { key: "messages" } },
  providerAt,
  queries: [
    {
      what: "the messages to a number",
      ask: ({ lookUp }) => lookUp!(lookup),
      askWithSdk: (url) =>
        sdk(url).messages.page({
          to: customer,
          from: ours,
          dateSentAfter: new Date("2026-01-01T00:00:00Z"),
          pageSize: 1000
        })
    },
    {
      what: "a message",
      ask: ({ fetchStatus }) => fetchStatus!({ messageId: "SM1" }),
      askWithSdk: (url) => sdk(url).messages("SM1").fetch()
    }
  ]
})

/** The URL and the credentials of a request that goes nowhere. */
const requestOf = Effect.fnUntraced(function*(options: Partial<Twilio.Options>) {
  const seen: Array<readonly [url: string, authorization: string | undefined]> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      seen.push([url.href, request.headers["authorization"]])
      return HttpClientResponse.fromWeb(request, Response.json({ sid: "SM1" }, { status: 201 }))
    })
  )
  const layer = Twilio.layer({ accountSid, authToken: Redacted.make(authToken), from: ours, ...options }).pipe(
    Layer.provide([NodeCrypto.layer, Layer.succeed(HttpClient.HttpClient, client)])
  )
  yield* Context.get(yield* Layer.build(layer), SmsProvider).send(message("hi"))
  return seen[0]!
})

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`

it.effect("goes to the host of the region and its edge", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual((yield* requestOf({}))[0], `https://api.twilio.com${path}`)
    const location = { region: "ie1", edge: "dublin" }
    assert.deepStrictEqual((yield* requestOf({ location }))[0], `https://api.dublin.ie1.twilio.com${path}`)
  }))

it.effect("signs with the first auth token, or with the API key", () =>
  Effect.gen(function*() {
    const tokens = [Redacted.make("first"), Redacted.make("second")]
    assert.strictEqual((yield* requestOf({ authToken: tokens }))[1], basic(accountSid, "first"))
    const apiKey = { sid: "SK1", secret: Redacted.make("key-secret") }
    assert.strictEqual((yield* requestOf({ apiKey }))[1], basic("SK1", "key-secret"))
  }))

it.effect("is made from configuration", () =>
  Effect.gen(function*() {
    const layer = Twilio.layerConfig({
      accountSid: Config.String("TWILIO_ACCOUNT_SID"),
      authToken: Config.Redacted("TWILIO_AUTH_TOKEN"),
      apiKey: { sid: Config.String("TWILIO_API_KEY"), secret: Config.Redacted("TWILIO_API_SECRET") },
      timeout: Config.Duration("TWILIO_TIMEOUT")
    })
    const environment = {
      TWILIO_ACCOUNT_SID: accountSid,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_API_KEY: "SK1",
      TWILIO_API_SECRET: "key-secret",
      TWILIO_TIMEOUT: "5 seconds"
    }
    const built = Layer.build(layer.pipe(
      Layer.provide([
        NodeCrypto.layer,
        NodeHttpClient.layerUndici,
        ConfigProvider.layer(ConfigProvider.fromUnknown(environment))
      ])
    ))
    assert.strictEqual(Context.get(yield* built, SmsProvider).capabilities.send?.maxMedia, 10)
  }))

it.effect("refuses times that Twilio does not take", () =>
  Effect.gen(function*() {
    const now = Date.parse("2026-01-01T00:00:00Z")
    yield* TestClock.setTime(now)
    const refusal = (
      fields: Partial<OutboundMessage>,
      options: Partial<Twilio.Options> = { messagingServiceSid: "MG1" }
    ) =>
      Effect.map(
        Effect.gen(function*() {
          const provider = yield* providerAt(yield* CarrierServer.closedUrl, { from: ours, ...options })
          return yield* Effect.flip(provider.send(message("hi", fields)))
        }),
        ({ reason }) => "field" in reason ? [reason._tag, reason.field] : [reason._tag]
      )
    const at = (millis: number) => ({ sendAt: DateTime.makeUnsafe(now + millis) })
    assert.deepStrictEqual(yield* refusal(at(299_000)), ["InvalidMessage", "sendAt"])
    assert.deepStrictEqual(yield* refusal(at(35 * 86_400_000 + 1)), ["InvalidMessage", "sendAt"])
    assert.deepStrictEqual(yield* refusal(at(600_000), {}), ["NotSupported", "sendAt"])
    assert.deepStrictEqual(yield* refusal({ validityPeriod: Duration.hours(11) }), ["InvalidMessage", "validityPeriod"])
    assert.deepStrictEqual(yield* refusal({ validityPeriod: Duration.millis(10) }), [
      "InvalidMessage",
      "validityPeriod"
    ])
  }))

it("says what the codes of delivery statuses mean", () => {
  const meanings = {
    "21610": "OptedOut",
    "30003": "Unreachable",
    "30005": "InvalidRecipient",
    "30007": "ContentRejected",
    "30034": "UnregisteredSender",
    "30999": "Unreachable",
    "35114": "InvalidMessage",
    "63999": "Unreachable",
    "12345": undefined,
    "constructor": undefined,
    "": undefined
  }
  for (const [code, meaning] of Object.entries(meanings)) assert.strictEqual(Twilio.refusalOf(code), meaning, code)
})
