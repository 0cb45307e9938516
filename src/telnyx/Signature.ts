/**
 * Signs webhooks as Telnyx does, verifies them with the services of the
 * application, and explains a mismatch.
 */
import * as Clock from "effect/Clock"
import * as CryptoError from "effect/crypto/CryptoError"
import * as Signature from "effect/crypto/Signature"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import type { Verified } from "../provider/core/receive.ts"
import type { Refused } from "../provider/core/refusal.ts"
import { reasonOf } from "../provider/internal/reasons.ts"
import type { Receiver } from "../provider/Receiving.ts"
import { requestOf, type Sign } from "../provider/Recording.ts"
import { fromBase64, utf8 } from "../provider/Secrets.ts"
import type { WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import type { WebhookOptions } from "./Config.ts"
import * as Core from "./core/verify.ts"
import { variants } from "./Diagnosis.ts"
import { Ed25519 } from "./Ed25519.ts"
import { signedText } from "./SignedText.ts"

const { signatureHeader, timestampHeader } = Core

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
 * **Example** (The headers of a webhook)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect } from "effect"
 * import { Telnyx } from "effect-sms"
 *
 * const headers = Effect.gen(function*() {
 *   const { privateKey } = yield* Telnyx.generateKeyPair
 *   return yield* Telnyx.sign({ privateKey, body: "{}", timestamp: 1769605200 })
 * })
 *
 * const signed = await Effect.runPromise(Effect.provide(headers, NodeCrypto.layer))
 * signed["telnyx-timestamp"] // => "1769605200"
 * ```
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

/** Makes a function that signs webhooks with the current time. Fails when the key is none. */
export const signer = (privateKey: Redacted.Redacted<string>): Effect.Effect<Sign, CryptoError.CryptoError> =>
  Effect.as(keyBytes("sign", "the seed", Redacted.value(privateKey)), (unsigned) => {
    const request = requestOf(unsigned)
    return Effect.map(
      sign({ privateKey, body: request.body }),
      (headers) => ({ ...request, headers: { ...request.headers, ...headers } })
    )
  })

/**
 * Builds the signature check for a list of public keys, and the diagnosis of a
 * mismatch.
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

  const settled = (result: Verified | Refused): Effect.Effect<Verified, WebhookErrorReason> =>
    result._tag === "Verified" ? Effect.succeed(result) : Effect.fail(reasonOf(result.reason))

  const verify: Receiver["verify"] = (request, clock) => {
    const claim = Core.prepare(request)
    return Effect.flatMapEager(
      matches(claim.signature, signedText(claim.timestamp, request.body)),
      (isMatch) =>
        settled(isMatch ? Core.conclude(claim, clock.currentTimeMillisUnsafe(), toleranceSeconds) : Core.mismatch)
    )
  }

  const checkHead = (head: Request.WebhookHead): WebhookErrorReason | undefined => {
    const reason = Core.checkHead(head)
    return reason === undefined ? undefined : reasonOf(reason)
  }

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
