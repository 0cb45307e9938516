import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Sinch from "../../src/sinch/index.ts"
import { sha1Vectors } from "./vectors.ts"
import { hintOf, hmac, refusal, request, sha256, signed, sms, verify } from "./verification.ts"

const { body, nonce, timestamp } = sms

describe("Sinch says what would have made a signature match", () => {
  const sign = (key: string | Uint8Array, text: string, encoding: "base64" | "hex" | "base64url" = "base64") => ({
    ...signed,
    "x-sinch-webhook-signature": hmac(key, text).digest(encoding)
  })
  const text = `${body}.${nonce}.${timestamp}`

  it.effect.each(
    [
      ["the body re-serialized as compact JSON", sha256, signed, JSON.stringify(JSON.parse(body), null, 2)],
      ["the body re-serialized as compact JSON", sha256, signed, ` ${body}`],
      ["the body without the white space at its end", sha256, signed, `${body}\r\n`],
      [
        "the secret without the white space around it",
        Sinch.hmacSha256(Redacted.make(`${sms.secret}\n`)),
        signed,
        body
      ],
      [
        "the secret decoded from Base64",
        Sinch.hmacSha256(Redacted.make("c2VjcmV0IGJ5dGVz")),
        sign("secret bytes", text),
        body
      ],
      ["the timestamp before the nonce", sha256, sign(sms.secret, `${body}.${timestamp}.${nonce}`), body],
      ["the body alone", sha256, sign(sms.secret, body), body],
      ["the header read as hex", sha256, sign(sms.secret, text, "hex"), body],
      [
        "the header read as Base64 without padding or for URLs",
        sha256,
        sign(sms.secret, text, "base64url"),
        body
      ],
      [
        "the body re-serialized as compact JSON and the secret without the white space around it and the header read as hex",
        Sinch.hmacSha256(Redacted.make(` ${sms.secret}`)),
        sign(sms.secret, text, "hex"),
        JSON.stringify(JSON.parse(body), null, 4)
      ]
    ] as const
  )("%s", ([expected, verification, headers, body]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* hintOf(verification, request(headers, body)), expected)
    }))

  it.effect("and nothing when nothing fits, however odd the body", () =>
    Effect.gen(function*() {
      const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`
      for (const body of ["", "\n", "{", "[]", "null", deep]) {
        assert.isUndefined(yield* hintOf(sha256, request(signed, body)))
      }
    }))

  it.effect("and nothing above 4 KiB, so that forged requests stay cheap", () =>
    Effect.gen(function*() {
      const large = JSON.stringify({ body: "x".repeat(4 * 1024) })
      const headers = sign(sms.secret, `${large}.${nonce}.${timestamp}`)
      assert.isUndefined(yield* hintOf(sha256, request(headers, `${large}\n`)))
      yield* verify(sha256, request(headers, large))
    }))

  it.effect("and that the other scheme's header is there", () =>
    Effect.gen(function*() {
      const { base64, body, secret } = sha1Vectors[2]!
      const reason = yield* refusal(
        Sinch.hmacSha256(Redacted.make(secret)),
        request({ "x-sinch-signature": base64 }, body)
      )
      assert.strictEqual(
        reason.message,
        "Missing header x-sinch-webhook-signature; found x-sinch-signature, which belongs to the HmacSha1 scheme"
      )
    }))
})
