// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Telnyx's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports in the form of Telnyx's reference. Their events have no
 * metadata and no times. Messages of groups, RCS and WhatsApp, files without a URL
 * and what has another form are `Unrecognized`. Everything else of the payload is
 * in `raw`, and `decode` of `effect-sms/telnyx/decode` reads a request that was
 * received in full. A refusal has no more than the tag of its reason.
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
import { toHex } from "../../internal/encodings.ts"
import { thirtyTwoBytes } from "../../provider/core/base64.ts"
import { now as systemTime } from "../../provider/core/now.ts"
import { secretsOf } from "../../provider/core/receive.ts"
import * as Web from "../../provider/core/web.ts"
import type { Received, Refused } from "../../provider/core/web.ts"
import type { Options } from "./dialect.ts"
import { l, p, smallOrder } from "./ed25519.ts"
import { defaultTolerance, signatureHeader, sixtyFourBytes, timestampHeader } from "./verify.ts"
import { decode } from "./webDecode.ts"

export type { Received, Refused } from "../../provider/core/web.ts"
export { acknowledgement } from "./dialect.ts"
export type { Options } from "./dialect.ts"

const numberOf = (littleEndian: Uint8Array): bigint => BigInt(`0x${toHex(littleEndian.toReversed())}`)

/** As in `ed25519.ts`, in less code. */
const isSound = (point: Uint8Array): boolean => {
  const y = BigInt.asUintN(255, numberOf(point))
  return y < p && !smallOrder.includes(y)
}

const verify =
  ({ now = systemTime, publicKey, tolerance = defaultTolerance }: Options): Web.Verify => async (headers, read) => {
    const signature = headers[signatureHeader]
    const timestamp = headers[timestampHeader]
    Web.check(signature && timestamp, 403, "MissingSignature")
    Web.authenticate(sixtyFourBytes.test(signature) && /^\d{1,15}$/.test(timestamp))
    const body = await read()
    const data = await Web.bytesOf([`${timestamp}|`, body])
    const bytes = Web.fromBase64(signature)
    const { subtle } = crypto
    let isAuthentic = false
    for (const text of secretsOf("publicKey", publicKey)) {
      const key = thirtyTwoBytes.test(text) ? Web.fromBase64(text) : undefined
      if (!key || !isSound(key)) throw new TypeError("publicKey: Expected the Base64 of a key of 32 bytes")
      isAuthentic ||= isSound(bytes.subarray(0, 32)) && numberOf(bytes.subarray(32)) < l &&
        await subtle.verify("Ed25519", await subtle.importKey("raw", key, "Ed25519", false, ["verify"]), bytes, data)
    }
    Web.authenticate(isAuthentic)
    // In whole seconds, as the core.
    Web.check(Math.abs(Number(timestamp) - Math.floor(now() / 1000)) <= tolerance, 403, "StaleTimestamp")
    return [Web.parse(body, true)]
  }

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for a
 * public key that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  Web.receive(request, "telnyx", options, ["POST"], [Web.json], verify(options), decode)
