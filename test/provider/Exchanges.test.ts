/** The latest requests and webhooks, for operators: what is kept of them, and what is masked. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { MessagesServer } from "../../src/http/index.ts"
import * as MaskExchange from "../../src/http/internal/maskExchange.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as Exchanges from "../../src/provider/Exchanges.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "../http/carriers.ts"
import { start } from "../http/config.ts"
import { layerTracker } from "../http/gateway.ts"
import { quiet } from "../http/server.ts"
import { accepted, makeTwilio } from "../http/twilio.ts"

const recorder = Effect.provide(Exchanges.make({ capacity: 3, maxBytes: 100_000 }), NodeCrypto.layer)

const exchange = (fields: Partial<Exchanges.Exchange> = {}) => ({
  direction: "inbound" as const,
  provider: "mock",
  method: "POST",
  url: "https://sms.example.com/webhooks/sms/mock/inbound",
  headers: {},
  body: "",
  secrets: [],
  messageIds: [],
  ...fields
})

const refused = { reason: "InvalidSignature", message: "The signature does not match the request" }

describe("the recorder of exchanges", () => {
  it.effect("keeps the latest, and those that were refused apart", () =>
    Effect.gen(function*() {
      const { all, clear, record } = yield* recorder
      yield* record(exchange({ refusal: refused }))
      for (const id of ["1", "2", "3", "4"]) yield* record(exchange({ messageIds: [id] }))
      const kept = Effect.map(all, (all) => all.map(({ messageIds: [id], refusal }) => id ?? refusal?.reason))
      assert.deepStrictEqual(yield* kept, ["4", "3", "2", "InvalidSignature"])
      yield* clear
      assert.deepStrictEqual(yield* all, [])
    }))

  it.effect("is bounded in bytes, keeps an hour, and cuts what is long", () =>
    Effect.gen(function*() {
      const { all, record } = yield* recorder
      yield* record(exchange({ body: "x".repeat(1_000_000) }))
      yield* TestClock.adjust("59 minutes")
      yield* record(exchange({ body: new Uint8Array(10) }))
      assert.deepStrictEqual((yield* all).map(({ body }) => body.length), [10])
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(yield* all, 1)
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(yield* all, 0)
    }))
})

describe("what is shown of an exchange", () => {
  const show = (fields: Partial<Exchanges.Exchange>) =>
    MaskExchange.show({ id: "1", time: 0, ...exchange(), ...fields })

  it("masks secrets by their name", () => {
    const { headers, url } = show({
      url: "https://sms.example.com/webhooks/sms/mock/inbound?a=1&token=s3cret&api_key=s3cret&%E0%A4=%",
      headers: {
        authorization: "Bearer s3cret",
        cookie: "s3cret",
        "x-api-key": "s3cret",
        "x-twilio-signature": "abc=",
        "telnyx-signature-ed25519": "def"
      }
    })
    assert.include(url, "a=1&token=••••&api_key=••••")
    assert.notInclude(JSON.stringify({ headers, url }), "s3cret")
    assert.deepInclude(headers, { "x-twilio-signature": "abc=", "telnyx-signature-ed25519": "def" })
  })

  it("masks secrets wherever they are, however they are written", () => {
    const secret = "p&s\"s /w"
    for (
      const body of [
        secret,
        `a=${encodeURIComponent(secret)}`,
        `a=${new URLSearchParams({ secret })}`,
        JSON.stringify({ secret })
      ]
    ) {
      assert.include(show({ body, secrets: [Redacted.make(secret)] }).body, "••••", body)
    }
    const form = show({
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "auth_token=x&Body=token"
    })
    assert.strictEqual(form.body, "auth_token=••••&Body=token")
  })
})

describe("a request of a send", () => {
  it.live("is kept with what the carrier answered, and without the credentials", () =>
    Effect.gen(function*() {
      const exchanges = yield* recorder
      const twilio = yield* makeTwilio((number) =>
        number === 1
          ? { status: 201, body: accepted }
          : { status: 400, body: JSON.stringify({ code: 21211, message: "Invalid To" }) }
      )
      const env = {
        TWILIO_AUTH_TOKEN: secrets.twilio,
        TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
        TWILIO_FROM: "+15145550100",
        TWILIO_BASE_URL: twilio.baseUrl
      }
      const providers = yield* Effect.provideService(start(env), Exchanges.Exchanges, exchanges)
      const provider = providers.get("twilio")!
      const message = new OutboundMessage({
        to: Address.make("+15145550142"),
        content: new TextContent({ text: "Hello" })
      })
      yield* provider.send(message, { intentId: "i1" })
      yield* Effect.flip(provider.send(message, { intentId: "i2" }))
      const [second, first] = (yield* exchanges.all).map(MaskExchange.show)
      assert.deepInclude(first, {
        direction: "outbound",
        provider: "twilio",
        method: "POST",
        status: 201,
        intentId: "i1",
        messageIds: ["SM1"]
      })
      assert.include(first!.body, "Body=Hello")
      assert.include(first!.answer, "SM1")
      assert.isUndefined(first!.refusal)
      assert.deepInclude(second, { status: 400, intentId: "i2", messageIds: [] })
      assert.strictEqual(second!.refusal!.reason, "InvalidRecipient")
      assert.strictEqual(first!.headers["authorization"], "••••")
      assert.notInclude(JSON.stringify([first, second]), secrets.twilio)
    }).pipe(Effect.scoped))
})

describe("a webhook", () => {
  const mock = MockSmsProvider.layer()
  const layer = MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    Layer.provideMerge(SmsRouter.layer()),
    Layer.provideMerge([SmsProviders.layer(mock), RoomKit.layer(), layerTracker]),
    Layer.provideMerge(Exchanges.layer()),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

  it.effect("is listed with its outcome, to those who may read", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const post = (body: string) =>
        client.execute(
          HttpClientRequest.bodyText(HttpClientRequest.post("/webhooks/sms/mock/inbound"), body, "application/json")
        )
      yield* post(JSON.stringify({ id: "1", from: "+15145550142", to: "+15145550100", text: "Hi" }))
      yield* post("{}")
      yield* post("no JSON")
      const get = Effect.fnUntraced(function*(path: string, token = secrets.admin) {
        const response = yield* client.execute(HttpClientRequest.bearerToken(HttpClientRequest.get(path), token))
        return { status: response.status, json: JSON.parse(yield* response.text) }
      })
      const list = Effect.fnUntraced(function*(query: string) {
        const { json } = yield* get(`/exchanges${query}`)
        return json.items as ReadonlyArray<{ readonly id: string; readonly status: number }>
      })
      assert.deepStrictEqual((yield* list("")).map(({ status }) => status), [400, 400, 200])
      assert.lengthOf(yield* list("?outcome=refused"), 2)
      assert.lengthOf(yield* list("?outcome=accepted&direction=inbound&provider=MOCK"), 1)
      assert.lengthOf(yield* list("?direction=outbound"), 0)
      const [of] = yield* list("?message=1")
      const { json } = yield* get(`/exchanges/${of!.id}`)
      assert.deepInclude(json, { status: 200, messageIds: ["1"] })
      assert.deepInclude(JSON.parse(json.body), { text: "Hi" })
      assert.strictEqual((yield* get("/exchanges/none")).status, 404)
      assert.strictEqual((yield* get("/exchanges", "another")).status, 401)
    }).pipe(Effect.provide(layer)))
})
