// @effect-diagnostics asyncFunction:off
/**
 * Checks and decodes VoiceMeUp's webhooks with the Fetch API: for Workers, Deno,
 * Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request: its events have no metadata
 * and no times. A row with several attachments, or with values that are not
 * texts, is `Unrecognized`. Everything else of the payload is in `raw`, and
 * `decode` of `effect-sms/voicemeup/decode` reads a request that was received in
 * full. A refusal has no more than the tag of its reason.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import * as VoiceMeUp from "effect-sms/voicemeup/webhook"
 *
 * export default {
 *   async fetch(request: Request, env: { readonly SECRET: string }) {
 *     const result = await VoiceMeUp.receive(request, { verification: { scheme: "Token", token: env.SECRET } })
 *     if (result._tag === "Refused") return new Response(null, { status: result.status })
 *     for (const event of result.events) console.log(event._tag)
 *     return Response.json({})
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import { secretsOf } from "../../provider/core/receive.ts"
import { equals } from "../../provider/core/token.ts"
import * as Web from "../../provider/core/web.ts"
import type { Received, Refused } from "../../provider/core/web.ts"
import type { Options as All } from "./dialect.ts"
import { decode } from "./webDecode.ts"

export type { Received, Refused } from "../../provider/core/web.ts"
export { acknowledgement } from "./dialect.ts"

/**
 * The options of {@link receive}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Omit<All, "timeZone">

const verify = ({ verification }: Options): Web.Verify => async (_, read, isJson, __, ___, query) => {
  if (verification.scheme === "Token") {
    const isToken = equals(secretsOf("token", verification.token))
    const [given, ...others] = new URLSearchParams(query).getAll(verification.parameter ?? "token")
    Web.check(given, 403, "MissingSignature")
    // A proxy that looks at another one would have let it pass.
    Web.authenticate(!others[0] && isToken(given))
  }
  return [Web.parse(await read(), isJson)]
}

/**
 * Checks a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = (request: Request, options: Options): Promise<Received | Refused> =>
  Web.receive(request, "voicemeup", options, ["POST"], [Web.json, Web.form], verify(options), decode)
