/**
 * Telnyx messaging: the messages API to send with, and webhooks signed with
 * Ed25519, as JSON.
 *
 * **Example** (Receiving and sending)
 *
 * ```ts
 * import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
 * import { Config, Layer } from "effect"
 * import { Telnyx } from "effect-sms"
 *
 * export const Provider = Telnyx.layerConfig({
 *   apiKey: Config.Redacted("TELNYX_API_KEY"),
 *   publicKey: Config.String("TELNYX_PUBLIC_KEY")
 * }).pipe(Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici]))
 * ```
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
