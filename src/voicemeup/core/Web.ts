// @effect-diagnostics asyncFunction:off
/**
 * Checks and decodes VoiceMeUp's webhooks with the Fetch API: for Workers, Deno,
 * Bun and Node, without Effect.
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
import type { Received } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { receive as receiveWeb } from "../../provider/core/web.ts"
import { dialect, type Options } from "./dialect.ts"

export { acknowledgement } from "./dialect.ts"
export type { Options, Received, Refused }

/**
 * Checks a webhook and decodes its events. Rejects with a `TypeError` for an
 * empty token, and with a `RangeError` for an unknown time zone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receive = async (request: Request, options: Options): Promise<Received | Refused> =>
  receiveWeb(dialect(options), request, undefined, async () => ({ _tag: "Verified" }))
