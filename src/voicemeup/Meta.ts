import * as WebhookMeta from "../WebhookMeta.ts"
import { decodePayload } from "./Webhook.ts"

/**
 * What a VoiceMeUp webhook is about, from its payload: the JSON object or form.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractVoiceMeUpMeta: WebhookMeta.Extract = WebhookMeta.extractor(
  "voicemeup",
  (payload) => decodePayload("voicemeup", undefined, payload)
)

/**
 * The inbound message of a VoiceMeUp webhook, for a channel. A wrapper
 * without text brings no message; one with text brings its text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseVoiceMeUpWebhook = WebhookMeta.parser(extractVoiceMeUpMeta)
