import type * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { parseBody } from "../provider/Body.ts"
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
): Effect.fn.Return<SmsProvider.Service, CryptoError.CryptoError | Cause.IllegalArgumentError, Digest.Digest> {
  const name = options.name ?? "voicemeup"
  const zone = options.timeZone === undefined ? undefined : yield* DateTime.zoneMakeNamedEffect(options.timeZone)
  return SmsProvider.make({
    name,
    capabilities: {
      mms: true,
      splitMms: true,
      deliveryStatuses: false,
      verification: options.verification.scheme === "Token" ? "token" : "none"
    },
    methods: ["POST"],
    contentTypes: ["application/json", "application/x-www-form-urlencoded"],
    ...(yield* Signature.make(options.verification)),
    parse: parseBody,
    decodePayload: (payload) => decodePayload(name, zone, payload),
    acknowledgement,
    sending
  })
})

/**
 * The VoiceMeUp provider. Fails when a token is empty (`CryptoError`) and when there is no such
 * time zone or environment (`IllegalArgumentError`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<
  SmsProvider.Service,
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest | HttpClient.HttpClient
> =>
  Effect.flatMap(
    Effect.promise(loadSend),
    (send) => Effect.flatMap(send.make(options), (sending) => provider(options, sending))
  )

/**
 * A VoiceMeUp provider that only receives. Fails when a token is empty (`CryptoError`) and when
 * no time zone has the given name (`IllegalArgumentError`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWebhook = (
  options: WebhookOptions
): Effect.Effect<SmsProvider.Service, CryptoError.CryptoError | Cause.IllegalArgumentError, Digest.Digest> =>
  provider(options)

/**
 * Provides {@link SmsProvider.SmsProvider} for VoiceMeUp.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  SmsProvider.SmsProvider,
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest | HttpClient.HttpClient
> => Layer.effect(SmsProvider.SmsProvider, make(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for VoiceMeUp from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest | HttpClient.HttpClient
> => Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), make))

/**
 * Provides {@link SmsProvider.SmsProvider} for VoiceMeUp, for receiving only.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhook = (
  options: WebhookOptions
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError | Cause.IllegalArgumentError, Digest.Digest> =>
  Layer.effect(SmsProvider.SmsProvider, makeWebhook(options))

/**
 * Provides {@link SmsProvider.SmsProvider} for VoiceMeUp, for receiving only, from configuration.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebhookConfig = (
  options: Config.Wrap<WebhookOptions>
): Layer.Layer<
  SmsProvider.SmsProvider,
  Config.ConfigError | CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest
> => Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(unwrap(options), makeWebhook))
