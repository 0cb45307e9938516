/**
 * Verifies Ed25519 signatures (RFC 8032).
 *
 * One service with two layers: {@link layer} uses the crypto of the runtime,
 * and `effect-sms/telnyx/Tweetnacl` is pure JavaScript for runtimes without
 * Ed25519. The pure implementation takes about a hundred times as long.
 *
 * Ed25519 implementations disagree about unusual keys and signatures. Both
 * layers therefore reject them here, before any arithmetic:
 *
 * - `S` must be reduced, as RFC 8032 section 5.1.7 requires. Otherwise anyone
 *   who sees a signature could derive a second valid one.
 * - The key and `R` must be canonically encoded (section 5.1.3) and not of
 *   small order, as the Web Cryptography API requires
 *   (https://www.w3.org/TR/webcrypto-2/#ed25519-operations). With a key of
 *   small order, one signature matches many messages.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as CryptoError from "effect/crypto/CryptoError"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SyncCrypto from "../internal/syncCrypto.ts"
import { isSound, isWellFormed } from "./core/ed25519.ts"

const KeyTypeId = "~effect-sms/telnyx/Ed25519/PublicKey" as const

/**
 * Verifies a well-formed signature of data under one key.
 *
 * @category models
 * @since 0.1.0
 */
export type Check = (signature: Uint8Array, data: Uint8Array) => Effect.Effect<boolean>

/**
 * A public key, prepared by one layer for use with the same layer.
 *
 * @category models
 * @since 0.1.0
 */
export interface PublicKey {
  readonly [KeyTypeId]: Check
}

/**
 * The members of {@link Ed25519}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Whether a dozen verifications are cheap. Only then are refused webhooks diagnosed by trying variants. */
  readonly isFast: boolean
  /** Prepares a key from its 32 bytes. Fails for a key under which no signature can be trusted. */
  readonly publicKey: (bytes: Uint8Array) => Effect.Effect<PublicKey, CryptoError.CryptoError>
  /** Returns whether the signature matches. Returns `false` for a wrong length or form. */
  readonly verify: (key: PublicKey, signature: Uint8Array, data: Uint8Array) => Effect.Effect<boolean>
}

/**
 * The service that verifies Ed25519 signatures.
 *
 * @category services
 * @since 0.1.0
 */
export class Ed25519 extends Context.Service<Ed25519, Service>()("effect-sms/telnyx/Ed25519") {}

const invalidKey = (description: string) =>
  new CryptoError.CryptoError({
    module: "Ed25519",
    method: "publicKey",
    reason: new CryptoError.InvalidKey({ description })
  })

/**
 * Builds the service from the arithmetic of an implementation, which receives
 * only well-formed keys and signatures.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly isFast: boolean
  readonly prepare: (key: Uint8Array) => Effect.Effect<Check, CryptoError.CryptoError>
}): Service =>
  Ed25519.of({
    isFast: options.isFast,
    publicKey: (bytes) => {
      if (bytes.length !== 32) return Effect.fail(invalidKey(`Expected 32 bytes, not ${bytes.length}`))
      if (!isSound(bytes)) return Effect.fail(invalidKey("Expected a canonically encoded point, not of small order"))
      return Effect.map(options.prepare(bytes), (check) => ({ [KeyTypeId]: check }))
    },
    verify: (key, signature, data) => isWellFormed(signature) ? key[KeyTypeId](signature, data) : Effect.succeed(false)
  })

/**
 * Provides Ed25519 with the crypto of the runtime. On Node, provide
 * `NodeCrypto.layerSignature`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Ed25519, never, Signature.Signature> = Layer.effect(
  Ed25519,
  Effect.map(Signature.Signature, (signature) =>
    make({
      isFast: true,
      prepare: Effect.fnUntraced(function*(bytes) {
        const key = yield* Signature.publicKey(Signature.ed25519, bytes)
        // The first use imports the key. An import failure occurs here instead of in a webhook.
        yield* signature.verify(key, new Uint8Array(64), new Uint8Array(0))
        const check = SyncCrypto.ofSignature(signature)?.(bytes)
        if (check !== undefined) return (tag: Uint8Array, data: Uint8Array) => Effect.succeed(check(tag, data))
        return (tag: Uint8Array, data: Uint8Array) => Effect.orDie(signature.verify(key, tag, data))
      })
    }))
)
