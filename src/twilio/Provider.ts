import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { unwrap } from "../provider/internal/config.ts"
import type * as Sending from "../provider/Sending.ts"
import * as SmsProvider from "../provider/SmsProvider.ts"
import type { Options, WebhookOptions } from "./Config.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload, parse } from "./Webhook.ts"

// A program that only receives does not load the HTTP client.
const loadSend = () => import("./Send.ts")

const provider = Effect.fnUntraced(function*(options: WebhookOptions, sending?: Sending.Sending) {
  const name = options.name ?? "twilio"
  return SmsProvider.make({
    name,
    capabilities: { mms: true, splitMms: false, deliveryStatuses: true, verification: "signature" },
    methods: ["POST", "GET"],
    contentTypes: ["application/x-www-form-urlencoded", "application/json"],
    ...(yield* Signature.make(options.authToken)),
    parse,
    decodePayload: (payload) => decodePayload(name, payload),
    acknowledgement,
    sending
  })
})

/**
 * The Twilio provider. Fails when a secret is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Mac.Mac | Digest.Digest | HttpClient.HttpClient> =>
  Effect.flatMap(
    Effect.promise(loadSend),
    (send) => Effect.flatMap(send.make(options), (sending) => provider(options, sending))
  )

/**
 * A Twilio provider that only receives. Fails when a secret is empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWebhook = (
  options: WebhookOptions
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError, Mac.Mac | Digest.Digest> => provider(options)

/**
 * Provides {@link SmsProvider.SmsProvider} for Twilio.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  SmsProvider.SmsProvider,
  CryptoError.CryptoError,
  Mac.Mac | Digest.Digest | HttpClient.HttpClient
> => Layer.effect(SmsProvider.SmsProvider, make(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for Twilio from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError,
  Mac.Mac | Digest.Digest | HttpClient.HttpClient
> => Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), make))

/**
 * Provides {@link SmsProvider.SmsProvider} for Twilio, for receiving only: it
 * needs no HTTP client.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhook = (
  options: WebhookOptions
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Mac.Mac | Digest.Digest> =>
  Layer.effect(SmsProvider.SmsProvider, makeWebhook(options))

/**
 * As {@link layerWebhook}, from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhookConfig = (
  options: Config.Wrap<WebhookOptions>
): Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | CryptoError.CryptoError, Mac.Mac | Digest.Digest> =>
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), makeWebhook))
