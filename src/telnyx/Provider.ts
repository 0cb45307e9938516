import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as CryptoSignature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { unwrap } from "../provider/internal/config.ts"
import type * as Sending from "../provider/Sending.ts"
import * as SmsProvider from "../provider/SmsProvider.ts"
import type { Options, WebhookOptions } from "./Config.ts"
import * as Ed25519 from "./Ed25519.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload, parse } from "./Webhook.ts"

// A program that only receives does not load the HTTP client.
const loadSend = () => import("./Send.ts")

const provider = Effect.fnUntraced(function*(
  options: WebhookOptions,
  sending?: Sending.Sending
): Effect.fn.Return<SmsProvider.Service, CryptoError.CryptoError, Ed25519.Ed25519> {
  const name = options.name ?? "telnyx"
  return SmsProvider.make({
    name,
    capabilities: { mms: true, splitMms: false, deliveryStatuses: true, verification: "signature" },
    methods: ["POST"],
    contentTypes: ["application/json"],
    ...(yield* Signature.make(options)),
    parse,
    decodePayload: (payload) => decodePayload(name, payload),
    acknowledgement,
    sending
  })
})

/**
 * The Telnyx provider. Fails when a public key is not one, and when the API key
 * is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Ed25519.Ed25519 | HttpClient.HttpClient> =>
  Effect.flatMap(
    Effect.promise(loadSend),
    (send) => Effect.flatMap(send.make(options), (sending) => provider(options, sending))
  )

/**
 * A Telnyx provider that only receives. Fails when a public key is not one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWebhook = (
  options: WebhookOptions
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Ed25519.Ed25519> => provider(options)

/**
 * Provides {@link SmsProvider.SmsProvider} for Telnyx, on the runtime's own
 * Ed25519.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  SmsProvider.SmsProvider,
  CryptoError.CryptoError,
  CryptoSignature.Signature | HttpClient.HttpClient
> => Layer.provide(layerNoDeps(options), Ed25519.layer)

/**
 * As {@link layer}, on whichever {@link Ed25519.Ed25519} is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNoDeps = (
  options: Options
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Ed25519.Ed25519 | HttpClient.HttpClient> =>
  Layer.effect(SmsProvider.SmsProvider, make(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for Telnyx from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError,
  CryptoSignature.Signature | HttpClient.HttpClient
> =>
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), make)).pipe(
    Layer.provide(Ed25519.layer)
  )

/**
 * Provides {@link SmsProvider.SmsProvider} for Telnyx, for receiving only, on the runtime's own
 * Ed25519.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhook = (
  options: WebhookOptions
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, CryptoSignature.Signature> =>
  Layer.provide(layerWebhookNoDeps(options), Ed25519.layer)

/**
 * As {@link layerWebhook}, on whichever {@link Ed25519.Ed25519} is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhookNoDeps = (
  options: WebhookOptions
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Ed25519.Ed25519> =>
  Layer.effect(SmsProvider.SmsProvider, makeWebhook(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for Telnyx, for receiving only, from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhookConfig = (
  options: Config.Wrap<WebhookOptions>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError,
  CryptoSignature.Signature
> =>
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), makeWebhook)).pipe(
    Layer.provide(Ed25519.layer)
  )
