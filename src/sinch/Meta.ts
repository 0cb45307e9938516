import * as WebhookMeta from "../WebhookMeta.ts"
import { decodePayload } from "./Webhook.ts"

/**
 * What a Sinch webhook is about, from its payload: the JSON object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractSinchMeta: WebhookMeta.Extract = WebhookMeta.extractor(
  "sinch",
  (payload) => decodePayload("sinch", payload)
)

/**
 * The inbound message of a Sinch webhook, for a channel.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseSinchWebhook = WebhookMeta.parser(extractSinchMeta)
