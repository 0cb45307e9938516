/**
 * The secret token in the callback URL, which VoiceMeUp uses instead of a
 * signature.
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import type { Secrets } from "../provider/Secrets.ts"
import * as WebhookGuard from "../provider/WebhookGuard.ts"
import * as Request from "../WebhookRequest.ts"
import type { Verification } from "./Config.ts"

/**
 * Builds the callback URL with the token in its query. Enter it in VoiceMeUp's
 * portal, under both "Callback URL" fields of the number. Of several tokens,
 * the first is used.
 *
 * @category signing
 * @since 0.1.0
 */
export const callbackUrl = (options: {
  readonly url: string
  readonly token: Secrets
  readonly parameter?: string | undefined
}): Effect.Effect<string, CryptoError.CryptoError> => WebhookGuard.callbackUrl({ ...options, module: "VoiceMeUp" })

/**
 * Builds a webhook as VoiceMeUp sends it: JSON, with the token in its URL. For
 * tests of an application that receives them.
 *
 * @category signing
 * @since 0.1.0
 */
export const signWebhook = Effect.fnUntraced(function*(options: {
  readonly token: Secrets
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<Request.WebhookRequest, CryptoError.CryptoError> {
  return Request.make({
    url: yield* callbackUrl(options),
    body: JSON.stringify(options.payload),
    headers: { "content-type": "application/json" }
  })
})

/** Builds the check of the chosen scheme. With `None` every request passes. */
export const make = (
  verification: Verification
): Effect.Effect<WebhookGuard.Check | undefined, CryptoError.CryptoError> =>
  verification.scheme === "None" ? Effect.undefined : WebhookGuard.token(verification)("VoiceMeUp")
