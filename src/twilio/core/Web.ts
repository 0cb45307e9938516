// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Twilio's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports only. Their events have no metadata, and the content of a
 * message is its text and its files; everything else of the payload is in `raw`.
 * A message without either is `Unrecognized`. The signature alone does not prove
 * where a field ends. `decode` of `effect-sms/twilio/decode` reads a request that
 * was received in full, and refuses one whose fields were cut anew. Another cut of
 * a request has the same signature, by which `idempotencyKeys` recognize it.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import * as Twilio from "effect-sms/twilio/webhook"
 *
 * export default {
 *   async fetch(request: Request, env: { readonly TWILIO_AUTH_TOKEN: string }) {
 *     const result = await Twilio.receive(request, { authToken: env.TWILIO_AUTH_TOKEN })
 *     if (result._tag === "Refused") return new Response(null, { status: result.status })
 *     for (const event of result.events) console.log(event._tag)
 *     return new Response("<Response/>", { headers: { "content-type": "text/xml" } })
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import { equals } from "../../provider/core/base64.ts"
import { secretsOf, type WebReceived as Received } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { type Authentic, hmac, receive as receiveWeb, sha256 } from "../../provider/core/web.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { decodeBasic } from "./basic.ts"
import { boundsOf, type Options as Common } from "./dialect.ts"
import { accepted, mismatch, prepare, texts } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Received, Refused }

/**
 * The options of {@link receive}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Common {
  /** The public URL, character for character as Twilio called it. Behind a proxy it is not that of the request. */
  readonly url?: string | undefined
}

const verify = async (request: WebhookRequest, options: Options): Promise<Authentic | Refused> => {
  const tags = secretsOf("authToken", options.authToken).map((token) => hmac("SHA-1", token))
  const claim = prepare(request)
  if (claim._tag === "Refused") return claim
  if (claim.hash !== undefined && !equals(claim.hash, await sha256(request.body))) return mismatch
  for (const text of texts(claim)) {
    for (const tagOf of tags) {
      if (equals(claim.tag, await tagOf(text))) return accepted(claim, request, options.webhookAccounts)
    }
  }
  return mismatch
}

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty auth token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  receiveWeb(
    boundsOf(options),
    request,
    options.url,
    (whole) => verify(whole, options),
    (payload) => decodeBasic(options.name ?? "twilio", payload)
  )
