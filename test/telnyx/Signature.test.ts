import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { generateKeyPairSync } from "node:crypto"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Tweetnacl from "../../src/telnyx/Tweetnacl.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { otherPrivateKey, otherPublicKey, privateKey, publicKey } from "./keys.ts"

const signatureHeader = "telnyx-signature-ed25519"
const timestampHeader = "telnyx-timestamp"
const body = `{"data":{"event_type":"message.received"}}`
const now = 1_700_000_000

const native = (options: Telnyx.WebhookOptions) => Telnyx.layerWebhook(options).pipe(Layer.provide(NodeCrypto.layer))
const portable = (options: Telnyx.WebhookOptions) =>
  Telnyx.layerWebhookNoDeps(options).pipe(Layer.provide(Tweetnacl.layer))

const build = (options: Partial<Telnyx.WebhookOptions> = {}, layer = native) =>
  Effect.map(Layer.build(layer({ publicKey, ...options })), Context.get(SmsProvider))

const request = (headers: Readonly<Record<string, string>>, content: string | Uint8Array = body) =>
  WebhookRequest.make({
    url: "https://sms.example.com/webhooks/sms/telnyx/inbound",
    headers: { "Content-Type": "application/json", ...headers },
    body: content
  })

const sign = (options: Partial<Parameters<typeof Telnyx.sign>[0]> = {}) =>
  Telnyx.sign({ privateKey, body, timestamp: now, ...options }).pipe(Effect.provide(NodeCrypto.layer))

const reasonOf = (provider: SmsProvider["Service"], request: WebhookRequest.WebhookRequest) =>
  Effect.map(Effect.flip(provider.verify(request)), ({ reason }) => reason)

describe.each([["native", native], ["tweetnacl", portable]] as const)("Telnyx signature (%s)", (_, layer) => {
  it.effect("is over the timestamp, a bar and the body, whatever the letter case of the headers", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000)
      const provider = yield* build({}, layer)
      const headers = yield* sign()
      yield* provider.verify(request(headers))
      yield* provider.verify(request({
        "Telnyx-Signature-Ed25519": headers[signatureHeader],
        "TELNYX-TIMESTAMP": headers[timestampHeader]
      }))
    }).pipe(Effect.scoped))

  it.effect("is checked on bytes, which need not be text", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000)
      const provider = yield* build({}, layer)
      const bytes = Uint8Array.of(0xff, 0x00, 0xc3, 0x28)
      const headers = yield* sign({ body: bytes })
      yield* provider.verify(request(headers, bytes))
      const replaced = new TextDecoder().decode(bytes)
      assert.strictEqual((yield* reasonOf(provider, request(headers, replaced)))._tag, "InvalidSignature")
    }).pipe(Effect.scoped))

  it.effect("is accepted under each of several keys, and under no other", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000)
      const both = yield* build({ publicKey: [otherPublicKey, publicKey] }, layer)
      const one = yield* build({ publicKey: [otherPublicKey] }, layer)
      const headers = yield* sign()
      yield* both.verify(request(headers))
      yield* both.verify(request(yield* sign({ privateKey: otherPrivateKey })))
      assert.strictEqual((yield* reasonOf(one, request(headers)))._tag, "InvalidSignature")
    }).pipe(Effect.scoped))

  it.effect("holds for five minutes in both directions, to the second", () =>
    Effect.gen(function*() {
      const provider = yield* build({}, layer)
      const signed = request(yield* sign())
      for (const [seconds, accepted] of [[-301, false], [-300, true], [0, true], [300, true], [301, false]] as const) {
        yield* TestClock.setTime((now + seconds) * 1000)
        if (accepted) yield* provider.verify(signed)
        else {
          assert.deepInclude({ ...(yield* reasonOf(provider, signed)) }, {
            _tag: "StaleTimestamp",
            skewSeconds: -seconds,
            toleranceSeconds: 300
          })
        }
      }
      // The signed time is a whole second, so the millisecond of ours does not count.
      yield* TestClock.setTime((now + 300) * 1000 + 999)
      yield* provider.verify(signed)
    }).pipe(Effect.scoped))

  it.effect("that is stale and forged is forged", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime((now + 3600) * 1000)
      const provider = yield* build({}, layer)
      const headers = yield* sign()
      assert.strictEqual((yield* reasonOf(provider, request(headers)))._tag, "StaleTimestamp")
      assert.strictEqual((yield* reasonOf(provider, request(headers, `${body} `)))._tag, "InvalidSignature")
      const renewed = { ...headers, [timestampHeader]: String(now + 3600) }
      assert.strictEqual((yield* reasonOf(provider, request(renewed)))._tag, "InvalidSignature")
    }).pipe(Effect.scoped))
})

describe("Telnyx signature", () => {
  it.effect("holds as long as the options say", () =>
    Effect.gen(function*() {
      const signed = request(yield* sign())
      const strict = yield* build({ tolerance: "10 seconds" })
      const exact = yield* build({ tolerance: 0 })
      const endless = yield* build({ tolerance: "Infinity" })
      yield* TestClock.setTime((now + 10) * 1000)
      yield* strict.verify(signed)
      assert.strictEqual((yield* reasonOf(exact, signed))._tag, "StaleTimestamp")
      yield* TestClock.setTime((now + 11) * 1000)
      assert.strictEqual((yield* reasonOf(strict, signed))._tag, "StaleTimestamp")
      yield* endless.verify(signed)
      yield* TestClock.setTime(now * 1000)
      yield* exact.verify(signed)
    }).pipe(Effect.scoped))

  it.effect.each([signatureHeader, timestampHeader])(
    "is missing without the header %s, or with it empty",
    (name) =>
      Effect.gen(function*() {
        const provider = yield* build()
        const headers: Record<string, string> = { ...(yield* sign()) }
        headers[name] = ""
        assert.deepInclude({ ...(yield* reasonOf(provider, request(headers))) }, {
          _tag: "MissingSignature",
          expected: `header ${name}`
        })
        delete headers[name]
        assert.strictEqual((yield* reasonOf(provider, request(headers)))._tag, "MissingSignature")
      }).pipe(Effect.scoped)
  )

  it.effect("says that a profile on the first version of the webhooks needs the second", () =>
    Effect.gen(function*() {
      const provider = yield* build()
      const error = yield* reasonOf(provider, request({ "X-Telnyx-Signature": `t=${now},h=AAAA` }))
      assert.strictEqual(error._tag, "MissingSignature")
      assert.include(error.message, "webhook_api_version")
    }).pipe(Effect.scoped))

  it.effect.each([
    "abc",
    "1700000000x",
    "1700000000.0",
    "-1700000000",
    "+1700000000",
    " 1700000000",
    "1.7e9",
    "0x6553f100",
    "１７００００００００",
    "9007199254740993",
    "1700000000, 1700000000"
  ])("is refused with the timestamp %j, even a signed one", (timestamp) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000)
      const provider = yield* build({ tolerance: "Infinity" })
      // `sign` writes the timestamp with String, so that any text can be signed here.
      const headers = yield* sign({ timestamp: timestamp as unknown as number })
      const error = yield* reasonOf(provider, request(headers))
      assert.strictEqual(error._tag, "InvalidSignature")
      assert.include(error.message, timestampHeader)
    }).pipe(Effect.scoped))

  it.effect("is refused in any spelling but canonical Base64 of 64 bytes", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000)
      const provider = yield* build()
      const headers = yield* sign()
      const text = headers[signatureHeader]
      const bytes = Buffer.from(text, "base64")
      // 64 bytes leave four bits of the last character unused.
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      const padded = `${text.slice(0, 85)}${alphabet[alphabet.indexOf(text[85]!) + 1]}==`
      assert.isTrue(Buffer.from(padded, "base64").equals(bytes))
      const spellings = [
        padded,
        text.replaceAll("=", ""),
        `${text}\n`,
        ` ${text}`,
        `${text}, ${text}`,
        bytes.toString("hex"),
        bytes.subarray(0, 63).toString("base64"),
        Buffer.concat([bytes, bytes]).toString("base64"),
        `-_${text.slice(2)}`,
        "%",
        "="
      ]
      for (const spelling of spellings) {
        const error = yield* reasonOf(provider, request({ ...headers, [signatureHeader]: spelling }))
        assert.strictEqual(error._tag, "InvalidSignature", spelling)
      }
    }).pipe(Effect.scoped))

  it.effect("is made with the present time and new keys", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now * 1000 + 999)
      const keys = yield* Telnyx.generateKeyPair
      const provider = yield* build({ publicKey: keys.publicKey })
      const headers = yield* Telnyx.sign({ privateKey: keys.privateKey, body: new TextEncoder().encode(body) })
      assert.strictEqual(headers[timestampHeader], `${now}`)
      yield* provider.verify(request(headers))
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("is not made with a private key in another form, which stays secret", () =>
    Effect.gen(function*() {
      const long = Buffer.alloc(64, 1).toString("base64")
      const error = yield* Effect.flip(sign({ privateKey: Redacted.make(long) }))
      assert.strictEqual(error.reason._tag, "InvalidKey")
      assert.notInclude(JSON.stringify(error) + error.message, long)
    }))
})

const pair = generateKeyPairSync("ed25519")
const hex = Buffer.from(publicKey, "base64").toString("hex")

describe("Telnyx public key", () => {
  it.effect.each([
    { form: "empty", key: "", says: "empty" },
    { form: "blank", key: "  ", says: "empty" },
    { form: "hex", key: hex, says: "hex" },
    { form: "hex with a prefix", key: `0x${hex}`, says: "hex" },
    { form: "PEM", key: String(pair.publicKey.export({ format: "pem", type: "spki" })), says: "PEM" },
    { form: "DER", key: pair.publicKey.export({ format: "der", type: "spki" }).toString("base64"), says: "DER" },
    { form: "surrounded by white space", key: ` ${publicKey}\n`, says: "white space" },
    { form: "URL-safe", key: publicKey.replaceAll("+", "-").replaceAll("/", "_").replace(/^./, "_"), says: "URL-safe" },
    { form: "unpadded", key: publicKey.replace("=", ""), says: "not Base64" },
    { form: "not Base64", key: "!".repeat(44), says: "not Base64" },
    { form: "cut", key: publicKey.slice(0, 40), says: "30 bytes" },
    { form: "of small order", key: Buffer.alloc(32).toString("base64"), says: "small order" }
  ])("that is $form stops the start, and the error says so without the key", ({ key, says }) =>
    Effect.gen(function*() {
      const errors = [
        yield* Effect.flip(build({ publicKey: key })),
        yield* Effect.flip(build({ publicKey: [publicKey, key] }, portable))
      ]
      for (const error of errors) {
        assert.strictEqual(error.reason._tag, "InvalidKey")
        assert.include(error.message, says)
        if (key.trim() !== "") assert.notInclude(error.message, key)
      }
    }).pipe(Effect.scoped))

  it.effect("is needed at least once", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(build({ publicKey: [] }))).reason._tag, "InvalidKey")
    }).pipe(Effect.scoped))

  it.effect("is read from configuration, as the tolerance is", () =>
    Effect.gen(function*() {
      const options = { publicKey: Config.String("TELNYX_PUBLIC_KEY"), tolerance: Config.Duration("TOLERANCE") }
      const context = yield* Layer.build(
        Telnyx.layerWebhookConfig(options).pipe(
          Layer.provide([
            NodeCrypto.layer,
            ConfigProvider.layer(ConfigProvider.fromUnknown({ TELNYX_PUBLIC_KEY: publicKey, TOLERANCE: "1 second" }))
          ])
        )
      )
      const provider = Context.get(context, SmsProvider)
      yield* TestClock.setTime((now + 2) * 1000)
      assert.strictEqual(provider.name, "telnyx")
      assert.strictEqual((yield* reasonOf(provider, request(yield* sign())))._tag, "StaleTimestamp")
    }).pipe(Effect.scoped))
})
