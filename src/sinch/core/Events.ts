/**
 * Decodes webhooks that `effect-sms/sinch/webhook` has verified, in full: also
 * binary messages and segments, the times, the reference of a send and the
 * metadata.
 *
 * **Example** (All that a webhook has)
 *
 * ```ts
 * import { decode } from "effect-sms/sinch/decode"
 * import { receive } from "effect-sms/sinch/webhook"
 *
 * export const eventsOf = async (request: Request, env: { readonly SECRET: string }) => {
 *   const result = await receive(request, { verification: { scheme: "HmacSha256", secret: env.SECRET } })
 *   const decoded = result._tag === "Received" ? decode(result.request) : result
 *   return decoded._tag === "Received" ? decoded.events : []
 * }
 * ```
 *
 * @since 0.1.0
 */
import { type Received, receivedFrom } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import type { Options as All } from "./dialect.ts"
import { reading } from "./full.ts"

export type { Received, Refused }

/**
 * The options of {@link decode}, which are those of `receive`.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Pick<All, "name">

/**
 * Decodes a request that was verified, with the events and refusals of
 * `effect-sms/sinch/core`.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (request: WebhookRequest, options: Options = {}): Received | Refused =>
  receivedFrom(reading(options), request, { _tag: "Verified" })
