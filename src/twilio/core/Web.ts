// @effect-diagnostics asyncFunction:off
/**
 * Verifies and decodes Twilio's webhooks with the Fetch API and the Web
 * Cryptography API: for Workers, Deno, Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request, and so it decodes SMS, MMS
 * and delivery reports as Twilio usually sends them. Their events have no
 * metadata, and the content of a message is its text and its files; everything
 * else of the payload is in `raw`. A form with a repeated field, a file without a
 * URL or a status that is not known is `Unrecognized`. A refusal has no more than
 * the tag of its reason.
 *
 * The signature alone does not prove where a field ends. `decode` of
 * `effect-sms/twilio/decode` reads a request that was received in full, and
 * refuses one whose fields were cut anew. Another cut of a request has the same
 * signature, by which `idempotencyKeys` recognize it.
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
import { twentyBytes } from "../../provider/core/base64.ts"
import { type Form, parsePairs } from "../../provider/core/body.ts"
import { secretsOf } from "../../provider/core/receive.ts"
import * as Web from "../../provider/core/web.ts"
import type { Received, Refused } from "../../provider/core/web.ts"
import type { Options as Common } from "./dialect.ts"
import { candidates, isAmbiguousPath } from "./signedText.ts"
import { header, isJsonAsForm, otherAccount } from "./verify.ts"
import { decode } from "./webDecode.ts"

export type { Received, Refused } from "../../provider/core/web.ts"
export { acknowledgement } from "./dialect.ts"

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

const verify =
  ({ authToken, webhookAccounts }: Options): Web.Verify => async (headers, read, isJson, isGet, url, query) => {
    const isForm = !isGet && !isJson
    const tag = headers[header]
    const hash = new URLSearchParams(query).get("bodySHA256")
    Web.check(tag && (isGet || isForm || hash !== null), 403, "MissingSignature")
    Web.authenticate(twentyBytes.test(tag))
    const body = await read()
    const isSigned = Web.hmac("SHA-1", secretsOf("authToken", authToken), Web.fromBase64(tag))
    Web.authenticate(!isAmbiguousPath(url))
    const form = isForm ? Web.parse(body, false) as Form : {}
    let text = ""
    for (const name of Object.keys(form).sort()) {
      for (const value of new Set([form[name]!].flat().sort())) text += name + value
    }
    Web.authenticate(
      isForm ? !isJsonAsForm(hash, text) : hash === null || (hash === await Web.sha256(body) && !(isGet && body.length))
    )
    let isAuthentic = false
    for (const candidate of candidates(url)) isAuthentic ||= await isSigned([candidate + text])
    Web.authenticate(isAuthentic)
    const payload = isForm ? form : isGet ? parsePairs(query) : Web.parse(body, true)
    Web.check(!(webhookAccounts && otherAccount(payload, webhookAccounts)), 400, "InvalidPayload")
    return [payload, tag]
  }

/**
 * Verifies a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty auth token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  Web.receive(
    request,
    "twilio",
    options,
    ["POST", "GET"],
    [Web.form, Web.json],
    verify(options),
    decode,
    options.url
  )
