/**
 * `telnyx-signature-ed25519`: Base64 of an Ed25519 signature over the
 * `telnyx-timestamp` header, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
import { fromBase64, toBase64 } from "../../internal/encodings.ts"
import type { Verified } from "../../provider/core/receive.ts"
import { invalidSignature, type Reason, type Refused, refused } from "../../provider/core/refusal.ts"
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"

export const signatureHeader = "telnyx-signature-ed25519"
export const timestampHeader = "telnyx-timestamp"
/**
 * The header of the previous signature scheme
 * (https://developers.telnyx.com/docs/v1/messaging/webhooks/inbound-message-signature).
 */
const legacyHeader = "x-telnyx-signature"

const missing = ({ headers }: WebhookHead, header: string): Reason => ({
  _tag: "MissingSignature",
  expected: Object.hasOwn(headers, legacyHeader)
    ? `header ${header}; found ${legacyHeader}, so the messaging profile has webhook_api_version 1 and needs 2`
    : `header ${header}`
})

/** Matches the canonical Base64 of 64 bytes. The last character before the padding has two bits. */
export const sixtyFourBytes = /^[A-Za-z\d+/]{85}[AQgw]==$/

/** What is to be checked of a request. */
export interface Claim {
  /** 64 bytes. */
  readonly signature: Uint8Array
  /** In seconds, as it is signed before the body. */
  readonly timestamp: string
}

/** Rejects what the headers show to be wrong, before the body is read. */
export const checkHead = (head: WebhookHead): Reason | undefined => {
  const header = head.headers[signatureHeader]
  if (!header) return missing(head, signatureHeader)
  const timestamp = head.headers[timestampHeader]
  if (!timestamp) return missing(head, timestampHeader)
  if (!sixtyFourBytes.test(header)) {
    return { _tag: "InvalidSignature", hint: `nothing: ${signatureHeader} is not the Base64 of 64 bytes` }
  }
  // Fifteen digits are exact as a number, and enough for thirty million years.
  return /^\d{1,15}$/.test(timestamp)
    ? undefined
    : { _tag: "InvalidSignature", hint: `nothing: ${timestampHeader} is not a whole number of seconds` }
}

/** Decodes Base64 that {@link checkHead} has found to be canonical. */
const bytesOf: (text: string) => Uint8Array =
  /* @__PURE__ */ (() =>
    "Buffer" in globalThis ? (text: string) => Buffer.from(text, "base64") : (text: string) => fromBase64(text)!)()

/** Reads what a request claims to be, whose head was checked. */
export const prepare = ({ headers }: WebhookHead): Claim => ({
  signature: bytesOf(headers[signatureHeader]!),
  timestamp: headers[timestampHeader]!
})

export const mismatch = /* @__PURE__ */ refused(invalidSignature)

/** In seconds. */
export const defaultTolerance = 300

/**
 * Checks the age of what a signature matches. `now` is in epoch milliseconds, and
 * `tolerance` in seconds.
 *
 * The signature is checked before the timestamp that it covers. A stale
 * timestamp therefore always means an authentic request, either a replay or one
 * received while a clock is wrong. Checking the timestamp first would save
 * nothing, because a forger can send the current time.
 */
export const conclude = ({ timestamp }: Claim, now: number, toleranceSeconds: number): Verified | Refused => {
  const skewSeconds = Number(timestamp) - Math.floor(now / 1000)
  return Math.abs(skewSeconds) > toleranceSeconds
    ? refused({ _tag: "StaleTimestamp", skewSeconds, toleranceSeconds })
    : { _tag: "Verified" }
}

/** Returns the bytes of a public key as the portal shows it, or `undefined`. */
export const keyOf = (text: string): Uint8Array | undefined => {
  const bytes = fromBase64(text)
  return bytes?.length === 32 && toBase64(bytes) === text ? bytes : undefined
}

/** Verifies a request whose head and size were checked. */
export const verifySync = (
  checks: ReadonlyArray<(signature: Uint8Array, data: Uint8Array) => boolean>,
  signedText: (timestamp: string, body: Uint8Array) => Uint8Array,
  tolerance: number
) =>
(request: WebhookRequest, now: () => number): Verified | Refused => {
  const claim = prepare(request)
  const data = signedText(claim.timestamp, request.body)
  return checks.some((check) => check(claim.signature, data)) ? conclude(claim, now(), tolerance) : mismatch
}
