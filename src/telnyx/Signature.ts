/**
 * `telnyx-signature-ed25519`: Base64 of an Ed25519 signature over the
 * `telnyx-timestamp` header, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
import * as Clock from "effect/Clock"
import * as CryptoError from "effect/crypto/CryptoError"
import * as Signature from "effect/crypto/Signature"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import { fromBase64, utf8 } from "../provider/Secrets.ts"
import { InvalidSignature, MissingSignature, StaleTimestamp, type WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import type { WebhookOptions } from "./Config.ts"
import { variants } from "./Diagnosis.ts"
import { Ed25519 } from "./Ed25519.ts"
import { signedText } from "./SignedText.ts"

const signatureHeader = "telnyx-signature-ed25519"
const timestampHeader = "telnyx-timestamp"
/**
 * The header of the previous signature scheme
 * (https://developers.telnyx.com/docs/v1/messaging/webhooks/inbound-message-signature).
 */
const legacyHeader = "x-telnyx-signature"

const secondsNow = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1000))

const invalidKey = (method: string, description: string) =>
  new CryptoError.CryptoError({ module: "Telnyx", method, reason: new CryptoError.InvalidKey({ description }) })

/** Describes why a text is not the Base64 of 32 bytes. The description never contains the text. */
const flaw = (text: string): string => {
  if (text.trim() === "") return "it is empty"
  if (text.includes("-----BEGIN")) return "it looks like PEM"
  if (/^\s|\s$/.test(text)) return "it is surrounded by white space"
  if (/^(0x)?[0-9a-f]{64}$/i.test(text)) return "it looks like hex"
  if (/^[\w-]+=*$/.test(text) && /[_-]/.test(text)) return "it looks like URL-safe Base64"
  const bytes = fromBase64(text)
  if (bytes === undefined) return "it is not Base64 with padding"
  // RFC 8410: the DER form of a public key is the raw key after a header of 12 bytes.
  return bytes.length === 44 && text.startsWith("MCowBQYDK2Vw")
    ? "it looks like the DER form, whose last 32 bytes are the key"
    : `it is the Base64 of ${bytes.length} bytes`
}

const keyBytes = (method: string, what: string, text: string): Effect.Effect<Uint8Array, CryptoError.CryptoError> => {
  const bytes = fromBase64(text)
  return bytes?.length === 32
    ? Effect.succeed(bytes)
    : Effect.fail(invalidKey(method, `Expected ${what}, the Base64 of 32 bytes; ${flaw(text)}`))
}

/**
 * Generates a key pair, in the encoding in which Telnyx shows its public key.
 * For tests and for emulating Telnyx locally.
 *
 * @category signing
 * @since 0.1.0
 */
export const generateKeyPair: Effect.Effect<
  { readonly publicKey: string; readonly privateKey: Redacted.Redacted<string> },
  CryptoError.CryptoError,
  Signature.Signature
> = Effect.gen(function*() {
  const signature = yield* Signature.Signature
  const pair = yield* signature.generateKeyPair(Signature.ed25519)
  return {
    publicKey: Base64.encode(yield* Signature.toBytes(pair.publicKey)),
    privateKey: Redacted.make(Base64.encode(yield* Signature.toBytes(pair.privateKey)))
  }
})

/**
 * Builds the two headers that Telnyx would send with a body. For tests and for
 * emulating Telnyx locally.
 *
 * @category signing
 * @since 0.1.0
 */
export const sign = Effect.fnUntraced(function*(options: {
  /** The Base64 of the 32-byte seed. */
  readonly privateKey: Redacted.Redacted<string>
  readonly body: Uint8Array | string
  /** The time in epoch seconds. The current time by default. */
  readonly timestamp?: number | undefined
}): Effect.fn.Return<
  { readonly "telnyx-signature-ed25519": string; readonly "telnyx-timestamp": string },
  CryptoError.CryptoError,
  Signature.Signature
> {
  const signature = yield* Signature.Signature
  const seed = yield* keyBytes("sign", "the seed", Redacted.value(options.privateKey))
  const key = yield* Signature.privateKey(Signature.ed25519, seed)
  const timestamp = String(options.timestamp ?? (yield* secondsNow))
  const body = typeof options.body === "string" ? utf8(options.body) : options.body
  return {
    [signatureHeader]: Base64.encode(yield* signature.sign(key, signedText(timestamp, body))),
    [timestampHeader]: timestamp
  }
})

/**
 * Builds a webhook as Telnyx sends it, signed with Ed25519 and the current
 * time. The keys come from {@link generateKeyPair}. For tests of an application
 * that receives them.
 *
 * @category signing
 * @since 0.1.0
 */
export const signWebhook = Effect.fnUntraced(function*(options: {
  readonly privateKey: Redacted.Redacted<string>
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<Request.WebhookRequest, CryptoError.CryptoError, Signature.Signature> {
  const body = JSON.stringify(options.payload)
  const headers = yield* sign({ privateKey: options.privateKey, body })
  return Request.make({ url: options.url, body, headers: { "content-type": "application/json", ...headers } })
})

const missing = ({ headers }: Request.WebhookHead, header: string) =>
  new MissingSignature({
    expected: Object.hasOwn(headers, legacyHeader)
      ? `header ${header}; found ${legacyHeader}, so the messaging profile has webhook_api_version 1 and needs 2`
      : `header ${header}`
  })

/** The two headers, or why they cannot be those of a signature. */
const read = (
  head: Request.WebhookHead
): { readonly signature: Uint8Array; readonly timestamp: string } | WebhookErrorReason => {
  const header = head.headers[signatureHeader]
  if (!header) return missing(head, signatureHeader)
  const timestamp = head.headers[timestampHeader]
  if (!timestamp) return missing(head, timestampHeader)
  const signature = fromBase64(header)
  if (signature?.length !== 64) {
    return new InvalidSignature({ hint: `nothing: ${signatureHeader} is not the Base64 of 64 bytes` })
  }
  // Fifteen digits are exact as a number, and enough for thirty million years.
  return /^\d{1,15}$/.test(timestamp)
    ? { signature, timestamp }
    : new InvalidSignature({ hint: `nothing: ${timestampHeader} is not a whole number of seconds` })
}

const checkHead = (head: Request.WebhookHead): WebhookErrorReason | undefined => {
  const signed = read(head)
  return "_tag" in signed ? signed : undefined
}

/**
 * Builds the signature check for a list of public keys, and the diagnosis of a
 * mismatch.
 *
 * The signature is checked before the timestamp that it covers. A stale
 * timestamp therefore always means an authentic request, either a replay or one
 * received while a clock is wrong. Checking the timestamp first would save
 * nothing, because a forger can send the current time.
 */
export const make = Effect.fnUntraced(function*(options: WebhookOptions) {
  const ed25519 = yield* Ed25519
  const texts = typeof options.publicKey === "string" ? [options.publicKey] : options.publicKey
  if (texts.length === 0) return yield* invalidKey("publicKey", "Expected at least one public key")
  const keys = yield* Effect.forEach(
    texts,
    (text) => Effect.flatMap(keyBytes("publicKey", "the public key of the portal", text), ed25519.publicKey)
  )
  const toleranceSeconds = Duration.toSeconds(options.tolerance ?? "300 seconds")

  const matches = Effect.fnUntracedEager(function*(signature: Uint8Array, data: Uint8Array) {
    for (const key of keys) {
      if (yield* ed25519.verify(key, signature, data)) return true
    }
    return false
  })

  const verify = Effect.fnUntracedEager(
    function*(request: Request.WebhookRequest): Effect.fn.Return<void, WebhookErrorReason> {
      const signed = read(request)
      if ("_tag" in signed) return yield* signed
      const { signature, timestamp } = signed
      if (!(yield* matches(signature, signedText(timestamp, request.body)))) return yield* new InvalidSignature({})

      const skewSeconds = Number(timestamp) - (yield* secondsNow)
      if (Math.abs(skewSeconds) > toleranceSeconds) return yield* new StaleTimestamp({ skewSeconds, toleranceSeconds })
    }
  )

  const diagnose = Effect.fnUntraced(function*(request: Request.WebhookRequest) {
    const signature = fromBase64(request.headers[signatureHeader] ?? "")
    if (!ed25519.isFast || signature?.length !== 64) return undefined
    for (const [name, data] of yield* variants(request.headers[timestampHeader] ?? "", request.body)) {
      if (yield* matches(signature, data)) return name
    }
    return undefined
  })

  return { checkHead, verify, diagnose }
})
