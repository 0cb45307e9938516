/**
 * Ed25519 in pure JavaScript, for runtimes without it.
 *
 * **Gotchas**
 *
 * One verification takes about ten milliseconds, a hundred times as long as
 * with the runtime's own crypto: a hundred forged webhooks a second keep a core
 * busy. Put a rate limit in front of the endpoint where this layer is used. A
 * refused webhook is not explained here, because that takes a dozen more.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import nacl from "tweetnacl"
import * as Ed25519 from "./Ed25519.ts"

/**
 * Provides {@link Ed25519.Ed25519} over `tweetnacl`.
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
      // It throws on wrong lengths only, which never come this far.
      return Effect.succeed((signature, data) => Effect.sync(() => nacl.sign.detached.verify(data, signature, key)))
    }
  })
)
