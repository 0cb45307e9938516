import * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { parseJson } from "../internal/payload.ts"
import * as SmsProvider from "../SmsProvider.ts"
import type { WebhookOptions } from "./Config.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload } from "./Webhook.ts"

/**
 * A Sinch provider that only receives.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWebhook = Effect.fnUntraced(function*(
  options: WebhookOptions
): Effect.fn.Return<SmsProvider.Service, CryptoError.CryptoError, Mac.Mac> {
  const name = options.name ?? "sinch"
  return SmsProvider.make({
    name,
    capabilities: {
      mms: true,
      splitMms: false,
      deliveryStatuses: true,
      verification: options.verification.scheme === "None" ? "none" : "signature"
    },
    methods: ["POST"],
    contentTypes: ["application/json"],
    ...(yield* Signature.make(options.verification)),
    parse: (request) => parseJson(request.body),
    decodePayload: (payload) => decodePayload(name, payload),
    acknowledgement
  })
})

/**
 * Provides {@link SmsProvider.SmsProvider} for Sinch, for receiving only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhook = (
  options: WebhookOptions
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Mac.Mac> =>
  Layer.effect(SmsProvider.SmsProvider, makeWebhook(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for Sinch, for receiving only, from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhookConfig = (
  options: Config.Wrap<WebhookOptions>
): Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | CryptoError.CryptoError, Mac.Mac> =>
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(Config.unwrap(options), makeWebhook))
