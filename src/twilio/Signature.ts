/**
 * `X-Twilio-Signature`: Base64 of HMAC-SHA1, keyed with the auth token, over
 * the URL and the form fields, sorted by name, names and values joined without
 * separators (https://www.twilio.com/docs/usage/security).
 */
import * as Effect from "effect/Effect"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import { type Form, isJson, parseForm } from "../internal/payload.ts"
import { fromBase64, macKeys, type Secrets, utf8 } from "../internal/secrets.ts"
import { InvalidSignature, MissingSignature, type WebhookErrorReason } from "../WebhookError.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import { variants } from "./Diagnosis.ts"
import { candidates, fieldsText } from "./SignedText.ts"

export const header = "x-twilio-signature"

/**
 * The header that Twilio would send for this URL and these fields. For tests
 * and for the local emulation of Twilio.
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

const bodyHash = (url: string): string | undefined => {
  const [beforeFragment] = url.split("#", 1)
  const query = beforeFragment!.indexOf("?")
  return query === -1 ? undefined : new URLSearchParams(beforeFragment!.slice(query)).get("bodySHA256") ?? undefined
}

/**
 * The check for these auth tokens, and the search for what went wrong.
 *
 * The body is covered in one of two ways: as form fields in the signed text,
 * or by its SHA-256 in the signed URL (`bodySHA256`). A body that is covered
 * by neither is refused.
 */
export const make = Effect.fnUntraced(function*(authToken: Secrets) {
  const mac = yield* Mac.Mac
  const digest = yield* Digest.Digest
  const keys = yield* macKeys("Twilio", Mac.hmacSha1, authToken)

  const matches = Effect.fnUntraced(function*(tag: Uint8Array, url: string, fields: string) {
    for (const candidate of candidates(url)) {
      const data = utf8(candidate + fields)
      for (const key of keys) {
        if (yield* Effect.orDie(mac.verify(key, tag, data))) return true
      }
    }
    return false
  })

  const verify = Effect.fnUntraced(function*(request: WebhookRequest): Effect.fn.Return<void, WebhookErrorReason> {
    const signature = request.headers[header]
    if (!signature) return yield* new MissingSignature({ expected: `header ${header}` })
    const tag = fromBase64(signature)
    if (tag === undefined) return yield* new InvalidSignature({})

    const hash = bodyHash(request.url)
    const isForm = request.method !== "GET" && hash === undefined
    if (hash !== undefined) {
      const actual = Hex.encode(yield* Effect.orDie(digest.digest(Digest.sha256, request.body)))
      if (!Mac.timingSafeEqual(utf8(hash), utf8(actual))) return yield* new InvalidSignature({})
    } else if (isForm && isJson(request)) {
      return yield* new MissingSignature({ expected: "query parameter bodySHA256, which covers a JSON body" })
    }
    const fields = isForm ? fieldsText(yield* parseForm(request.body)) : ""
    if (!(yield* matches(tag, request.url, fields))) return yield* new InvalidSignature({})
  })

  const diagnose = Effect.fnUntraced(function*(request: WebhookRequest) {
    const tag = fromBase64(request.headers[header] ?? "")
    if (tag === undefined) return undefined
    const form = isJson(request) ? {} : yield* Effect.orElseSucceed(parseForm(request.body), () => ({}))
    for (const [name, url, fields] of variants(request, form)) {
      if (yield* matches(tag, url, fields)) return name
    }
    return undefined
  })

  return { verify, diagnose }
})
