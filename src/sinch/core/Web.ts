// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Sinch's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports in the form of Sinch's reference. Their events have no
 * metadata and no times. A binary message, a file that Sinch could not store and
 * what has another form are `Unrecognized`. Everything else of the payload is in
 * `raw`, and `decode` of `effect-sms/sinch/decode` reads a request that was
 * received in full. A refusal has no more than the tag of its reason.
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
import { now as systemTime } from "../../provider/core/now.ts"
import { secretsOf } from "../../provider/core/receive.ts"
import * as Web from "../../provider/core/web.ts"
import type { Received, Refused } from "../../provider/core/web.ts"
import type { Options } from "./dialect.ts"
import { isHmacSha256, maxAge, maxSkew } from "./verify.ts"
import { decode } from "./webDecode.ts"

export type { Received, Refused } from "../../provider/core/web.ts"
export { acknowledgement } from "./dialect.ts"
export type { Options, Verification } from "./dialect.ts"

const verify = ({ now = systemTime, verification }: Options): Web.Verify => async (headers, read) => {
  if (verification.scheme === "None") return [Web.parse(await read(), true)]
  const isSha256 = verification.scheme === "HmacSha256"
  const prefix = "x-sinch-webhook-signature"
  const [sha256, nonce, timestamp] = ["", "-nonce", "-timestamp"].map((name) => headers[prefix + name])
  const algorithm = headers[`${prefix}-algorithm`]
  const tag = isSha256 ? sha256 : headers["x-sinch-signature"]
  Web.authenticate(isSha256 || [sha256, nonce, timestamp].every((header) => header === undefined))
  Web.check(tag && (!isSha256 || (nonce && timestamp)), 403, "MissingSignature")
  const text = isSha256 ? `.${nonce}.${timestamp}` : ""
  Web.authenticate(!isSha256 || (text.split(".").length === 3 && (!algorithm || isHmacSha256(algorithm))))
  const body = await read()
  // Canonical, or the digits of SHA-1.
  Web.authenticate(/^(?:[0-9a-f]{40}|[A-Za-z\d+/]{26}(?:[A-Za-z\d+/]{16})?[AEIMQUYcgkosw048]=)$/.test(tag))
  const bytes = tag.length === 40
    ? Uint8Array.from(tag.match(/../g)!, (digits) => Number(`0x${digits}`))
    : Web.fromBase64(tag)
  const isSigned = Web.hmac(isSha256 ? "SHA-256" : "SHA-1", secretsOf("secret", verification.secret), bytes)
  Web.authenticate(await isSigned([body, text]))
  if (isSha256) {
    Web.check(/^\d{1,12}$/.test(timestamp!), 403, "MissingSignature")
    const skew = Number(timestamp) - now() / 1000
    Web.check(Math.abs(skew) <= (verification.tolerance ?? (skew > 0 ? maxSkew : maxAge)), 403, "StaleTimestamp")
  }
  return [Web.parse(body, true)]
}

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  Web.receive(request, "sinch", options, ["POST"], [Web.json], verify(options), decode)
