import * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as CryptoSignature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SmsProvider from "../SmsProvider.ts"
import type { Options } from "./Config.ts"
import * as Ed25519 from "./Ed25519.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload, parse } from "./Webhook.ts"

/**
 * The Telnyx provider. Fails when a public key is not one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
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
    acknowledgement
  })
})

/**
 * Provides {@link SmsProvider.SmsProvider} for Telnyx, on the runtime's own
 * Ed25519.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, CryptoSignature.Signature> =>
  Layer.provide(layerNoDeps(options), Ed25519.layer)

/**
 * As {@link layer}, on whichever {@link Ed25519.Ed25519} is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNoDeps = (
  options: Options
): Layer.Layer<SmsProvider.SmsProvider, CryptoError.CryptoError, Ed25519.Ed25519> =>
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
  CryptoSignature.Signature
> =>
  Layer.effect(SmsProvider.SmsProvider, Effect.flatMap(Config.unwrap(options), make)).pipe(
    Layer.provide(Ed25519.layer)
  )
