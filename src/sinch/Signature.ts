/**
 * Signs webhooks as Sinch does, verifies them with the services of the
 * application, and explains a mismatch.
 */
import * as Clock from "effect/Clock"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Bytes from "../internal/bytes.ts"
import * as SyncCrypto from "../internal/syncCrypto.ts"
import type { Verified } from "../provider/core/receive.ts"
import type { Refused } from "../provider/core/refusal.ts"
import { reasonOf } from "../provider/internal/reasons.ts"
import type { Receiver } from "../provider/Receiving.ts"
import { requestOf, type Sign } from "../provider/Recording.ts"
import { fromBase64, list, macKeys, macMatcher, type Secrets, utf8 } from "../provider/Secrets.ts"
import type { WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import type { Verification } from "./Config.ts"
import * as Core from "./core/verify.ts"
import { search, suspectKeys } from "./Diagnosis.ts"

const { headers } = Core

const signedText = (body: Uint8Array, nonce: string, timestamp: string): Uint8Array =>
  Bytes.concat([body, Bytes.fromText(`.${nonce}.${timestamp}`)])

const bytes = (body: Uint8Array | string): Uint8Array => typeof body === "string" ? utf8(body) : body

const tagOf = Effect.fnUntraced(function*(algorithm: Mac.Algorithm, secret: Secrets, data: Uint8Array) {
  const mac = yield* Mac.Mac
  const [key] = yield* macKeys("Sinch", algorithm, secret)
  return yield* mac.sign(key!, data)
})

/**
 * Builds the headers that Sinch would send with a body. For tests and for
 * emulating Sinch locally.
 *
 * **Example** (The headers of a callback)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Redacted } from "effect"
 * import { Sinch } from "effect-sms"
 *
 * const secret = Redacted.make("the secret of the webhook")
 * const headers = Effect.all([
 *   Sinch.signHmacSha256({ secret, body: "{}", nonce: "01M8HB1GBNV30AR446VGK6NBM8", timestamp: "1769605200" }),
 *   Sinch.signHmacSha1({ secret, body: "{}" })
 * ])
 *
 * const [strong, weak] = await Effect.runPromise(Effect.provide(headers, NodeCrypto.layer))
 * strong["x-sinch-webhook-signature-algorithm"] // => "HmacSHA256"
 * Object.keys(weak) // => ["x-sinch-signature"]
 * ```
 *
 * @category signing
 * @since 0.1.0
 */
export const signHmacSha256 = (options: {
  readonly secret: Secrets
  readonly body: Uint8Array | string
  /** Any text without a dot; Sinch sends a ULID. */
  readonly nonce: string
  /** Unix seconds. */
  readonly timestamp: string
}): Effect.Effect<Readonly<Record<string, string>>, CryptoError.CryptoError, Mac.Mac> =>
  Effect.map(
    tagOf(Mac.hmacSha256, options.secret, signedText(bytes(options.body), options.nonce, options.timestamp)),
    (tag) => ({
      [headers.signature]: Base64.encode(tag),
      [headers.timestamp]: options.timestamp,
      [headers.nonce]: options.nonce,
      [headers.algorithm]: "HmacSHA256"
    })
  )

/**
 * Builds the `X-Sinch-Signature` header for a body, in hex by default. For
 * tests and for emulating Sinch locally.
 *
 * @category signing
 * @since 0.1.0
 */
export const signHmacSha1 = (options: {
  readonly secret: Secrets
  readonly body: Uint8Array | string
  readonly encoding?: "hex" | "base64" | undefined
}): Effect.Effect<Readonly<Record<string, string>>, CryptoError.CryptoError, Mac.Mac> =>
  Effect.map(tagOf(Mac.hmacSha1, options.secret, bytes(options.body)), (tag) => ({
    [headers.sha1]: options.encoding === "base64" ? Base64.encode(tag) : Hex.encode(tag)
  }))

/**
 * Builds a callback as Sinch sends it, signed with HMAC-SHA256 and the current
 * time. For tests of an application that receives them.
 *
 * @category signing
 * @since 0.1.0
 */
export const signWebhook = Effect.fnUntraced(function*(options: {
  readonly secret: Secrets
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<Request.WebhookRequest, CryptoError.CryptoError, Mac.Mac | SecureRandom.SecureRandom> {
  const random = yield* SecureRandom.SecureRandom
  const body = JSON.stringify(options.payload)
  const signature = yield* signHmacSha256({
    secret: options.secret,
    body,
    nonce: yield* random.ulid,
    timestamp: String(Math.floor((yield* Clock.currentTimeMillis) / 1000))
  })
  return Request.make({ url: options.url, body, headers: { "content-type": "application/json", ...signature } })
})

/** Makes a function that signs callbacks with the current time. `pass` adds what the guards of the URL check. */
export const signer = (
  verification: Verification,
  pass: (request: Request.WebhookRequest) => Request.WebhookRequest
): Sign =>
  Effect.fnUntraced(function*(unsigned) {
    const request = pass(requestOf(unsigned))
    if (verification.scheme === "None") return request
    const { body } = request
    const { secret } = verification
    const signature = verification.scheme === "HmacSha1" ?
      yield* signHmacSha1({ secret, body }) :
      yield* signHmacSha256({
        secret,
        body,
        nonce: yield* (yield* SecureRandom.SecureRandom).ulid,
        timestamp: String(Math.floor((yield* Clock.currentTimeMillis) / 1000))
      })
    return { ...request, headers: { ...request.headers, ...signature } }
  })

/** A signature scheme: the check, and the diagnosis of a mismatch. */
interface Scheme {
  readonly checkHead?: (head: Request.WebhookHead) => WebhookErrorReason | undefined
  readonly verify: Receiver["verify"]
  readonly diagnose: (request: Request.WebhookRequest) => Effect.Effect<string | undefined>
}

const settled = (result: Verified | Refused): Effect.Effect<Verified, WebhookErrorReason> =>
  result._tag === "Verified" ? Effect.succeed(result) : Effect.fail(reasonOf(result.reason))

const algorithms = { HmacSha256: Mac.hmacSha256, HmacSha1: Mac.hmacSha1 } as const

const makeVerify = Effect.fnUntraced(function*(
  scheme: Exclude<Core.Scheme, "None">,
  secret: Secrets,
  tolerance: number | undefined
): Effect.fn.Return<Scheme["verify"], CryptoError.CryptoError, Mac.Mac> {
  const mac = yield* Mac.Mac
  const fits = macMatcher(mac, yield* macKeys("Sinch", algorithms[scheme], secret))
  const sync = SyncCrypto.of(mac)
  if (sync !== undefined) {
    const hash = scheme === "HmacSha256" ? "sha256" : "sha1"
    const tags = (yield* list("Sinch", secret)).map((secret) => sync.hmac(hash, utf8(secret)))
    const verifySync = Core.verifySync(scheme, tags, tolerance)
    return (request, clock) => settled(verifySync(request, () => clock.currentTimeMillisUnsafe()))
  }
  return Effect.fnUntraced(function*(request) {
    const claim = Core.prepare(scheme, request)
    if (claim._tag === "Refused") return yield* settled(claim)
    const tag = fromBase64(claim.tag)
    const isMatch = tag !== undefined &&
      (yield* fits(tag, Bytes.concat([request.body, Bytes.fromText(Core.textOf(claim))])))
    return yield* settled(isMatch ? Core.conclude(claim, yield* Clock.currentTimeMillis, tolerance) : Core.mismatch)
  })
})

const makeSearch = Effect.fnUntraced(function*(algorithm: Mac.Algorithm, secret: Secrets) {
  const mac = yield* Mac.Mac
  const keys = yield* suspectKeys(algorithm, secret)
  return (options: Omit<Parameters<typeof search>[0], "keys">) =>
    Effect.provideService(search({ ...options, keys }), Mac.Mac, mac)
})

const makeHmacSha256 = Effect.fnUntraced(function*(secret: Secrets, tolerance: Duration.Duration | undefined) {
  const search = yield* makeSearch(Mac.hmacSha256, secret)
  return {
    verify: yield* makeVerify(
      "HmacSha256",
      secret,
      tolerance === undefined ? undefined : Duration.toSeconds(tolerance)
    ),
    diagnose: (request: Request.WebhookRequest) => {
      const signed = Core.readHmacSha256(request)
      if ("_tag" in signed) return Effect.undefined
      const { nonce, signature, timestamp } = signed
      return search({
        body: request.body,
        signature,
        tag: fromBase64(signature),
        texts: (body) => [
          ["", signedText(body, nonce, timestamp)],
          ["the timestamp before the nonce", signedText(body, timestamp, nonce)],
          ["the body alone", body]
        ]
      })
    }
  }
})

const makeHmacSha1 = Effect.fnUntraced(function*(secret: Secrets) {
  const search = yield* makeSearch(Mac.hmacSha1, secret)
  return {
    verify: yield* makeVerify("HmacSha1", secret, undefined),
    diagnose: (request: Request.WebhookRequest) => {
      const claim = Core.prepare("HmacSha1", request)
      if (claim._tag === "Refused") return Effect.undefined
      const signature = request.headers[headers.sha1]!
      return search({ body: request.body, signature, tag: fromBase64(claim.tag), texts: (body) => [["", body]] })
    }
  }
})

/** Builds the check of the chosen scheme, and the diagnosis of a mismatch. */
export const make = Effect.fnUntraced(function*(
  verification: Verification
): Effect.fn.Return<Scheme, CryptoError.CryptoError, Mac.Mac> {
  const check = Core.checkHead(verification.scheme)
  const checkHead = (head: Request.WebhookHead): WebhookErrorReason | undefined => {
    const reason = check(head)
    return reason === undefined ? undefined : reasonOf(reason)
  }
  switch (verification.scheme) {
    case "HmacSha256": {
      const { secret, tolerance } = verification
      const duration = tolerance === undefined ? undefined : Duration.fromInputUnsafe(tolerance)
      return { checkHead, ...(yield* makeHmacSha256(secret, duration)) }
    }
    case "HmacSha1":
      return { checkHead, ...(yield* makeHmacSha1(verification.secret)) }
    case "None":
      return { verify: () => Effect.void, diagnose: () => Effect.undefined }
  }
})
