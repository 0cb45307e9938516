/**
 * VoiceMeUp: a form to send with, and unsigned webhooks, so a secret in the
 * callback URL, as JSON or forms, with an MMS split into parts.
 *
 * @since 0.1.0
 */
import { carrier } from "./Carrier.ts"

export { carrier }
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export * from "./Meta.ts"
export { callbackUrl, signWebhook } from "./Signature.ts"

export const {
  extractMeta: extractVoiceMeUpMeta,
  layer,
  layerConfig,
  layerSender,
  layerSenderConfig,
  layerWebhook,
  layerWebhookConfig,
  make,
  makeSender,
  makeWebhook
} = carrier
