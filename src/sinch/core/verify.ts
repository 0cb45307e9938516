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
import { fromHex, toBase64 } from "../../internal/encodings.ts"
import type { Hmac } from "../../internal/syncCrypto.ts"
import { equals } from "../../provider/core/base64.ts"
import type { Verified } from "../../provider/core/receive.ts"
import { invalidSignature, type Reason, type Refused, refused } from "../../provider/core/refusal.ts"
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"

export const headers = {
  signature: "x-sinch-webhook-signature",
  timestamp: "x-sinch-webhook-signature-timestamp",
  nonce: "x-sinch-webhook-signature-nonce",
  algorithm: "x-sinch-webhook-signature-algorithm",
  sha1: "x-sinch-signature"
} as const

export type Scheme = "HmacSha256" | "HmacSha1" | "None"

/** What is to be checked of a request. */
export interface Claim {
  readonly _tag: "Claim"
  /** The signature, in Base64. */
  readonly tag: string
  /** Both as they are in the headers, and `undefined` where nothing signs them. */
  readonly nonce: string | undefined
  readonly timestamp: string | undefined
}

/** Returns what is signed after the body. */
export const textOf = ({ nonce, timestamp }: Claim): string => nonce === undefined ? "" : `.${nonce}.${timestamp}`

/** The signed headers of HMAC-SHA256. */
export interface Signed {
  readonly signature: string
  readonly timestamp: string
  readonly nonce: string
}

/**
 * Returns whether the header declares HMAC-SHA256, in any spelling. Using the
 * hash that the header declares, as one SDK does, would allow MD5.
 */
export const isHmacSha256 = (algorithm: string): boolean => /^(?:hmac-?)?sha-?256$/i.test(algorithm)

/** Reads the signed headers, or the reason why they are no signature. An empty header counts as missing. */
export const readHmacSha256 = (head: WebhookHead): Signed | Reason => {
  const signature = head.headers[headers.signature]
  const timestamp = head.headers[headers.timestamp]
  const nonce = head.headers[headers.nonce]
  if (!signature || !timestamp || !nonce) {
    const missing = signature ? (timestamp ? headers.nonce : headers.timestamp) : headers.signature
    const other = head.headers[headers.sha1] ? `; found ${headers.sha1}, which belongs to the HmacSha1 scheme` : ""
    return { _tag: "MissingSignature", expected: `header ${missing}${other}` }
  }
  const algorithm = head.headers[headers.algorithm]
  if (algorithm && algorithm !== "HmacSHA256" && !isHmacSha256(algorithm)) {
    return { _tag: "InvalidSignature", hint: `nothing: ${headers.algorithm} is not HmacSHA256` }
  }
  // With a dot inside a part, the signed text would be ambiguous.
  return nonce.includes(".") || timestamp.includes(".")
    ? { _tag: "InvalidSignature", hint: "nothing: the nonce or the timestamp contains a dot" }
    : { signature, timestamp, nonce }
}

/** Reads the signature of HMAC-SHA1, or the reason why there is none. */
export const readHmacSha1 = (head: WebhookHead): string | Reason => {
  if ([headers.signature, headers.timestamp, headers.nonce].some((name) => head.headers[name] !== undefined)) {
    return {
      _tag: "InvalidSignature",
      hint: `nothing: found ${headers.signature}, which belongs to the HmacSha256 scheme`
    }
  }
  return head.headers[headers.sha1] || { _tag: "MissingSignature", expected: `header ${headers.sha1}` }
}

/** Rejects what the headers show to be wrong, before the body is read. */
export const checkHead = (scheme: Scheme) => (head: WebhookHead): Reason | undefined => {
  if (scheme === "None") return undefined
  const signed = scheme === "HmacSha256" ? readHmacSha256(head) : readHmacSha1(head)
  return typeof signed === "object" && "_tag" in signed ? signed : undefined
}

export const mismatch = /* @__PURE__ */ refused(invalidSignature)

/** Reads what a request claims to be. */
export const prepare = (scheme: Exclude<Scheme, "None">, request: WebhookRequest): Claim | Refused => {
  if (scheme === "HmacSha256") {
    const signed = readHmacSha256(request)
    if ("_tag" in signed) return refused(signed)
    const { nonce, signature, timestamp } = signed
    return { _tag: "Claim", tag: signature, nonce, timestamp }
  }
  const signature = readHmacSha1(request)
  if (typeof signature !== "string") return refused(signature)
  // Forty hex digits are also valid Base64 for thirty bytes. Upper-case hex is refused: each signature has one encoding.
  const tag = /^[0-9a-f]{40}$/.test(signature) ? toBase64(fromHex(signature)!) : signature
  return { _tag: "Claim", tag, nonce: undefined, timestamp: undefined }
}

/** In seconds. Longer than Sinch redelivers a callback, and shorter than a kit remembers its key. */
export const maxAge = 47 * 3600

/** In seconds. How far Sinch's clock may be ahead. With the maximum age, it is shorter than a kit remembers a key. */
export const maxSkew = 5 * 60

/** As `^\\d{1,12}$` matches, in a third of the time. */
const isNumeral = (text: string): boolean => {
  const { length } = text
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return false
  }
  return length > 0 && length <= 12
}

/**
 * Checks the age of what a signature matches. `now` is in epoch milliseconds, and
 * `tolerance` in seconds.
 */
export const conclude = ({ timestamp }: Claim, now: number, tolerance: number | undefined): Verified | Refused => {
  if (timestamp === undefined) return { _tag: "Verified" }
  if (!isNumeral(timestamp)) {
    return refused({ _tag: "MissingSignature", expected: `header ${headers.timestamp} in Unix seconds` })
  }
  const skew = Number(timestamp) - now / 1000
  const toleranceSeconds = tolerance ?? (skew > 0 ? maxSkew : maxAge)
  return Math.abs(skew) > toleranceSeconds
    ? refused({ _tag: "StaleTimestamp", skewSeconds: Math.round(skew), toleranceSeconds })
    : { _tag: "Verified" }
}

const buffer = /* @__PURE__ */ new Uint8Array(256)

/** Writes a dot and a text, and returns where they end. `NaN` if they are not ASCII, or too long. */
const write = (text: string, start: number): number => {
  const end = start + 1 + text.length
  if (!(end <= buffer.length)) return Number.NaN
  buffer[start] = 0x2e
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return Number.NaN
    buffer[start + 1 + i] = unit
  }
  return end
}

/** Verifies a request whose head and size were checked. */
export const verifySync = (
  scheme: Exclude<Scheme, "None">,
  tags: ReadonlyArray<Hmac>,
  tolerance: number | undefined
) =>
(request: WebhookRequest, now: () => number): Verified | Refused => {
  const claim = prepare(scheme, request)
  if (claim._tag === "Refused") return claim
  const { nonce, tag, timestamp } = claim
  // Byte by byte, because a text that is put together is slow to write.
  const length = nonce === undefined ? 0 : write(timestamp!, write(nonce, 0))
  for (const tagOf of tags) {
    const actual = Number.isNaN(length) ? tagOf(textOf(claim), request.body) : tagOf("", request.body, buffer, length)
    if (equals(tag, actual)) return conclude(claim, now(), tolerance)
  }
  return mismatch
}
