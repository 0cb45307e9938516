import * as WebhookMeta from "../WebhookMeta.ts"
import { decodePayload } from "./Webhook.ts"

/**
 * What a Twilio webhook is about, from its payload: the form fields as a record, repeated ones as arrays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractTwilioMeta: WebhookMeta.Extract = WebhookMeta.extractor(
  "twilio",
  (payload) => decodePayload("twilio", payload)
)

/**
 * The inbound message of a Twilio webhook, for a channel.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseTwilioWebhook = WebhookMeta.parser(extractTwilioMeta)
