/**
 * Ed25519 in pure JavaScript, for runtimes without it.
 *
 * **Gotchas**
 *
 * A verification takes about ten milliseconds, a hundred times as long as with
 * the runtime's own crypto: a hundred forged webhooks per second saturate a
 * core. Put a rate limit in front of an endpoint that uses this layer. Refused
 * webhooks are not diagnosed, because that would take a dozen verifications.
 *
 * **Example** (A runtime without Ed25519)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Telnyx } from "effect-sms"
 * import * as Tweetnacl from "effect-sms/telnyx/Tweetnacl"
 *
 * export const Provider = Telnyx.layerWebhookNoDeps({ publicKey: "…" }).pipe(Layer.provide(Tweetnacl.layer))
 *
 * declare const options: Telnyx.Options
 *
 * // One that also sends.
 * export const Sender = Telnyx.layerNoDeps(options).pipe(Layer.provide(Tweetnacl.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import nacl from "tweetnacl"
import * as Ed25519 from "./Ed25519.ts"

/**
 * Provides {@link Ed25519.Ed25519} with `tweetnacl`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Ed25519.Ed25519> = Layer.succeed(
  Ed25519.Ed25519,
  Ed25519.make({
    isFast: false,
    prepare: (bytes) => {
      const key = Uint8Array.from(bytes)
      // `tweetnacl` throws only for wrong lengths, which are rejected earlier.
      return Effect.succeed((signature, data) => Effect.sync(() => nacl.sign.detached.verify(data, signature, key)))
    }
  })
)
