import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Ref } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Carriers from "../../src/Carriers.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { requestOf, type Sign } from "../../src/provider/Recording.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Player from "../../src/recording/Player.ts"
import { RecordedWebhook } from "../../src/recording/Recording.ts"
import { secrets } from "../http/carriers.ts"
import * as telnyxKeys from "../telnyx/keys.ts"

const webhook = (offset: number, fields: Partial<RecordedWebhook> = {}): RecordedWebhook =>
  new RecordedWebhook({
    offset,
    provider: "twilio",
    route: "inbound",
    method: "POST",
    format: "form",
    payload: { MessageSid: `SM${offset}` },
    ...fields
  })

const recording = Array.from({ length: 20 }, (_, index) => webhook(index * 1000))

describe("plan", () => {
  const plan = (variation: Player.Variation) => Effect.runSync(Player.plan(recording, variation))
  const offsets = (deliveries: ReadonlyArray<Player.Delivery>) => deliveries.map(({ webhook }) => webhook.offset)

  it("keeps the order and the times without a variation", () => {
    const deliveries = plan({ seed: 1 })
    assert.deepStrictEqual(deliveries.map(({ webhook }) => webhook), recording)
    assert.deepStrictEqual(deliveries.map(({ offset }) => offset), offsets(deliveries))
    assert.isTrue(deliveries.every(({ isRepeat }) => !isRepeat))
  })

  it("is the same for a seed, and another for another seed", () => {
    const variation = { repeats: 2, shuffle: 5 }
    assert.deepStrictEqual(plan({ seed: 1, ...variation }), plan({ seed: 1, ...variation }))
    assert.notDeepEqual(offsets(plan({ seed: 1, ...variation })), offsets(plan({ seed: 2, ...variation })))
  })

  it("has every webhook once and its repeats after it, never before its time, and none too late", () => {
    fc.assert(
      fc.property(
        fc.record({ seed: fc.integer(), repeats: fc.nat({ max: 3 }), shuffle: fc.nat({ max: 30 }) }),
        (variation) => {
          const deliveries = plan(variation)
          assert.sameMembers(offsets(deliveries.filter(({ isRepeat }) => !isRepeat)), offsets(plan({ seed: 1 })))
          for (const one of recording) {
            const all = deliveries.filter(({ webhook }) => webhook === one)
            assert.isFalse(all[0]!.isRepeat)
            assert.isAtMost(all.length, 1 + variation.repeats)
            assert.isAtMost(all[0]!.offset - one.offset, variation.shuffle * 1000)
          }
          assert.isTrue(deliveries.every(({ offset, webhook }) => offset >= webhook.offset))
          assert.deepStrictEqual(
            deliveries.map(({ offset }) => offset).toSorted((a, b) => a - b),
            deliveries.map(({ offset }) => offset)
          )
        }
      ),
      { seed: 1 }
    )
  })

  it("varies both", () => {
    const deliveries = plan({ seed: 1, repeats: 2, shuffle: 5 })
    assert.isAbove(deliveries.filter(({ isRepeat }) => isRepeat).length, 5)
    const order = offsets(deliveries.filter(({ isRepeat }) => !isRepeat))
    assert.notDeepEqual(order, order.toSorted((a, b) => a - b))
  })
})

/** A server that answers with these statuses, one after the other, or not at all. */
const makeServer = Effect.fnUntraced(function*(statuses: ReadonlyArray<number | "cut">) {
  const requests = yield* Ref.make<ReadonlyArray<{ readonly at: number; readonly url: string }>>([])
  const client = HttpClient.make((request, url) =>
    Effect.gen(function*() {
      const { currentTimeMillis } = yield* TestClock.testClockWith((clock) => Effect.succeed(clock))
      const at = yield* currentTimeMillis
      const before = yield* Ref.getAndUpdate(requests, (requests) => [...requests, { at, url: url.href }])
      const status = statuses[before.length] ?? 200
      return status === "cut"
        ? yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: new Error("refused") })
        })
        : HttpClientResponse.fromWeb(request, new Response("", { status }))
    })
  )
  return {
    requests: Ref.get(requests),
    layer: Layer.merge(Layer.succeed(HttpClient.HttpClient, client), NodeCrypto.layer)
  }
})

const sign: Sign = (unsigned) => Effect.succeed(requestOf(unsigned))
const options = { to: "http://127.0.0.1:3000/", signOf: () => sign }

describe("play", () => {
  it.effect("counts the answers, and what was not taken", () =>
    Effect.gen(function*() {
      const server = yield* makeServer([200, 403, "cut", 503])
      const deliveries = yield* Player.plan(recording.slice(0, 5), { seed: 1 })
      assert.deepStrictEqual(yield* Effect.provide(Player.play(deliveries, options), server.layer), {
        sent: 5,
        repeats: 0,
        refused: 3,
        answers: { 200: 2, 403: 1, none: 1, 503: 1 }
      })
      assert.strictEqual((yield* server.requests)[0]!.url, "http://127.0.0.1:3000/webhooks/sms/twilio/inbound")
    }))

  it.effect("keeps the times between webhooks at a speed", () =>
    Effect.gen(function*() {
      const server = yield* makeServer([])
      const deliveries = yield* Player.plan([0, 1000, 4000].map((offset) => webhook(offset)), { seed: 1 })
      const playing = yield* Effect.forkChild(
        Effect.provide(Player.play(deliveries, { ...options, speed: 10 }), server.layer)
      )
      yield* TestClock.adjust("399 millis")
      assert.deepStrictEqual((yield* server.requests).map(({ at }) => at), [0, 100])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(playing)
      assert.deepStrictEqual((yield* server.requests).map(({ at }) => at), [0, 100, 400])
    }))

  it.effect("signs for the public URL and sends to the address", () =>
    Effect.gen(function*() {
      const server = yield* makeServer([])
      const signed: Array<string> = []
      const signOf = () => (unsigned: Parameters<Sign>[0]) => {
        signed.push(unsigned.url)
        return sign(unsigned)
      }
      const webhooks = [
        webhook(0, { route: "status", query: "intent=01ABC" }),
        webhook(1, { method: "GET", payload: { Body: "a b" } })
      ]
      const deliveries = yield* Player.plan(webhooks, { seed: 1 })
      yield* Effect.provide(
        Player.play(deliveries, { ...options, publicUrl: "https://sms.example.com/app/", signOf }),
        server.layer
      )
      const base = "https://sms.example.com/app/webhooks/sms/twilio"
      assert.deepStrictEqual(signed, [`${base}/status?intent=01ABC`, `${base}/inbound`])
      assert.deepStrictEqual((yield* server.requests).map(({ url }) => url), [
        "http://127.0.0.1:3000/webhooks/sms/twilio/status?intent=01ABC",
        "http://127.0.0.1:3000/webhooks/sms/twilio/inbound?Body=a+b"
      ])
    }))

  it.effect("sends nothing for a provider that it cannot sign for, and fails without a server", () =>
    Effect.gen(function*() {
      const server = yield* makeServer(["cut"])
      const deliveries = yield* Player.plan(recording, { seed: 1 })
      const play = (signOf: Player.Options["signOf"]) =>
        Effect.provide(Effect.flip(Player.play(deliveries, { ...options, signOf })), server.layer)
      assert.strictEqual((yield* play(() => undefined))._tag, "UnknownSigner")
      assert.lengthOf(yield* server.requests, 0)
      assert.strictEqual((yield* play(() => sign))._tag, "HttpClientError")
      assert.lengthOf(yield* server.requests, 1)
    }))
})

describe("the signature of a carrier", () => {
  const url = "https://sms.example.com/webhooks/sms/x/inbound?note=1"
  const account = `AC${"0".repeat(31)}1`
  const cases: ReadonlyArray<readonly [name: string, carrier: string, env: Record<string, string>]> = [
    ["Twilio", "twilio", { TWILIO_AUTH_TOKEN: secrets.twilio }],
    ["Twilio for an account", "twilio", {
      TWILIO_AUTH_TOKEN: `${secrets.twilio},another`,
      TWILIO_ACCOUNT_SID: account
    }],
    ["Sinch", "sinch", { SINCH_WEBHOOK_SECRET: secrets.sinch }],
    ["Sinch with SHA-1", "sinch", { SINCH_WEBHOOK_SECRET: secrets.sinch, SINCH_VERIFICATION: "hmac-sha1" }],
    ["Sinch with guards", "sinch", {
      SINCH_WEBHOOK_TOKEN: `${secrets.voicemeup},another`,
      SINCH_WEBHOOK_USERNAME: "user",
      SINCH_WEBHOOK_PASSWORD: secrets.sinch
    }],
    ["Sinch unsigned", "sinch", { SINCH_VERIFICATION: "none" }],
    ["Telnyx", "telnyx", { TELNYX_PUBLIC_KEY: telnyxKeys.publicKey, TELNYX_PRIVATE_KEY: secrets.telnyx }],
    ["VoiceMeUp", "voicemeup", { VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup }],
    ["VoiceMeUp unverified", "voicemeup", { VOICEMEUP_VERIFICATION: "none" }]
  ]
  const provide = (env: Record<string, string>) =>
    Effect.provide(Layer.mergeAll(
      NodeCrypto.layer,
      ConfigProvider.layer(ConfigProvider.fromUnknown(env)),
      Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.die("no request")))
    ))

  for (const [name, carrier, env] of cases) {
    it.effect(`verifies with the variables of the server: ${name}`, () =>
      Effect.gen(function*() {
        const { environment } = yield* Carriers.all.find((one) => one.name === carrier)!.load
        const { provider, sign } = yield* environment
        const [layer, signWith] = [(yield* provider)!, (yield* sign)!]
        const service = yield* Effect.provide(SmsProvider, layer)
        const formats = carrier === "twilio" ? ["form", "json"] as const : ["json"] as const
        for (const format of formats) {
          const payload = {
            MessageSid: "SM1",
            AccountSid: "AC2",
            SmsStatus: "received",
            From: "+12015550101",
            Body: "a b & ü",
            To: "+12015550100"
          }
          const request = yield* signWith({ method: "POST", format, url, payload })
          const webhook = yield* service.verify(request)
          assert.strictEqual(webhook.provider, carrier)
          if (env["TWILIO_ACCOUNT_SID"] !== undefined) {
            assert.include(new TextDecoder().decode(request.body), account)
          }
        }
        if (carrier === "twilio") {
          const request = yield* signWith({
            method: "GET",
            format: "form",
            url,
            payload: { MessageSid: "SM1", Body: "a" }
          })
          assert.strictEqual(request.url, `${url}&MessageSid=SM1&Body=a`)
          yield* service.verify(request)
        }
      }).pipe(provide(env)))
  }

  it.effect("is absent without the variables", () =>
    Effect.gen(function*() {
      for (const { load } of Carriers.all) {
        assert.isUndefined(yield* (yield* (yield* load).environment).sign)
      }
    }).pipe(provide({})))

  it.effect("needs a private key of Telnyx, which can be generated", () =>
    Effect.gen(function*() {
      const { sign } = yield* (yield* Carriers.all.find(({ name }) => name === "telnyx")!.load).environment
      const error = yield* Effect.flip(sign)
      assert.match(error.message, /^TELNYX_PRIVATE_KEY is missing/)
    }).pipe(provide({ TELNYX_PUBLIC_KEY: telnyxKeys.publicKey })))
})
