/**
 * `x-sinch-webhook-signature`: Base64 of HMAC-SHA256, keyed with the secret as
 * text, over body, nonce and timestamp, joined with dots. The formula is that
 * of the official SDKs (https://github.com/sinch/sinch-sdk-node,
 * `packages/sdk-client/src/utils/authorization.helper.ts`).
 *
 * `X-Sinch-Signature`: HMAC-SHA1 over the body alone, in lower-case hex
 * according to Sinch's documentation
 * (https://developers.sinch.com/docs/numbers/api-reference/imported-hosting/tag/Imported-Numbers-and-Hosting-Orders-Callbacks),
 * or in Base64 from other senders.
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
import { fromBase64, macKeys, macMatcher, type Secrets, utf8 } from "../provider/Secrets.ts"
import { InvalidSignature, MissingSignature, StaleTimestamp, type WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import type { Verification } from "./Config.ts"
import { fromHex, search, suspectKeys } from "./Diagnosis.ts"

const headers = {
  signature: "x-sinch-webhook-signature",
  timestamp: "x-sinch-webhook-signature-timestamp",
  nonce: "x-sinch-webhook-signature-nonce",
  algorithm: "x-sinch-webhook-signature-algorithm",
  sha1: "x-sinch-signature"
} as const

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

/** A signature scheme: the check, and the diagnosis of a mismatch. */
interface Scheme {
  readonly checkHead?: (head: Request.WebhookHead) => WebhookErrorReason | undefined
  readonly verify: (request: Request.WebhookRequest) => Effect.Effect<void, WebhookErrorReason>
  readonly diagnose: (request: Request.WebhookRequest) => Effect.Effect<string | undefined>
}

const matcher = Effect.fnUntraced(function*(algorithm: Mac.Algorithm, secret: Secrets) {
  const mac = yield* Mac.Mac
  const fits = macMatcher(mac, yield* macKeys("Sinch", algorithm, secret))
  return (tag: Uint8Array | undefined, data: Uint8Array) => tag === undefined ? Effect.succeed(false) : fits(tag, data)
})

const searcher = Effect.fnUntraced(function*(algorithm: Mac.Algorithm, secret: Secrets) {
  const mac = yield* Mac.Mac
  const keys = yield* suspectKeys(algorithm, secret)
  return (options: Omit<Parameters<typeof search>[0], "keys">) =>
    Effect.provideService(search({ ...options, keys }), Mac.Mac, mac)
})

/**
 * Returns whether the header declares HMAC-SHA256, in any spelling. Using the
 * hash that the header declares, as one SDK does, would allow MD5.
 */
const isHmacSha256 = (algorithm: string): boolean => /^(?:hmac-?)?sha-?256$/i.test(algorithm)

const isUnixSeconds = (timestamp: string): boolean => /^\d{1,12}$/.test(timestamp)

const notSeconds = new MissingSignature({ expected: `header ${headers.timestamp} in Unix seconds` })

/** Refuses a signed time that is older than `past` or later than `future`. */
const checkAge = Effect.fnUntracedEager(
  function*(timestamp: string, past: Duration.Duration, future: Duration.Duration) {
    if (!isUnixSeconds(timestamp)) return yield* notSeconds
    const skewSeconds = Number(timestamp) - (yield* Clock.currentTimeMillis) / 1000
    const toleranceSeconds = Duration.toSeconds(skewSeconds > 0 ? future : past)
    if (Math.abs(skewSeconds) > toleranceSeconds) {
      return yield* new StaleTimestamp({ skewSeconds: Math.round(skewSeconds), toleranceSeconds })
    }
  }
)

/** Reads the signed headers, or the reason why they are no signature. An empty header counts as missing. */
const readHmacSha256 = (
  head: Request.WebhookHead
): { readonly signature: string; readonly timestamp: string; readonly nonce: string } | WebhookErrorReason => {
  const signature = head.headers[headers.signature]
  const timestamp = head.headers[headers.timestamp]
  const nonce = head.headers[headers.nonce]
  if (!signature || !timestamp || !nonce) {
    const missing = signature ? (timestamp ? headers.nonce : headers.timestamp) : headers.signature
    const other = head.headers[headers.sha1] ? `; found ${headers.sha1}, which belongs to the HmacSha1 scheme` : ""
    return new MissingSignature({ expected: `header ${missing}${other}` })
  }
  const algorithm = head.headers[headers.algorithm]
  if (algorithm && !isHmacSha256(algorithm)) {
    return new InvalidSignature({ hint: `nothing: ${headers.algorithm} is not HmacSHA256` })
  }
  // With a dot inside a part, the signed text would be ambiguous.
  return nonce.includes(".") || timestamp.includes(".")
    ? new InvalidSignature({ hint: "nothing: the nonce or the timestamp contains a dot" })
    : { signature, timestamp, nonce }
}

/** Longer than Sinch redelivers a callback, and shorter than a kit remembers its key. */
const defaultMaxAge = Duration.hours(47)

/** How far Sinch's clock may be ahead. Together with the maximum age it is shorter than a kit remembers a key. */
const defaultMaxSkew = Duration.minutes(5)

const makeHmacSha256 = Effect.fnUntraced(function*(secret: Secrets, tolerance: Duration.Duration | undefined) {
  const matches = yield* matcher(Mac.hmacSha256, secret)
  const search = yield* searcher(Mac.hmacSha256, secret)
  const [past, future] = [tolerance ?? defaultMaxAge, tolerance ?? defaultMaxSkew]
  const scheme: Scheme = {
    checkHead: (head) => {
      const signed = readHmacSha256(head)
      return "_tag" in signed ? signed : undefined
    },
    verify: Effect.fnUntracedEager(function*(request) {
      const signed = readHmacSha256(request)
      if ("_tag" in signed) return yield* signed
      const { nonce, signature, timestamp } = signed
      if (!(yield* matches(fromBase64(signature), signedText(request.body, nonce, timestamp)))) {
        return yield* new InvalidSignature({})
      }
      yield* checkAge(timestamp, past, future)
    }),
    diagnose: (request) => {
      const signed = readHmacSha256(request)
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
  return scheme
})

// Forty hex digits are also valid Base64 for thirty bytes. Upper-case hex is refused: each signature has one encoding.
const fromHexOrBase64 = (signature: string): Uint8Array | undefined =>
  /^[0-9a-f]{40}$/.test(signature) ? fromHex(signature) : fromBase64(signature)

const makeHmacSha1 = Effect.fnUntraced(function*(secret: Secrets) {
  const matches = yield* matcher(Mac.hmacSha1, secret)
  const search = yield* searcher(Mac.hmacSha1, secret)
  /** The signature, or why there is none. */
  const read = (head: Request.WebhookHead): string | WebhookErrorReason => {
    if ([headers.signature, headers.timestamp, headers.nonce].some((name) => head.headers[name] !== undefined)) {
      return new InvalidSignature({
        hint: `nothing: found ${headers.signature}, which belongs to the HmacSha256 scheme`
      })
    }
    return head.headers[headers.sha1] || new MissingSignature({ expected: `header ${headers.sha1}` })
  }
  const scheme: Scheme = {
    checkHead: (head) => {
      const signature = read(head)
      return typeof signature === "string" ? undefined : signature
    },
    verify: Effect.fnUntracedEager(function*(request) {
      const signature = read(request)
      if (typeof signature !== "string") return yield* signature
      if (!(yield* matches(fromHexOrBase64(signature), request.body))) return yield* new InvalidSignature({})
    }),
    diagnose: (request) => {
      const signature = read(request)
      return typeof signature !== "string"
        ? Effect.undefined
        : search({ body: request.body, signature, tag: fromHexOrBase64(signature), texts: (body) => [["", body]] })
    }
  }
  return scheme
})

/** Builds the check of the chosen scheme, and the diagnosis of a mismatch. */
export const make = (verification: Verification): Effect.Effect<Scheme, CryptoError.CryptoError, Mac.Mac> => {
  switch (verification.scheme) {
    case "HmacSha256":
      return makeHmacSha256(
        verification.secret,
        verification.tolerance === undefined ? undefined : Duration.fromInputUnsafe(verification.tolerance)
      )
    case "HmacSha1":
      return makeHmacSha1(verification.secret)
    case "None":
      return Effect.succeed({ verify: () => Effect.void, diagnose: () => Effect.undefined })
  }
}
