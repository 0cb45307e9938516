import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { parseJson } from "../provider/Body.ts"
import { unwrap } from "../provider/internal/config.ts"
import type * as Sending from "../provider/Sending.ts"
import * as SmsProvider from "../provider/SmsProvider.ts"
import type { Options, WebhookOptions } from "./Config.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload } from "./Webhook.ts"

// A program that only receives does not load the HTTP client.
const loadSend = () => import("./Send.ts")

const provider = Effect.fnUntraced(function*(
  options: WebhookOptions,
  sending?: Sending.Sending
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
    acknowledgement,
    sending
  })
})

/**
 * The Sinch provider. Fails when a secret or the API token is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Mac.Mac | HttpClient.HttpClient> =>
  Effect.flatMap(
    Effect.promise(loadSend),
    (send) => Effect.flatMap(send.make(options), (sending) => provider(options, sending))
  )

/**
 * A Sinch provider that only receives. Fails when a secret is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWebhook = (
  options: WebhookOptions
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Mac.Mac> => provider(options)

/**
 * Provides {@link SmsProvider.SmsProvider} for Sinch.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Mac.Mac | HttpClient.HttpClient> =>
  Layer.effect(SmsProvider.SmsProvider, make(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for Sinch from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError,
  Mac.Mac | HttpClient.HttpClient
> => Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), make))

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
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), makeWebhook))
