import * as WebhookMeta from "../WebhookMeta.ts"
import { decodePayload } from "./Webhook.ts"

/**
 * What a Telnyx webhook is about, from its payload: the JSON object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractTelnyxMeta: WebhookMeta.Extract = WebhookMeta.extractor(
  "telnyx",
  (payload) => decodePayload("telnyx", payload)
)

/**
 * The inbound message of a Telnyx webhook, for a channel.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseTelnyxWebhook = WebhookMeta.parser(extractTelnyxMeta)
