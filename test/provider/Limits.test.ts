import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Carriers from "../../src/Carriers.ts"
import { defaultLimits, type Receiver } from "../../src/provider/Receiving.ts"
import * as SmsProvider from "../../src/provider/SmsProvider.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"

const form = "application/x-www-form-urlencoded"
const url = "https://sms.example.com/hook"

/** A provider that counts how often its carrier is asked to verify. */
const counting = (receiver: Partial<Receiver> = {}) => {
  const asked = { verify: 0, diagnose: 0 }
  const provider = SmsProvider.make({
    name: "counting",
    receiver: {
      capabilities: {
        mms: false,
        splitMms: false,
        deliveryStatuses: false,
        verification: { scheme: "none", covers: [] }
      },
      methods: ["POST", "GET"],
      contentTypes: [form, "application/json"],
      verify: () => Effect.sync(() => void asked.verify++),
      diagnose: () => Effect.sync(() => String(asked.diagnose++)),
      parse: () => Effect.succeed({}),
      decodePayload: () => Effect.succeed([]),
      acknowledgement: { status: 200, contentType: "text/plain", body: "" },
      ...receiver
    }
  })
  return { asked, provider }
}

const request = (parts: { readonly url?: string; readonly body?: string; readonly type?: string; method?: string }) =>
  WebhookRequest.make({
    method: parts.method,
    url: parts.url ?? url,
    headers: { "content-type": parts.type ?? form },
    ...(parts.body !== undefined && { body: parts.body })
  })

const fieldsOf = (count: number) => Array.from({ length: count }, (_, i) => `${i}=`).join("&")

describe("the limits of a webhook", () => {
  const { maxBytes, maxFields, maxQueryLength } = defaultLimits
  const within = [
    request({ body: "a".repeat(maxBytes) }),
    request({ body: fieldsOf(maxFields) }),
    request({ url: `${url}?${fieldsOf(100)}`, body: fieldsOf(maxFields - 100) }),
    request({ url: `${url}?${"a".repeat(maxQueryLength - 1)}`, body: "a=" }),
    request({ method: "GET", url: `${url}?${"a".repeat(maxBytes - 1)}` }),
    request({ method: "GET", url: `${url}?${fieldsOf(maxFields)}` }),
    // An ampersand divides no JSON.
    request({ type: "application/json", body: JSON.stringify("&".repeat(1000)) })
  ]
  const beyond = [
    [request({ body: "a".repeat(maxBytes + 1) }), "PayloadTooLarge"],
    [request({ type: "application/json", body: " ".repeat(maxBytes + 1) }), "PayloadTooLarge"],
    [request({ body: fieldsOf(maxFields + 1) }), "InvalidPayload"],
    [request({ body: "&".repeat(maxFields) }), "InvalidPayload"],
    [request({ url: `${url}?${fieldsOf(101)}`, body: fieldsOf(maxFields - 100) }), "InvalidPayload"],
    [request({ url: `${url}?${"a".repeat(maxQueryLength)}`, body: "a=" }), "InvalidPayload"],
    [request({ method: "GET", url: `${url}?${"a".repeat(maxBytes)}` }), "PayloadTooLarge"],
    [request({ method: "GET", url: `${url}?${fieldsOf(maxFields + 1)}` }), "InvalidPayload"]
  ] as const

  it.effect("let pass what is as large as they are", () =>
    Effect.gen(function*() {
      for (const webhook of within) {
        const { asked, provider } = counting()
        yield* provider.checkHead(webhook)
        yield* provider.verify(webhook)
        assert.strictEqual(asked.verify, 1)
      }
    }))

  it.effect("refuse what is larger before the carrier's code is asked", () =>
    Effect.gen(function*() {
      for (const [webhook, reason] of beyond) {
        const { asked, provider } = counting()
        assert.strictEqual((yield* Effect.flip(provider.verify(webhook))).reason._tag, reason)
        assert.deepStrictEqual(asked, { verify: 0, diagnose: 0 })
      }
    }))

  it.effect("are the carrier's own where it has some", () =>
    Effect.gen(function*() {
      const { provider } = counting({ limits: { maxBytes: 10 } })
      assert.deepStrictEqual(provider.limits, { ...defaultLimits, maxBytes: 10 })
      yield* provider.verify(request({ body: "a".repeat(10) }))
      assert.strictEqual(
        (yield* Effect.flip(provider.verify(request({ body: "a".repeat(11) })))).reason.message,
        "The body exceeds 10 bytes"
      )
    }))

  it.effect("are the application's where it gives some", () =>
    Effect.gen(function*() {
      const authToken = Redacted.make("12345")
      const provider = yield* Twilio.makeWebhook({ authToken, limits: { maxFields: 3 } })
      const sign = (count: number) =>
        Twilio.signWebhook({
          authToken,
          url,
          form: Object.fromEntries(Array.from({ length: count }, (_, i) => [`F${i}`, ""]))
        })
      yield* provider.verify(yield* sign(3))
      assert.strictEqual((yield* Effect.flip(provider.verify(yield* sign(4)))).reason._tag, "InvalidPayload")
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("are never reached by a webhook that a carrier sent: none has a quarter of them", () =>
    Effect.gen(function*() {
      let count = 0
      for (const carrier of Carriers.all) {
        const { provider } = yield* (yield* carrier.load).samples
        const { limits } = provider
        for (const { name, request } of webhookFixtures(carrier.name)) {
          const query = URL.parse(request.url)?.search ?? ""
          const isForm = request.contentType.startsWith(form)
          assert.isBelow(Buffer.byteLength(request.body) * 4, limits.maxBytes, name)
          assert.isBelow((isForm ? `${query}&${request.body}` : query).split("&").length * 4, limits.maxFields, name)
          assert.isBelow(query.length * 4, request.method === "GET" ? limits.maxBytes : limits.maxQueryLength, name)
          count++
        }
      }
      assert.isAbove(count, 60)
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("leave room for the longest message that Twilio takes, with ten files", () =>
    Effect.gen(function*() {
      const authToken = Redacted.make("12345")
      const provider = yield* Twilio.makeWebhook({ authToken })
      const id = "0".repeat(32)
      const media = Array.from({ length: 10 }, (_, i) => [
        [`MediaUrl${i}`, `https://api.twilio.com/2010-04-01/Accounts/AC${id}/Messages/MM${id}/Media/ME${id}`],
        [`MediaContentType${i}`, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"]
      ]).flat()
      const geography = ["From", "To"].flatMap((side) =>
        ["City", "State", "Zip", "Country"].map((name) => [side + name, "SAN BRUNO"])
      )
      const add = Object.fromEntries([...media, ...geography, ["AddOns", JSON.stringify({ a: "x".repeat(8000) })]])
      const genuine = yield* Twilio.signWebhook({
        authToken,
        // As some of Twilio's back ends sign it: with the port, which is the last but one of the candidates.
        url: "https://sms.example.com:443/hook?a=%27b%27",
        form: { MessageSid: `MM${id}`, From: "+15145550142", To: "+15145550100", Body: "😀".repeat(1600), ...add }
      })
      yield* provider.verify({ ...genuine, url: "https://sms.example.com/hook?a='b'" })
    }).pipe(Effect.provide(NodeCrypto.layer)))
})

describe("what is wrong with the head of a webhook", () => {
  it.effect("is told before the body is there, and again when it is", () =>
    Effect.gen(function*() {
      for (const carrier of Carriers.all) {
        const { provider } = yield* (yield* carrier.load).samples
        const unsigned = { method: "POST", url, headers: { "content-type": "application/json" } }
        const heads = [
          [unsigned, "MissingSignature"],
          [{ ...unsigned, headers: {} }, "UnsupportedContentType"],
          [{ ...unsigned, method: "PUT" }, "MethodNotAllowed"],
          [{ ...unsigned, url: `${url}?${"a".repeat(defaultLimits.maxQueryLength)}` }, "InvalidPayload"]
        ] as const
        for (const [head, reason] of heads) {
          assert.strictEqual((yield* Effect.flip(provider.checkHead(head))).reason._tag, reason, carrier.name)
          const whole = { ...head, body: new TextEncoder().encode("{}") }
          assert.strictEqual((yield* Effect.flip(provider.verify(whole))).reason._tag, reason, carrier.name)
        }
      }
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("is that the provider only sends", () =>
    Effect.gen(function*() {
      const provider = SmsProvider.make({ name: "sender" })
      const error = yield* Effect.flip(provider.checkHead(request({})))
      assert.strictEqual(error.reason._tag, "NotReceiving")
    }))
})
