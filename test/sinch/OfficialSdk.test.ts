/**
 * The provider against the official Node SDK. Where the two disagree, they do
 * so on purpose, and each such place has a test here.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"

import { Clock, DateTime, Effect, Exit, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import { createHmac } from "node:crypto"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { inZone } from "./inZone.ts"
import { SmsCallbackWebhooks, validateSignatureHeader } from "./sdk.ts"
import { sha1Vectors, sha256Vectors } from "./vectors.ts"

type Headers = Record<string, string | Array<string>>

const clockAt = (seconds: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => seconds * 1000,
  currentTimeMillis: Effect.succeed(seconds * 1000),
  currentTimeNanosUnsafe: () => BigInt(seconds) * 1_000_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(seconds) * 1_000_000_000n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.never
})

/** The clock shows the time that was signed, unless a test says otherwise. */
const oursBy = (verification: Sinch.Verification, clock: Clock.Clock = clockAt(Number(timestamp))) =>
  Effect.map(
    SmsProvider.pipe(Effect.provide(Sinch.layerWebhook({ verification }).pipe(Layer.provide(NodeCrypto.layer)))),
    (provider) => (headers: Headers, body: string | Uint8Array): boolean =>
      Exit.isSuccess(Effect.runSyncExit(
        Effect.provideService(
          provider.verify(WebhookRequest.make({
            url: "https://sms.example.com/webhooks/sms/sinch/inbound",
            headers: { ...headers, "content-type": "application/json" },
            body
          })),
          Clock.Clock,
          clock
        )
      ))
  )

const theirs = (secret: string, headers: Headers, body: unknown): boolean =>
  new SmsCallbackWebhooks(secret).validateAuthenticationHeader(headers, body, "/", "POST")

const sign = (secret: string, body: string, nonce: string, timestamp: string) =>
  createHmac("sha256", secret).update(`${body}.${nonce}.${timestamp}`).digest("base64")

const headersOf = (signature: string, nonce: string, timestamp: string): Headers => ({
  "X-Sinch-Webhook-Signature": signature,
  "X-Sinch-Webhook-Signature-Nonce": nonce,
  "X-Sinch-Webhook-Signature-Timestamp": timestamp,
  "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256"
})

const vector = sha256Vectors[0]!
const { body, nonce, secret, signature, timestamp } = vector
const signed = headersOf(signature, nonce, timestamp)

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1
})
const withoutDot = visible.filter((text) => !text.includes("."))
const times = fc.integer({ min: 0, max: 9_999_999_999 }).map(String)
const bodies = fc.oneof(fc.json(), fc.string({ unit: "grapheme" }), fc.constant(body))
const secrets = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.trim() !== "")

describe("The signature of Sinch's official SDK", () => {
  it("agrees on any secret, body, nonce and timestamp, right or tampered with", () => {
    const tampering = fc.constantFrom("none", "none", "secret", "body", "nonce", "timestamp", "signature", "encoding")
    let accepted = 0
    fc.assert(
      fc.property(secrets, bodies, withoutDot, times, tampering, (secret, body, nonce, timestamp, tampering) => {
        const change = (part: typeof tampering, text: string) => part === tampering ? `${text}0` : text
        const right = sign(secret, body, nonce, timestamp)
        const signature = tampering === "encoding"
          ? Buffer.from(right, "base64").toString("hex")
          : change("signature", right)
        const headers = headersOf(signature, change("nonce", nonce), change("timestamp", timestamp))
        const received = change("body", body)
        const ours = Effect.runSync(
          oursBy(Sinch.hmacSha256(Redacted.make(change("secret", secret))), clockAt(Number(timestamp)))
        )
        const verdict = ours(headers, received)
        assert.strictEqual(verdict, theirs(change("secret", secret), headers, received))
        assert.strictEqual(verdict, tampering === "none")
        if (verdict) accepted++
      }),
      { numRuns: 500 }
    )
    assert.isAbove(accepted, 100)
  })

  it.effect("differs: takes the body as bytes, which the SDK cannot", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      assert.deepStrictEqual([ours(signed, Buffer.from(body)), theirs(secret, signed, Buffer.from(body))], [
        true,
        false
      ])
    }))

  it.effect("differs: refuses what was signed more than 47 hours ago, which the SDK takes at any time", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)), clockAt(Number(timestamp) + 48 * 3600))
      assert.deepStrictEqual([ours(signed, body), theirs(secret, signed, body)], [false, true])
    }))

  it.effect("differs: refuses a time that is not in seconds, and one in the future, which the SDK takes", () =>
    Effect.gen(function*() {
      const seconds = Number(timestamp)
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      for (const time of [`${seconds - 49 * 3600}000`, "2025-01-13T09:22:41Z", "abc", "-5", `${seconds + 301}`]) {
        const headers = headersOf(sign(secret, body, nonce, time), nonce, time)
        assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [false, true], time)
      }
    }))

  it.effect("differs: refuses a re-serialized body, which the SDK takes as an object", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const pretty = JSON.stringify(JSON.parse(body), null, 2)
      assert.deepStrictEqual([ours(signed, pretty), theirs(secret, signed, JSON.parse(pretty))], [false, true])
      assert.isFalse(theirs(secret, signed, pretty))
    }))

  it.effect("differs: refuses a missing nonce and timestamp, which the SDK signs as `undefined`", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const headers = { "x-sinch-webhook-signature": sign(secret, body, "undefined", "undefined") }
      assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [false, true])
    }))

  it.effect("differs: refuses an empty nonce and timestamp", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const headers = headersOf(sign(secret, body, "", ""), "", "")
      assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [false, true])
    }))

  it.effect("differs: unwraps a signature header in an array, where the SDK unwraps only nonce and timestamp", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const others = {
        ...signed,
        "X-Sinch-Webhook-Signature-Nonce": [nonce],
        "X-Sinch-Webhook-Signature-Timestamp": [timestamp]
      }
      assert.deepStrictEqual([ours(others, body), theirs(secret, others, body)], [true, true])
      const headers = { ...others, "X-Sinch-Webhook-Signature": [signature] }
      assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [true, false])
    }))

  it.effect("differs: refuses a nonce that was sent twice, of which the SDK takes the first", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const headers = { ...signed, "X-Sinch-Webhook-Signature-Nonce": [nonce, "another"] }
      assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [false, true])
    }))

  it.effect("differs: refuses another algorithm by name, which the SDK does not look at", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const headers = { ...signed, "X-Sinch-Webhook-Signature-Algorithm": "HmacMD5" }
      assert.deepStrictEqual([ours(headers, body), theirs(secret, headers, body)], [false, true])
    }))

  it.effect("differs: refuses a dot in nonce or timestamp, with which the body can be cut short", () =>
    Effect.gen(function*() {
      const ours = yield* oursBy(Sinch.hmacSha256(Redacted.make(secret)))
      const cut = body.indexOf(".")
      const headers = headersOf(signature, `${body.slice(cut + 1)}.${nonce}`, timestamp)
      const short = body.slice(0, cut)
      assert.deepStrictEqual([ours(headers, short), theirs(secret, headers, short)], [false, true])
    }))

  it.effect("agrees on X-Sinch-Signature in hex, and differs: also takes Base64, and neither beside the other scheme", () =>
    Effect.gen(function*() {
      for (const { base64, body, hex, secret } of sha1Vectors) {
        const ours = yield* oursBy(Sinch.hmacSha1(Redacted.make(secret)))
        const verdicts = (
          headers: Headers,
          body: string
        ) => [ours(headers, body), validateSignatureHeader(secret, headers, body)]
        assert.deepStrictEqual(verdicts({ "X-Sinch-Signature": hex }, body), [true, true])
        assert.deepStrictEqual(verdicts({ "X-Sinch-Signature": hex }, `${body} `), [false, false])
        assert.deepStrictEqual(verdicts({ "X-Sinch-Signature": hex.toUpperCase() }, body), [false, false])
        assert.deepStrictEqual(verdicts({}, body), [false, false])
        assert.deepStrictEqual(verdicts({ "X-Sinch-Signature": base64 }, body), [true, false])
        assert.deepStrictEqual(verdicts({ ...signed, "X-Sinch-Signature": hex }, body), [false, true])
      }
    }))
})

describe("The events of Sinch's official SDK", () => {
  const decode = (payload: Readonly<Record<string, unknown>>) =>
    SmsProvider.use((provider) => provider.decodePayload(payload)).pipe(
      Effect.provide(Sinch.layerWebhook({ verification: Sinch.unsigned }).pipe(Layer.provide(NodeCrypto.layer)))
    )
  // The SDK changes the object that it is given.
  const parse = (payload: object) => SmsCallbackWebhooks.parseEvent(structuredClone(payload))

  const digits = fc.integer({ min: 10_000_000, max: 999_999_999_999 }).map(String)
  const time = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }).map((date) =>
    date.toISOString()
  )
  const inbound = fc.record({
    type: fc.constant("mo_text"),
    id: fc.ulid(),
    from: digits,
    to: digits,
    body: fc.string({ unit: "grapheme" }),
    received_at: time,
    operator_id: digits
  }, { requiredKeys: ["type", "id", "from", "to", "body", "received_at"] })
  const report = fc.record({
    type: fc.constantFrom("recipient_delivery_report_sms", "recipient_delivery_report_mms"),
    batch_id: fc.ulid(),
    recipient: digits,
    status: fc.constantFrom(
      "Queued",
      "Dispatched",
      "Aborted",
      "Cancelled",
      "Rejected",
      "Deleted",
      "Delivered",
      "Failed",
      "Expired",
      "Unknown"
    ),
    code: fc.nat(500),
    at: time
  })

  it("agree on what a text message says", () => {
    fc.assert(fc.property(inbound, (payload) => {
      const [event] = Effect.runSync(decode(payload))
      const sdk = parse(payload)
      if (!(event instanceof InboundMessage) || !("received_at" in sdk)) return assert.fail()
      assert.strictEqual<string>(event.sender, `+${sdk.from}`)
      assert.strictEqual<string>(event.recipient, `+${sdk.to}`)
      assert.strictEqual(event.externalId, sdk.id)
      assert.strictEqual(event.content._tag === "TextContent" ? event.content.text : undefined, sdk.body)
      assert.deepStrictEqual(event.receivedAt && DateTime.toDateUtc(event.receivedAt), sdk.received_at)
      assert.strictEqual(event.metadata["operator_id"], sdk.operator_id)
    }))
  })

  it("agree on what a delivery report says", () => {
    fc.assert(fc.property(report, (payload) => {
      const [event] = Effect.runSync(decode(payload))
      const sdk = parse(payload)
      if (!(event instanceof DeliveryStatus) || !("recipient" in sdk)) return assert.fail()
      assert.strictEqual(event.messageId, sdk.batch_id)
      assert.strictEqual<string | undefined>(event.recipient, `+${sdk.recipient}`)
      assert.strictEqual(event.carrierStatus, sdk.status)
      assert.notStrictEqual(event.status, "unknown")
      assert.deepStrictEqual(event.timestamp && DateTime.toDateUtc(event.timestamp), sdk.at)
    }))
  })

  it.effect("differ: an unknown or missing type is an event here and an exception there", () =>
    Effect.gen(function*() {
      for (const payload of [{ type: "mo_hologram" }, { unknownProperty: "anyValue" }]) {
        assert.throws(() => parse(payload), /Unknown SMS event/)
        assert.deepStrictEqual((yield* decode(payload)).map(({ _tag }) => _tag), ["Unrecognized"])
      }
    }))

  it.effect("differ: a message without a sender is an error here and an object with holes there", () =>
    Effect.gen(function*() {
      const payload = { type: "mo_text", body: "This is the SMS body" }
      assert.deepStrictEqual<object>(parse(payload), payload)
      assert.strictEqual((yield* Effect.flip(decode(payload))).reason._tag, "InvalidPayload")
    }))

  it.effect("differ: a time without a zone is UTC here and the server's zone there", () =>
    inZone(
      "America/Montreal",
      Effect.gen(function*() {
        const payload = {
          type: "mo_text",
          id: "1",
          from: "12015555555",
          to: "12345",
          body: "",
          received_at: "2022-08-24T14:15:22"
        }
        const sdk = parse(payload)
        assert.strictEqual("received_at" in sdk && sdk.received_at.toISOString(), "2022-08-24T18:15:22.000Z")
        const [event] = yield* decode(payload)
        assert.isTrue(event instanceof InboundMessage)
        const { receivedAt } = event as InboundMessage
        assert.strictEqual(receivedAt && DateTime.formatIso(receivedAt), "2022-08-24T14:15:22.000Z")
      })
    ))

  it.effect("differ: a time that cannot be read is absent here and an invalid date there", () =>
    Effect.gen(function*() {
      const payload = { type: "mo_text", id: "1", from: "12015555555", to: "12345", body: "", received_at: "soon" }
      const sdk = parse(payload)
      assert.isTrue("received_at" in sdk && Number.isNaN(sdk.received_at.getTime()))
      assert.notProperty((yield* decode(payload))[0], "receivedAt")
    }))
})
