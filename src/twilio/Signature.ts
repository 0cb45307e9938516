/**
 * `X-Twilio-Signature`: Base64 of HMAC-SHA1, keyed with the auth token, over
 * the URL and the form fields, sorted by name, names and values joined without
 * separators (https://www.twilio.com/docs/usage/security).
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Bytes from "../internal/bytes.ts"
import { type Form, formFromText, isJson, parseForm } from "../provider/Body.ts"
import type { Verified } from "../provider/Receiving.ts"
import { fromBase64, list, macKeys, macMatcher, type Secrets, utf8 } from "../provider/Secrets.ts"
import { queryOf } from "../provider/Url.ts"
import { invalidPayload, InvalidSignature, MissingSignature, type WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import * as Diagnosis from "./Diagnosis.ts"
import { formFault, queryFault } from "./Reading.ts"
import { candidates, fieldsText } from "./SignedText.ts"

export const header = "x-twilio-signature"

/**
 * Builds the header that Twilio would send for a URL and form fields. For tests
 * and for emulating Twilio locally.
 *
 * @category signing
 * @since 0.1.0
 */
export const sign = Effect.fnUntraced(function*(options: {
  readonly authToken: Secrets
  readonly url: string
  readonly form?: Form | undefined
}): Effect.fn.Return<string, CryptoError.CryptoError, Mac.Mac> {
  const mac = yield* Mac.Mac
  const [key] = yield* macKeys("Twilio", Mac.hmacSha1, options.authToken)
  return Base64.encode(yield* mac.sign(key!, utf8(options.url + fieldsText(options.form ?? {}))))
})

/**
 * Builds a webhook as Twilio sends it: the fields as a form, signed for the
 * public URL of the webhook. For tests of an application that receives them.
 *
 * @category signing
 * @since 0.1.0
 */
export const signWebhook = Effect.fnUntraced(function*(options: {
  readonly authToken: Secrets
  readonly url: string
  readonly form: Readonly<Record<string, string>>
}): Effect.fn.Return<Request.WebhookRequest, CryptoError.CryptoError, Mac.Mac> {
  return Request.make({
    url: options.url,
    body: new URLSearchParams(options.form).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded", [header]: yield* sign(options) }
  })
})

/** Decodes the signature. Rejects one that is not twenty bytes before an HMAC is computed. */
const tagOf = ({ headers }: Request.WebhookHead): Uint8Array | undefined => {
  const tag = fromBase64(headers[header] ?? "")
  return tag?.length === 20 ? tag : undefined
}

/** Returns the hash of the body in the signed URL. If there are two, Twilio's SDK reads the first. */
const signedHash = ({ url }: Request.WebhookHead): string | undefined =>
  new URLSearchParams(queryOf(url)).get("bodySHA256") ?? undefined

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
const isJsonAsForm = (request: Request.WebhookRequest, fields: string): boolean => {
  if (!request.url.includes("bodySHA256")) return false
  const hash = signedHash(request)
  if (hash === undefined) return false
  return fields === "" || (hash.length < 64 && /^[0-9a-f]*$/.test(hash) && /^[0-9a-f]/.test(fields))
}

/** Rejects what the headers and the URL show to be wrong, before the body is read or hashed. */
const checkHead = (head: Request.WebhookHead): WebhookErrorReason | undefined => {
  if (!head.headers[header]) return new MissingSignature({ expected: `header ${header}` })
  if (tagOf(head) === undefined) return new InvalidSignature({})
  if (head.method === "GET") {
    const hash = signedHash(head)
    return hash === undefined || hash === hashOfNothing ? undefined : new InvalidSignature({})
  }
  return isJson(head) && signedHash(head) === undefined
    ? new MissingSignature({ expected: "query parameter bodySHA256, which must cover a JSON body" })
    : undefined
}

/** Compares ids in any case of their hexadecimal digits. */
const isOneOf = (accounts: ReadonlyArray<string>, account: string): boolean =>
  accounts.some((one) => one.toLowerCase() === account.toLowerCase())

/**
 * Builds the signature check for a list of auth tokens, and the diagnosis of a
 * mismatch.
 *
 * The body is covered in one of two ways: a form by its fields in the signed
 * text, JSON by its SHA-256 in the signed URL (`bodySHA256`). Only the content
 * type decides which, because it also decides how the body is parsed later:
 * JSON declared as a form must not count as covered by its hash.
 */
export const make = Effect.fnUntraced(function*(authToken: Secrets, accounts?: ReadonlyArray<string>) {
  const mac = yield* Mac.Mac
  const digest = yield* Digest.Digest
  const keys = yield* macKeys("Twilio", Mac.hmacSha1, authToken)
  const trimmedKeys = yield* Effect.forEach(
    (yield* list("Twilio", authToken)).filter((token) => token !== token.trim()),
    (token) => Mac.key(Mac.hmacSha1, utf8(token.trim()))
  )
  const fits = macMatcher(mac, keys)
  const keyRings = [
    ["", fits],
    // Covers a token that was pasted together with its line break.
    ...trimmedKeys.length === 0
      ? []
      : [["the auth token without the white space around it", macMatcher(mac, trimmedKeys)] as const]
  ] as const

  const matches = Effect.fnUntraced(function*(matcher: typeof fits, tag: Uint8Array, url: string, fields: string) {
    let hashed = 0
    for (const candidate of candidates(url)) {
      const text = candidate + fields
      if (hashed > 0 && hashed + text.length > maxHashed) return false
      if (yield* matcher(tag, Bytes.fromText(text))) return true
      hashed += text.length
    }
    return false
  })

  const hasHash = (hash: string, body: Uint8Array) =>
    Effect.map(
      Effect.orDie(digest.digest(Digest.sha256, body)),
      (actual) => Mac.timingSafeEqual(utf8(hash), utf8(Hex.encode(actual)))
    )

  /**
   * Returns the form that is signed after the URL, if the body is a form. Fails
   * if the signature does not cover the body.
   */
  const signedForm = Effect.fnUntracedEager(function*(
    request: Request.WebhookRequest
  ): Effect.fn.Return<Form | undefined, WebhookErrorReason> {
    if (request.method === "GET") {
      const isCovered = request.body.length === 0 || signedHash(request) === undefined
      return isCovered ? undefined : yield* new InvalidSignature({})
    }
    if (!isJson(request)) return yield* parseForm(request.body)
    const hash = signedHash(request) ?? ""
    return (yield* hasHash(hash, request.body)) ? undefined : yield* new InvalidSignature({})
  })

  const verify = Effect.fnUntracedEager(function*(
    request: Request.WebhookRequest
  ): Effect.fn.Return<Verified, WebhookErrorReason> {
    const tag = tagOf(request)
    if (tag === undefined) return yield* new InvalidSignature({})
    const form = yield* signedForm(request)
    const fields = form === undefined ? "" : fieldsText(form)
    if (form !== undefined && isJsonAsForm(request, fields)) return yield* new InvalidSignature({})
    if (!(yield* matches(fits, tag, request.url, fields))) return yield* new InvalidSignature({})
    const isGet = request.method === "GET"
    const fault = form === undefined
      ? isGet ? queryFault(request.url) : undefined
      : formFault(request.url, form, fields)
    if (fault !== undefined) return yield* fault
    const account = isGet ? formFromText(queryOf(request.url))["AccountSid"] : form?.["AccountSid"]
    if (accounts !== undefined && account !== undefined && !isOneOf(accounts, String(account))) {
      return yield* invalidPayload("AccountSid", "Expected an account whose webhooks are accepted: see webhookAccounts")
    }
    return { ...(form !== undefined && { payload: form }), idempotencyKeys: [request.headers[header]!] }
  })

  const search = Effect.fnUntraced(function*(tag: Uint8Array, request: Request.WebhookRequest, form: Form, body = "") {
    for (const [token, matcher] of keyRings) {
      for (const [variant, url, fields] of Diagnosis.variants(request, form)) {
        if (!(yield* matches(matcher, tag, url, fields))) continue
        return [body, token, variant].filter((name) => name !== "").join(" and ") || undefined
      }
    }
    return undefined
  })

  const searchJson = Effect.fnUntraced(function*(tag: Uint8Array, request: Request.WebhookRequest) {
    const hash = signedHash(request) ?? ""
    for (const [name, body] of Diagnosis.bodies(request.body)) {
      if (yield* hasHash(hash, body)) return yield* search(tag, request, {}, name)
    }
    return undefined
  })

  const diagnose = Effect.fnUntraced(function*(request: Request.WebhookRequest) {
    const tag = tagOf(request)
    if (tag === undefined) return undefined
    if (request.method === "GET") return yield* search(tag, request, {})
    if (isJson(request)) return yield* searchJson(tag, request)
    return yield* search(tag, request, yield* Effect.orElseSucceed(parseForm(request.body), () => ({})))
  })

  return { checkHead, verify, diagnose }
})
