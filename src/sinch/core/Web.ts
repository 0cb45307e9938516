// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Sinch's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports only. Their events have no metadata and no times; a binary
 * message is `Unrecognized`. Everything else of the payload is in `raw`, and
 * `decode` of `effect-sms/sinch/decode` reads a request that was received in full.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import * as Sinch from "effect-sms/sinch/webhook"
 *
 * export default {
 *   async fetch(request: Request, env: { readonly SECRET: string }) {
 *     const result = await Sinch.receive(request, { verification: { scheme: "HmacSha256", secret: env.SECRET } })
 *     if (result._tag === "Refused") return new Response(null, { status: result.status })
 *     for (const event of result.events) console.log(event._tag)
 *     return Response.json({})
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import { equals } from "../../provider/core/base64.ts"
import { now as systemTime } from "../../provider/core/now.ts"
import { secretsOf, type Verified, type WebReceived as Received } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { hmac, jsonOf, receive as receiveWeb } from "../../provider/core/web.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { decodeBasic } from "./basic.ts"
import { boundsOf, type Options, toleranceOf, type Verification } from "./dialect.ts"
import { conclude, mismatch, prepare } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Options, Received, Refused, Verification }

const verify = async (request: WebhookRequest, options: Options): Promise<Verified | Refused> => {
  const { now = systemTime, verification } = options
  if (verification.scheme === "None") return { _tag: "Verified" }
  const claim = prepare(verification.scheme, request)
  if (claim._tag === "Refused") return claim
  const hash = verification.scheme === "HmacSha256" ? "SHA-256" : "SHA-1"
  for (const secret of secretsOf("secret", verification.secret)) {
    if (equals(claim.tag, await hmac(hash, secret)(claim.text, request.body))) {
      return conclude(claim, now(), toleranceOf(verification))
    }
  }
  return mismatch
}

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  receiveWeb(
    boundsOf(options),
    request,
    undefined,
    async (whole) => jsonOf(whole, await verify(whole, options)),
    (payload) => decodeBasic(options.name ?? "sinch", payload)
  )
