/**
 * Telnyx messaging: the messages API to send with, and webhooks signed with
 * Ed25519, as JSON.
 *
 * @since 0.1.0
 */
import { carrier } from "./Carrier.ts"

export { carrier }
export * from "./Config.ts"
export * as Ed25519 from "./Ed25519.ts"
export { refusalOf } from "./Errors.ts"
export { generateKeyPair, sign, signWebhook } from "./Signature.ts"

export const {
  extractMeta: extractTelnyxMeta,
  layer,
  layerConfig,
  layerNoDeps,
  layerSender,
  layerSenderConfig,
  layerWebhook,
  layerWebhookConfig,
  layerWebhookNoDeps,
  make,
  makeSender,
  makeWebhook,
  parseWebhook: parseTelnyxWebhook
} = carrier
