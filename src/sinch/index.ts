/**
 * Sinch SMS REST API: batches to send with, and webhooks as JSON, signed where
 * the account manager has switched it on.
 *
 * @since 0.1.0
 */
import { carrier } from "./Carrier.ts"

export { carrier }
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export { signHmacSha1, signHmacSha256, signWebhook } from "./Signature.ts"

export const {
  extractMeta: extractSinchMeta,
  layer,
  layerConfig,
  layerSender,
  layerSenderConfig,
  layerWebhook,
  layerWebhookConfig,
  make,
  makeSender,
  makeWebhook,
  parseWebhook: parseSinchWebhook
} = carrier
