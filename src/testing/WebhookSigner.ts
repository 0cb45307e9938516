/**
 * Webhooks as the carriers send them, signed with secrets of yours: for tests
 * of an application that receives them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Sinch from "../sinch/index.ts"
import * as Telnyx from "../telnyx/index.ts"
import * as Twilio from "../twilio/index.ts"
import * as VoiceMeUp from "../voicemeup/index.ts"
import { make, type WebhookRequest } from "../WebhookRequest.ts"

type Secret = Redacted.Redacted<string>

const json = (url: string, body: string, headers: Readonly<Record<string, string>>): WebhookRequest =>
  make({ url, body, headers: { "content-type": "application/json", ...headers } })

/**
 * A signed Twilio form. `url` is the public URL of the webhook.
 *
 * @category constructors
 * @since 0.1.0
 */
export const twilio = Effect.fnUntraced(function*(options: {
  readonly authToken: Secret
  readonly url: string
  readonly form: Readonly<Record<string, string>>
}): Effect.fn.Return<WebhookRequest, CryptoError.CryptoError, Mac.Mac> {
  return make({
    url: options.url,
    body: new URLSearchParams(options.form).toString(),
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": yield* Twilio.sign(options)
    }
  })
})

/**
 * A Sinch callback, signed with HMAC-SHA256 and the current time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sinch = Effect.fnUntraced(function*(options: {
  readonly secret: Secret
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<WebhookRequest, CryptoError.CryptoError, Mac.Mac | SecureRandom.SecureRandom> {
  const random = yield* SecureRandom.SecureRandom
  const body = JSON.stringify(options.payload)
  const headers = yield* Sinch.signHmacSha256({
    secret: options.secret,
    body,
    nonce: yield* random.ulid,
    timestamp: String(Math.floor((yield* Clock.currentTimeMillis) / 1000))
  })
  return json(options.url, body, headers)
})

/**
 * A Telnyx webhook, signed with Ed25519 and the current time. The keys come
 * from `Telnyx.generateKeyPair`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const telnyx = Effect.fnUntraced(function*(options: {
  readonly privateKey: Secret
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<WebhookRequest, CryptoError.CryptoError, Signature.Signature> {
  const body = JSON.stringify(options.payload)
  return json(options.url, body, yield* Telnyx.sign({ privateKey: options.privateKey, body }))
})

/**
 * A VoiceMeUp webhook with the token in its URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const voicemeup = Effect.fnUntraced(function*(options: {
  readonly token: Secret
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<WebhookRequest, CryptoError.CryptoError> {
  return json(yield* VoiceMeUp.callbackUrl(options), JSON.stringify(options.payload), {})
})
