/**
 * Twilio Programmable Messaging: the Message resource to send with, and
 * webhooks signed with HMAC-SHA1, as forms.
 *
 * @since 0.1.0
 */
import { carrier } from "./Carrier.ts"

export { carrier }
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export { sign, signWebhook } from "./Signature.ts"

export const {
  extractMeta: extractTwilioMeta,
  layer,
  layerConfig,
  layerSender,
  layerSenderConfig,
  layerWebhook,
  layerWebhookConfig,
  make,
  makeSender,
  makeWebhook,
  parseWebhook: parseTwilioWebhook
} = carrier
