// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Telnyx's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports only. Their events have no metadata and no times; messages
 * of groups, RCS and WhatsApp are `Unrecognized`. Everything else of the payload is
 * in `raw`, and `decode` of `effect-sms/telnyx/decode` reads a request that was
 * received in full.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import * as Telnyx from "effect-sms/telnyx/webhook"
 *
 * export default {
 *   async fetch(request: Request, env: { readonly SECRET: string }) {
 *     const result = await Telnyx.receive(request, { publicKey: env.SECRET })
 *     if (result._tag === "Refused") return new Response(null, { status: result.status })
 *     for (const event of result.events) console.log(event._tag)
 *     return Response.json({})
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import { now as systemTime } from "../../provider/core/now.ts"
import type { Verified, WebReceived as Received } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { concat, encoder, jsonOf, receive as receiveWeb } from "../../provider/core/web.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { decodeBasic } from "./basic.ts"
import { boundsOf, keysOf, type Options } from "./dialect.ts"
import { isWellFormed } from "./ed25519.ts"
import { conclude, defaultTolerance, mismatch, prepare } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Options, Received, Refused }

const verify = async (request: WebhookRequest, options: Options): Promise<Verified | Refused> => {
  const { now = systemTime, tolerance = defaultTolerance } = options
  const claim = prepare(request)
  if (claim._tag === "Refused") return claim
  if (!isWellFormed(claim.signature)) return mismatch
  const data = concat([encoder.encode(`${claim.timestamp}|`), request.body])
  const { subtle } = crypto
  for (const bytes of keysOf(options)) {
    const key = await subtle.importKey("raw", bytes as Uint8Array<ArrayBuffer>, "Ed25519", false, ["verify"])
    if (await subtle.verify("Ed25519", key, claim.signature as Uint8Array<ArrayBuffer>, data)) {
      return conclude(claim, now(), tolerance)
    }
  }
  return mismatch
}

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for a
 * public key that cannot be used.
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
    (payload) => decodeBasic(options.name ?? "telnyx", payload)
  )
