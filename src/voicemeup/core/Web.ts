// @effect-diagnostics asyncFunction:off
/**
 * Checks and decodes VoiceMeUp's webhooks with the Fetch API: for Workers, Deno,
 * Bun and Node, without Effect.
 *
 * It is small, for what is loaded with every request: its events have no metadata
 * and no times. Everything else of the payload is in `raw`, and `decode` of
 * `effect-sms/voicemeup/decode` reads a request that was received in full.
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
import { parseBody } from "../../provider/core/body.ts"
import type { WebReceived as Received } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { receive as receiveWeb } from "../../provider/core/web.ts"
import { decodeBasic } from "./basic.ts"
import { boundsOf, type Options as All } from "./dialect.ts"

export { acknowledgement } from "./dialect.ts"
export type { Received, Refused }

/**
 * The options of {@link receive}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Omit<All, "timeZone">

/**
 * Checks a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = async (request: Request, options: Options): Promise<Received | Refused> =>
  receiveWeb(
    boundsOf(options),
    request,
    undefined,
    async (whole) => {
      const parsed = parseBody(whole)
      return parsed._tag === "Refused" ? parsed : { _tag: "Verified", payload: parsed.payload }
    },
    (payload) => decodeBasic(options.name ?? "voicemeup", payload)
  )
