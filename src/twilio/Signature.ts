/**
 * Signs webhooks as Twilio does, verifies them with the services of the
 * application, and explains a mismatch.
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import type * as Redacted from "effect/Redacted"
import * as Bytes from "../internal/bytes.ts"
import * as SyncCrypto from "../internal/syncCrypto.ts"
import type { Payload } from "../Payload.ts"
import { type Form, formFromText, isJson, parseForm } from "../provider/Body.ts"
import type { Refused } from "../provider/core/refusal.ts"
import { reasonOf } from "../provider/internal/reasons.ts"
import type { Limits, Receiver, Verified } from "../provider/Receiving.ts"
import { requestOf, type Sign, withQuery } from "../provider/Recording.ts"
import { fromBase64, list, macKeys, macMatcher, type Secrets, utf8 } from "../provider/Secrets.ts"
import type { WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import { scan } from "./core/nodeForm.ts"
import { fieldsText } from "./core/signedText.ts"
import * as Core from "./core/verify.ts"
import * as Diagnosis from "./Diagnosis.ts"

const { header } = Core

/**
 * Builds the header that Twilio would send for a URL and form fields. For tests
 * and for emulating Twilio locally.
 *
 * **Example** (Signing a request)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Redacted } from "effect"
 * import { Twilio } from "effect-sms"
 *
 * // The example of Twilio's documentation.
 * const signature = Twilio.sign({
 *   authToken: Redacted.make("12345"),
 *   url: "https://example.com/myapp.php?foo=1&bar=2",
 *   form: { CallSid: "CA1234567890ABCDE", Caller: "+14158675310", Digits: "1234", From: "+14158675310", To: "+18005551212" }
 * })
 *
 * await Effect.runPromise(Effect.provide(signature, NodeCrypto.layer)) // => "L/OH5YylLD5NRKLltdqwSvS0BnU="
 * ```
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

/** Returns a payload of another account. */
const ofAccount = (payload: Payload, account: string | undefined): Payload => {
  const names = account === undefined ? [] : Core.accountNames.filter((name) => Object.hasOwn(payload, name))
  return names.length === 0 ? payload : { ...payload, ...Object.fromEntries(names.map((name) => [name, account])) }
}

/** Makes a function that signs webhooks in the name of an account. */
export const signer = (authToken: Redacted.Redacted<string>, account: string | undefined): Sign =>
  Effect.fnUntraced(function*({ format, method, payload, url }) {
    const unsigned = requestOf({ format, method, url, payload: ofAccount(payload, account) })
    if (method === "POST" && format === "json") {
      const hash = Hex.encode(yield* (yield* Digest.Digest).digest(Digest.sha256, unsigned.body))
      const signedUrl = withQuery(url, `bodySHA256=${hash}`)
      const headers = { ...unsigned.headers, [header]: yield* sign({ authToken, url: signedUrl }) }
      return { ...unsigned, url: signedUrl, headers }
    }
    const form = method === "GET" ? {} : formFromText(new TextDecoder().decode(unsigned.body))
    return {
      ...unsigned,
      headers: { ...unsigned.headers, [header]: yield* sign({ authToken, url: unsigned.url, form }) }
    }
  })

/**
 * Builds the signature check for a list of auth tokens, and the diagnosis of a
 * mismatch.
 */
export const make = Effect.fnUntraced(function*(authToken: Secrets, accounts?: ReadonlyArray<string>) {
  const mac = yield* Mac.Mac
  const digest = yield* Digest.Digest
  const keys = yield* macKeys("Twilio", Mac.hmacSha1, authToken)
  const secrets = yield* list("Twilio", authToken)
  const trimmedKeys = yield* Effect.forEach(
    secrets.filter((token) => token !== token.trim()),
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

  const matches = Effect.fnUntraced(function*(matcher: typeof fits, tag: Uint8Array, url: string, text: string) {
    for (const signed of Core.texts(url, text)) {
      if (yield* matcher(tag, Bytes.fromText(signed))) return true
    }
    return false
  })

  const hasHash = (hash: string, body: Uint8Array) =>
    Effect.map(
      Effect.orDie(digest.digest(Digest.sha256, body)),
      (actual) => Mac.timingSafeEqual(utf8(hash), utf8(Hex.encode(actual)))
    )

  const verifyWith = Effect.fnUntraced(function*(request: Request.WebhookRequest, limits: Limits) {
    const claim = Core.prepare(request, limits, scan)
    if (claim._tag === "Refused") return claim
    const tag = fromBase64(claim.tag)
    const isBody = claim.hash === undefined || (yield* hasHash(claim.hash, request.body))
    return isBody && tag !== undefined && (yield* matches(fits, tag, claim.url, Core.textOf(claim)))
      ? Core.conclude(claim, request, accounts)
      : Core.mismatch
  })

  const settled = (result: Core.Verified | Refused): Effect.Effect<Verified, WebhookErrorReason> =>
    result._tag === "Verified" ? Effect.succeed(result) : Effect.fail(reasonOf(result.reason))

  const sync = SyncCrypto.of(mac)
  const verifySync = sync === undefined
    ? undefined
    : Core.verifySync(
      { tags: secrets.map((secret) => sync.hmac("sha1", utf8(secret))), sha256: sync.sha256 },
      accounts,
      scan
    )
  const verify: Receiver["verify"] = verifySync === undefined
    ? (request, _clock, limits) => Effect.flatMap(verifyWith(request, limits), settled)
    : (request, _clock, limits) => settled(verifySync(request, limits))

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
    const hash = Core.signedHash(request) ?? ""
    for (const [name, body] of Diagnosis.bodies(request.body)) {
      if (yield* hasHash(hash, body)) return yield* search(tag, request, {}, name)
    }
    return undefined
  })

  const diagnose = Effect.fnUntraced(function*(request: Request.WebhookRequest) {
    const tag = fromBase64(request.headers[header] ?? "")
    if (tag?.length !== 20) return undefined
    if (request.method === "GET") return yield* search(tag, request, {})
    if (isJson(request)) return yield* searchJson(tag, request)
    return yield* search(tag, request, yield* Effect.orElseSucceed(parseForm(request.body), () => ({})))
  })

  const checkHead = (head: Request.WebhookHead): WebhookErrorReason | undefined => {
    const reason = Core.checkHead(head)
    return reason === undefined ? undefined : reasonOf(reason)
  }

  return { checkHead, verify, diagnose }
})
