/**
 * `X-Twilio-Signature`: Base64 of HMAC-SHA1, keyed with the auth token, over
 * the URL and the form fields, sorted by name, names and values joined without
 * separators (https://www.twilio.com/docs/usage/security).
 *
 * The body is covered in one of two ways: a form by its fields in the signed
 * text, JSON by its SHA-256 in the signed URL (`bodySHA256`). Only the content
 * type decides which, because it also decides how the body is parsed later:
 * JSON declared as a form must not count as covered by its hash.
 *
 * The cryptography is in the hands of the caller, for whom it may be
 * asynchronous: {@link prepare} returns what is to be checked, {@link texts}
 * what may have been signed, and {@link conclude} what a match means.
 */
import type { Hmac } from "../../internal/syncCrypto.ts"
import type { Payload } from "../../Payload.ts"
import { equals, twentyBytes } from "../../provider/core/base64.ts"
import { type Form, formFromText, isJson, type Parsed, parseForm, parseJson } from "../../provider/core/body.ts"
import type { Mutable } from "../../provider/core/build.ts"
import { countFault } from "../../provider/core/head.ts"
import {
  type InvalidPayload,
  invalidPayload,
  invalidSignature,
  type Reason,
  type Refused,
  refused
} from "../../provider/core/refusal.ts"
import { remembered } from "../../provider/core/remembered.ts"
import type { Limits } from "../../provider/Receiving.ts"
import { queryOf, withoutFragment } from "../../provider/Url.ts"
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"
import { queryFault, readForm as readSigned } from "./reading.ts"
import { candidates, fieldsText, isAmbiguousPath } from "./signedText.ts"

export const header = "x-twilio-signature"

/** A form, and what is signed of it. */
export interface SignedForm {
  readonly _tag: "SignedForm"
  readonly form: Form
  /** The names of its fields, sorted. */
  readonly sorted: ReadonlyArray<string>
  /** Begins with the names and values as they are signed, until another form is read. Absent where they are no bytes yet. */
  readonly bytes?: Uint8Array
  /** How many bytes these are. */
  readonly length?: number
  /** Is to be called once the form is known to be genuine. */
  readonly learn?: (() => void) | undefined
}

export const signedForm = (form: Form): SignedForm => ({
  _tag: "SignedForm",
  form,
  sorted: Object.keys(form).sort()
})

/** Parses a form body. */
export const readForm = (body: Uint8Array): SignedForm | Refused<InvalidPayload> => {
  const read: Parsed<Form> | Refused<InvalidPayload> = parseForm(body)
  return read._tag === "Parsed" ? signedForm(read.payload) : read
}

/** Parses a form body, or leaves it to {@link readForm}. */
export type Scan = (body: Uint8Array) => SignedForm | undefined

/** Returns the hash of the body in the signed URL. If there are two, Twilio's SDK reads the first. */
export const signedHash = ({ url }: WebhookHead): string | null => new URLSearchParams(queryOf(url)).get("bodySHA256")

/**
 * The SHA-256 of the empty body. Twilio signs a GET with it for some products
 * (https://github.com/twilio/twilio-php/issues/861). Any other hash covers a
 * body, and a GET has none.
 */
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/**
 * In characters, for all candidates of one request. The longest message that
 * Twilio delivers is signed as seven thousand, and has six candidates.
 */
const maxHashed = 96 * 1024

/**
 * The URL of a signed JSON body with a body that was made a form: without a
 * field, or with one that begins in the middle of the hash.
 */
export const isJsonAsForm = (hash: string | null, fields: string): boolean =>
  hash !== null && (fields === "" || (/^[0-9a-f]{0,63}$/.test(hash) && /^[0-9a-f]/.test(fields)))

/** Rejects what the headers and the URL show to be wrong, before the body is read or hashed. */
export const checkHead = (head: WebhookHead): Reason | undefined => {
  const tag = head.headers[header]
  if (!tag) return { _tag: "MissingSignature", expected: `header ${header}` }
  if (head.method !== "GET" && isJson(head) && signedHash(head) === null) {
    return { _tag: "MissingSignature", expected: "query parameter bodySHA256, which must cover a JSON body" }
  }
  if (!twentyBytes.test(tag)) return invalidSignature
  const hash = head.method === "GET" ? signedHash(head) : null
  return hash === null || hash === hashOfNothing ? undefined : invalidSignature
}

/** What is to be checked of a request. */
export interface Claim {
  readonly _tag: "Claim"
  /** The signature, which equals the canonical Base64 of the right one or none. */
  readonly tag: string
  readonly url: string
  /** The SHA-256 that the body must have, in lower-case hexadecimal digits. */
  readonly hash: string | undefined
  /** Absent for JSON and for a GET. */
  readonly signed: SignedForm | undefined
}

export const mismatch = /* @__PURE__ */ refused(invalidSignature)

const isAmbiguous = /* @__PURE__ */ remembered(isAmbiguousPath)

/** Returns what is signed after the URL. */
export const textOf = ({ signed }: Claim): string => signed === undefined ? "" : fieldsText(signed.form, signed.sorted)

/**
 * Reads what a request claims to be. Refuses one whose signature cannot cover its
 * body, and one with more fields than the limit, if there is one.
 */
export const prepare = (request: WebhookRequest, limits?: Limits, scan?: Scan): Claim | Refused => {
  const { body, headers, method, url } = request
  const isForm = method !== "GET" && !isJson(request)
  const scanned = isForm && body instanceof Uint8Array ? scan?.(body) : undefined
  // Each field that was scanned was there once, and after the last ampersand may be nothing.
  const isCounted = !limits || (scanned && scanned.sorted.length < limits.maxFields && !url.includes("?"))
  const fault = !isCounted && countFault({ limits }, request)
  if (fault) return refused(fault)
  const claim: Mutable<Claim> = { _tag: "Claim", tag: headers[header] ?? "", url, hash: undefined, signed: undefined }
  if (isAmbiguous(url)) return mismatch
  if (method === "GET") return body.length === 0 || signedHash(request) === null ? claim : mismatch
  if (!isForm) {
    claim.hash = signedHash(request) ?? ""
    return claim
  }
  const signed = scanned ?? readForm(body)
  if (signed._tag === "Refused") return signed
  claim.signed = signed
  return url.includes("bodySHA256") && isJsonAsForm(signedHash(request), textOf(claim)) ? mismatch : claim
}

/** Yields the texts that may have been signed, the most likely first. */
export const texts = function*(url: string, text: string): Iterable<string> {
  let hashed = 0
  for (const candidate of candidates(url)) {
    const whole = candidate + text
    if (hashed > 0 && hashed + whole.length > maxHashed) return
    yield whole
    hashed += whole.length
  }
}

/** What the verification of a webhook yields. */
export interface Verified {
  readonly _tag: "Verified"
  /** The parsed body, where the signature covers the parsed form. */
  readonly payload?: Payload
  /** What repetitions of the request are recognized by, beside the keys of its events. */
  readonly idempotencyKeys: ReadonlyArray<string>
}

/** The payload of a request whose form is not signed as one. */
const payloadOf = (request: WebhookRequest): Payload => {
  if (request.method === "GET") return formFromText(queryOf(request.url))
  const read = parseJson(request.body)
  return read._tag === "Parsed" ? read.payload : {}
}

/** How webhooks of different products name the account. */
export const accountNames = ["AccountSid", "accountSid", "account_sid"]

/** Returns the name of the field with another account, if there is one. */
export const otherAccount = (payload: Payload, accounts: ReadonlyArray<string>): string | undefined =>
  accountNames.find((name) =>
    Object.hasOwn(payload, name) &&
    // In any case of the hexadecimal digits.
    !accounts.some((account) => account.toLowerCase() === String(payload[name]).toLowerCase())
  )

/** Returns why a payload is refused that names another account. */
export const accountFault = (payload: Payload, accounts: ReadonlyArray<string>): InvalidPayload | undefined => {
  const other = otherAccount(payload, accounts)
  return other === undefined
    ? undefined
    : invalidPayload(other, "Expected an account whose webhooks are accepted: see webhookAccounts")
}

/** Checks what a matching signature does not prove: that the signed text is read as Twilio meant it, and for whom. */
export const conclude = (
  claim: Claim,
  request: WebhookRequest,
  accounts: ReadonlyArray<string> | undefined
): Verified | Refused => {
  const { signed, tag, url } = claim
  const isGet = request.method === "GET"
  const fault = isGet ? queryFault(url) : undefined
  if (fault !== undefined) return refused(fault)
  const read = signed === undefined ? undefined : readSigned(url, signed.form, signed.sorted)
  if (read?._tag === "InvalidPayload") return refused(read)
  const other = accounts === undefined ? undefined : accountFault(read?.form ?? payloadOf(request), accounts)
  if (other !== undefined) return refused(other)
  signed?.learn?.()
  const idempotencyKeys = [tag]
  return read === undefined
    ? { _tag: "Verified", idempotencyKeys }
    : { _tag: "Verified", payload: read.form, idempotencyKeys }
}

/** The cryptography of a runtime that has it synchronously. */
export interface SyncCrypto {
  /** The HMACs under each of the keys. */
  readonly tags: ReadonlyArray<Hmac>
  /** The SHA-256, in lower-case hexadecimal digits. */
  readonly sha256: (body: Uint8Array) => string
}

const encoder = /* @__PURE__ */ new TextEncoder()

/** The bytes of the URL that is the most likely to be signed. */
const signedUrl = /* @__PURE__ */ remembered((url: string) => encoder.encode(withoutFragment(url)))

/** Verifies a request whose head and size were checked. */
export const verifySync = (
  { sha256, tags }: SyncCrypto,
  accounts: ReadonlyArray<string> | undefined,
  scan?: Scan
) =>
(request: WebhookRequest, limits: Limits): Verified | Refused => {
  const claim = prepare(request, limits, scan)
  if (claim._tag === "Refused") return claim
  const { signed, tag, url } = claim
  if (claim.hash !== undefined && !equals(claim.hash, sha256(request.body))) return mismatch
  const fits: (...signed: Parameters<Hmac>) => boolean = (text, before, bytes, length) => {
    for (const tagOf of tags) if (equals(tag, tagOf(text, before, bytes, length))) return true
    return false
  }
  // Nearly all match as they are received, and a generator takes as long as the rest.
  const text = signed?.bytes ? "" : textOf(claim)
  return fits(text, signedUrl(url), signed?.bytes, signed?.length) ||
      Array.from(texts(url, textOf(claim))).slice(1).some((text) => fits(text))
    ? conclude(claim, request, accounts)
    : mismatch
}
