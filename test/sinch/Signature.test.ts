import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { createHmac } from "node:crypto"
import * as Sinch from "../../src/sinch/index.ts"
import { sha1Vectors, sha256Vectors } from "./vectors.ts"
import {
  atAnyTime,
  hintOf,
  hmac,
  make,
  refusal,
  request,
  secret,
  sha256,
  sha256InTime,
  signed,
  sms,
  verify
} from "./verification.ts"

const { body, nonce, signature, timestamp } = sms

describe("Sinch x-sinch-webhook-signature", () => {
  it.effect.each(sha256Vectors)("verifies and makes the signature of $name", (vector) =>
    Effect.gen(function*() {
      const secret = Redacted.make(vector.secret)
      const headers = yield* Effect.provide(Sinch.signHmacSha256({ ...vector, secret }), NodeCrypto.layer)
      assert.deepStrictEqual(headers, {
        "x-sinch-webhook-signature": vector.signature,
        "x-sinch-webhook-signature-timestamp": vector.timestamp,
        "x-sinch-webhook-signature-nonce": vector.nonce,
        "x-sinch-webhook-signature-algorithm": "HmacSHA256"
      })
      const verified = yield* verify(Sinch.hmacSha256(secret, atAnyTime), request(headers, vector.body))
      assert.strictEqual(verified.provider, "sinch")
    }))

  it.effect("refuses another secret, body, nonce, timestamp or signature", () =>
    Effect.gen(function*() {
      const changed = [
        [Sinch.hmacSha256(Redacted.make("another")), signed, body],
        [sha256, signed, body.replace("Delivered", "Failed")],
        [sha256, signed, ""],
        [sha256, { ...signed, "x-sinch-webhook-signature-nonce": `${nonce}0` }, body],
        [sha256, { ...signed, "x-sinch-webhook-signature-timestamp": "1736760162" }, body],
        [sha256, { ...signed, "x-sinch-webhook-signature": sha256Vectors[1]!.signature }, body],
        [sha256, { ...signed, "x-sinch-webhook-signature": signature.slice(0, -2) }, body],
        [sha256, { ...signed, "x-sinch-webhook-signature": "undefined" }, body],
        [sha256, { ...signed, "x-sinch-webhook-signature": "\u{1f600}" }, body]
      ] as const
      for (const [verification, headers, body] of changed) {
        assert.strictEqual((yield* refusal(verification, request(headers, body)))._tag, "InvalidSignature")
      }
    }))

  it.effect("takes Base64 in its canonical spelling only", () =>
    Effect.gen(function*() {
      // The last two bits of the character before the padding are not part of the tag.
      assert.strictEqual(signature.at(-2), "0")
      const relaxed = `${signature.slice(0, -2)}1=`
      assert.deepStrictEqual(Buffer.from(relaxed, "base64"), Buffer.from(signature, "base64"))
      const headers = { ...signed, "x-sinch-webhook-signature": relaxed }
      assert.strictEqual((yield* refusal(sha256, request(headers, body)))._tag, "InvalidSignature")
    }))

  it.effect("names the first header that is missing or empty", () =>
    Effect.gen(function*() {
      const names = [
        "x-sinch-webhook-signature",
        "x-sinch-webhook-signature-timestamp",
        "x-sinch-webhook-signature-nonce"
      ] as const
      for (const [index, name] of names.entries()) {
        for (const value of [undefined, ""]) {
          // The later ones are missing too.
          const headers = { ...signed, ...Object.fromEntries(names.slice(index).map((name) => [name, value])) }
          const reason = yield* refusal(sha256, request(headers, body))
          assert.strictEqual(reason.message, `Missing header ${name}`)
          assert.strictEqual(reason.status, 403)
        }
      }
    }))

  it.effect("signs the text `undefined` for nobody: a missing nonce is refused even when it was signed as such", () =>
    Effect.gen(function*() {
      const forged = {
        "x-sinch-webhook-signature": hmac(sms.secret, `${body}.undefined.undefined`).digest("base64")
      }
      assert.strictEqual((yield* refusal(sha256, request(forged, body)))._tag, "MissingSignature")
    }))

  it.effect("accepts the algorithm header absent or naming HmacSHA256 in any spelling", () =>
    Effect.gen(function*() {
      for (
        const algorithm of [
          undefined,
          "",
          "HmacSHA256",
          "hmacsha256",
          "HMACSHA256",
          "HmacSHA-256",
          "HMAC-SHA256",
          "sha256",
          "SHA-256"
        ]
      ) {
        yield* verify(sha256, request({ ...signed, "x-sinch-webhook-signature-algorithm": algorithm }, body))
      }
    }))

  it.effect("refuses another algorithm, even when the signature was made with it", () =>
    Effect.gen(function*() {
      for (const [algorithm, hash] of [["HmacSHA1", "sha1"], ["HmacMD5", "md5"], ["HmacSHA512", "sha512"]] as const) {
        const headers = {
          ...signed,
          "x-sinch-webhook-signature": createHmac(hash, sms.secret).update(`${body}.${nonce}.${timestamp}`).digest(
            "base64"
          ),
          "x-sinch-webhook-signature-algorithm": algorithm
        }
        const hint = yield* hintOf(sha256, request(headers, body))
        assert.strictEqual(hint, "nothing: x-sinch-webhook-signature-algorithm is not HmacSHA256")
      }
      const hint = yield* hintOf(sha256, request({ ...signed, "x-sinch-webhook-signature-algorithm": "none" }, body))
      assert.strictEqual(hint, "nothing: x-sinch-webhook-signature-algorithm is not HmacSHA256")
    }))

  it.effect("unwraps headers that the runtime gives as arrays, and refuses a header that was sent twice", () =>
    Effect.gen(function*() {
      const arrays = Object.fromEntries(Object.entries(signed).map(([name, value]) => [name.toUpperCase(), [value]]))
      yield* verify(sha256, request(arrays, body))
      for (const name of Object.keys(signed) as Array<keyof typeof signed>) {
        const twice = { ...signed, [name]: [signed[name], signed[name]] }
        assert.strictEqual((yield* refusal(sha256, request(twice, body)))._tag, "InvalidSignature")
      }
    }))

  it.effect("verifies the bytes as they came: spaces, escapes and invalid UTF-8 included", () =>
    Effect.gen(function*() {
      const bodies = [
        "{ \"body\": \"caf\\u00e9\", \"price\": 1.0 }\r\n",
        "{\"body\":\"café\"}",
        Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
        ""
      ]
      for (const body of bodies) {
        const headers = yield* Effect.provide(
          Sinch.signHmacSha256({ secret, body, nonce, timestamp }),
          NodeCrypto.layer
        )
        yield* verify(sha256, request(headers, body))
      }
    }))

  it.effect("does not let a part of the body pass for the nonce", () =>
    Effect.gen(function*() {
      // The same signed text, cut at other dots.
      const text = `${body}.${nonce}.${timestamp}`
      const cut = text.indexOf(".")
      const headers = {
        ...signed,
        "x-sinch-webhook-signature-nonce": text.slice(cut + 1, text.lastIndexOf(".")),
        "x-sinch-webhook-signature-timestamp": timestamp
      }
      assert.include(yield* hintOf(sha256, request(headers, text.slice(0, cut))), "dot")
    }))

  it.effect("accepts several secrets while one is being rotated", () =>
    Effect.gen(function*() {
      const both = [Redacted.make("the new one"), secret]
      yield* verify(Sinch.hmacSha256(both, atAnyTime), request(signed, body))
      yield* verify(Sinch.hmacSha256(both.toReversed(), atAnyTime), request(signed, body))
      const headers = yield* Effect.provide(
        Sinch.signHmacSha256({ secret: both[0]!, body, nonce, timestamp }),
        NodeCrypto.layer
      )
      yield* verify(Sinch.hmacSha256(both, atAnyTime), request(headers, body))
      assert.strictEqual((yield* refusal(sha256, request(headers, body)))._tag, "InvalidSignature")
    }))

  it.effect("refuses by default what a kit no longer remembers, and nothing that Sinch still repeats", () =>
    Effect.gen(function*() {
      const at = (hours: number) => TestClock.setTime((Number(timestamp) + hours * 3600) * 1000)
      for (const hours of [-5 / 60, 0, 23, 47]) {
        yield* at(hours)
        yield* verify(sha256InTime, request(signed, body))
      }
      for (const hours of [47.001, 48, 10 * 365 * 24]) {
        yield* at(hours)
        const reason = yield* refusal(sha256InTime, request(signed, body))
        assert.deepInclude(reason, { _tag: "StaleTimestamp", toleranceSeconds: 47 * 3600 })
      }
      // It could be replayed when its key is forgotten.
      for (const hours of [-0.1, -24, -365 * 24]) {
        yield* at(hours)
        const reason = yield* refusal(sha256InTime, request(signed, body))
        assert.deepInclude(reason, { _tag: "StaleTimestamp", toleranceSeconds: 300 })
      }
      yield* verify(sha256, request(signed, body))
    }))

  it.effect("refuses an authentic callback outside of the tolerance, in both directions", () =>
    Effect.gen(function*() {
      const verification = Sinch.hmacSha256(secret, { tolerance: "5 minutes" })
      const at = (offset: number) => TestClock.setTime((Number(timestamp) + offset) * 1000)
      for (const offset of [0, 300, -300]) {
        yield* at(offset)
        yield* verify(verification, request(signed, body))
      }
      for (const offset of [301, -301, 86_400]) {
        yield* at(offset)
        const reason = yield* refusal(verification, request(signed, body))
        assert.deepInclude(reason, { _tag: "StaleTimestamp", skewSeconds: -offset, toleranceSeconds: 300 })
      }
      // A forged one learns nothing about the clock.
      const forged = request({ ...signed, "x-sinch-webhook-signature": sha256Vectors[1]!.signature }, body)
      assert.strictEqual((yield* refusal(verification, forged))._tag, "InvalidSignature")
    }))

  it.effect("refuses a signed time that is no number of seconds, with a tolerance and without", () =>
    Effect.gen(function*() {
      for (
        const timestamp of [
          "soon",
          "-1",
          "1e9",
          "-5",
          "0x1",
          "2025-01-13T09:22:41Z",
          "1736760161000",
          "01736760161000",
          "17367601610000000"
        ]
      ) {
        const headers = yield* Effect.provide(
          Sinch.signHmacSha256({ secret, body, nonce, timestamp }),
          NodeCrypto.layer
        )
        for (const verification of [sha256, sha256InTime, Sinch.hmacSha256(secret, { tolerance: "1 day" })]) {
          const reason = yield* refusal(verification, request(headers, body))
          assert.strictEqual(reason.message, "Missing header x-sinch-webhook-signature-timestamp in Unix seconds")
        }
      }
    }))

  it.effect("never repeats the secret, the signature or the body in an error", () =>
    Effect.gen(function*() {
      const reason = yield* Effect.flip(verify(sha256, request(signed, `${body} `)))
      const text = JSON.stringify(reason) + String(reason)
      for (const confidential of [sms.secret, signature, nonce, "33662162466"]) assert.notInclude(text, confidential)
    }))
})

describe("Sinch X-Sinch-Signature", () => {
  it.effect.each(sha1Vectors)(
    "verifies and makes the signature of $name, in hex and in Base64",
    (vector) =>
      Effect.gen(function*() {
        const secret = Redacted.make(vector.secret)
        for (const encoding of ["hex", "base64"] as const) {
          const headers = yield* Effect.provide(
            Sinch.signHmacSha1({ secret, body: vector.body, encoding }),
            NodeCrypto.layer
          )
          assert.deepStrictEqual(headers, { "x-sinch-signature": vector[encoding] })
          yield* verify(Sinch.hmacSha1(secret), request(headers, vector.body))
          yield* verify(Sinch.hmacSha1([Redacted.make("new"), secret]), request(headers, vector.body))
          const reason = yield* refusal(Sinch.hmacSha1(secret), request(headers, vector.body.replace("{", "{ ")))
          assert.strictEqual(reason._tag, "InvalidSignature")
        }
      })
  )

  const vector = sha1Vectors[2]!
  const sha1 = Sinch.hmacSha1(Redacted.make(vector.secret))

  it.effect("is never tried unless it was chosen", () =>
    Effect.gen(function*() {
      const headers = { ...signed, "x-sinch-signature": vector.hex }
      const reason = yield* refusal(Sinch.hmacSha256(Redacted.make(vector.secret)), request(headers, vector.body))
      assert.strictEqual(reason._tag, "InvalidSignature")
    }))

  it.effect("is refused beside the headers of the stronger scheme", () =>
    Effect.gen(function*() {
      for (const name of Object.keys(signed)) {
        const headers = { "x-sinch-signature": vector.hex, [name]: "x" }
        assert.strictEqual(
          yield* hintOf(sha1, request(headers, vector.body)),
          "nothing: found x-sinch-webhook-signature, which belongs to the HmacSha256 scheme"
        )
      }
    }))

  it.effect("is refused when it is missing, empty, of another length, or in upper-case hex", () =>
    Effect.gen(function*() {
      for (const headers of [{}, { "x-sinch-signature": "" }]) {
        const reason = yield* refusal(sha1, request(headers, vector.body))
        assert.strictEqual(reason.message, "Missing header x-sinch-signature")
      }
      for (
        const value of ["x", vector.hex.slice(2), `${vector.hex}00`, vector.base64.slice(0, -1), `sha1=${vector.hex}`]
      ) {
        const reason = yield* refusal(sha1, request({ "x-sinch-signature": value }, vector.body))
        assert.strictEqual(reason._tag, "InvalidSignature")
      }
      const upperCase = request({ "x-sinch-signature": vector.hex.toUpperCase() }, vector.body)
      assert.strictEqual(yield* hintOf(sha1, upperCase), "the header read as hex")
    }))

  it.effect("is refused with any one bit changed in the signature or the body", () =>
    Effect.gen(function*() {
      const provider = yield* make(sha1)
      const flips = (text: string) =>
        Array.from({ length: text.length * 8 }, (_, bit) => {
          const bytes = Buffer.from(text)
          bytes[bit >> 3]! ^= 1 << (bit & 7)
          return bytes
        })
      for (const value of [vector.hex, vector.base64]) {
        for (const changed of flips(value)) {
          yield* Effect.flip(provider.verify(request({ "x-sinch-signature": changed.toString("latin1") }, vector.body)))
        }
      }
      for (const changed of flips(vector.body)) {
        yield* Effect.flip(provider.verify(request({ "x-sinch-signature": vector.hex }, changed)))
      }
    }))

  it.effect("says that the body was re-serialised", () =>
    Effect.gen(function*() {
      const compact = sha1Vectors[0]!
      const verification = Sinch.hmacSha1(Redacted.make(compact.secret))
      const pretty = JSON.stringify(JSON.parse(compact.body), null, 2)
      assert.strictEqual(
        yield* hintOf(verification, request({ "x-sinch-signature": compact.hex }, pretty)),
        "the body re-serialized as compact JSON"
      )
    }))
})

describe("Sinch without a signature", () => {
  it.effect("accepts anything, and only because it was told to", () =>
    Effect.gen(function*() {
      yield* verify(Sinch.unsigned, request({}, body))
      yield* verify(Sinch.unsigned, request({ ...signed, "x-sinch-webhook-signature": "x" }, body))
      assert.strictEqual((yield* refusal(Sinch.unsigned, { ...request({}, body), method: "GET" })).status, 405)
    }))
})
