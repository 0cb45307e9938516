/**
 * Verifies and decodes Twilio's webhooks with plain synchronous functions, on
 * Node and without Effect.
 *
 * **Example** (A server of one's own)
 *
 * ```ts
 * import * as Twilio from "effect-sms/twilio/core"
 *
 * const twilio = Twilio.make({ authToken: process.env.TWILIO_AUTH_TOKEN })
 *
 * // `body` has the bytes as they were received.
 * const result = twilio.receive({ method: "POST", url, headers: request.headers, body })
 * if (result._tag === "Refused") return respond(result.status)
 * for (const event of result.events) handle(event)
 * ```
 *
 * @since 0.1.0
 */
import { syncCrypto } from "../../internal/nodeSyncCrypto.ts"
import type { Payload } from "../../Payload.ts"
import { type Decoded, plain } from "../../provider/core/build.ts"
import { requestFault } from "../../provider/core/head.ts"
import { limitsOf, type Received, received, secretsOf } from "../../provider/core/receive.ts"
import { type Refused, refused } from "../../provider/core/refusal.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { bounds } from "./bounds.ts"
import { decode } from "./decode.ts"
import { readNodeForm } from "./nodeForm.ts"
import type { Options } from "./options.ts"
import { payloadOf } from "./payload.ts"
import { checkHead, type Verified, verifySync } from "./verify.ts"

export { acknowledgement } from "./bounds.ts"
export type { Decoded, Options, Received, Refused, Verified }

/**
 * Verifies and decodes webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Core {
  /**
   * Verifies the signature over the exact bytes of the body. `url` is the public
   * URL, character for character as Twilio called it, and header names are in
   * lower case.
   */
  readonly verify: (request: WebhookRequest) => Verified | Refused
  /** Decodes the payload of a webhook: a JSON object, or a form as a record. It is no proof of who sent it. */
  readonly decode: (payload: Payload) => Decoded | Refused
  /** Verifies a webhook and decodes its events. */
  readonly receive: (request: WebhookRequest) => Received | Refused
}

/**
 * Makes the core. Throws a `TypeError` for an empty auth token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => {
  const { name = "twilio", webhookAccounts } = options
  const checked = { ...bounds, limits: limitsOf(options), checkHead }
  const encoder = new TextEncoder()
  const tags = secretsOf("authToken", options.authToken).map((token) => syncCrypto.hmac("sha1", encoder.encode(token)))
  const verifySignature = verifySync({ tags, sha256: syncCrypto.sha256 }, webhookAccounts, readNodeForm)
  const verify: Core["verify"] = (request) => {
    const reason = requestFault(checked, request)
    return reason === undefined ? verifySignature(request) : refused(reason)
  }
  return {
    verify,
    decode: (payload) => decode(plain, name, payload),
    receive: (request) => {
      const verified = verify(request)
      if (verified._tag === "Refused") return verified
      const { idempotencyKeys, payload } = verified
      const parsed = payload === undefined ? payloadOf(request) : { _tag: "Parsed" as const, payload }
      return parsed._tag === "Refused"
        ? parsed
        : received(decode(plain, name, parsed.payload), idempotencyKeys, request.url)
    }
  }
}
