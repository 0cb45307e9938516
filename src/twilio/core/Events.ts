/**
 * Decodes webhooks that `effect-sms/twilio/webhook` has verified, in full.
 *
 * Twilio's signature does not prove where a field ends and the next one begins,
 * so a request that somebody has seen can be cut anew. `decode` refuses another
 * cut, or reads it as Twilio meant it. It also decodes what only WhatsApp and
 * RCS have, and the metadata.
 *
 * **Example** (All that a webhook has)
 *
 * ```ts
 * import { decode } from "effect-sms/twilio/decode"
 * import { receive } from "effect-sms/twilio/webhook"
 *
 * export const eventsOf = async (request: Request, env: { readonly SECRET: string }) => {
 *   const result = await receive(request, { authToken: env.SECRET })
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
import { conclude, prepare } from "./verify.ts"

export type { Received, Refused }

/**
 * The options of {@link decode}, which are those of `receive`.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Pick<All, "name" | "webhookAccounts">

/**
 * Decodes a request that was verified, with the events and refusals of
 * `effect-sms/twilio/core`.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (request: WebhookRequest, options: Options = {}): Received | Refused => {
  const claim = prepare(request)
  if (claim._tag === "Refused") return claim
  const verified = conclude(claim, request, options.webhookAccounts)
  return verified._tag === "Refused"
    ? verified
    : receivedFrom(reading(options), request, verified)
}
