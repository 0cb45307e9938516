/**
 * SHA-256 of bytes that come in pieces.
 *
 * `effect/crypto` hashes what is in memory as a whole, as the Web Cryptography
 * API does. A media file should never be there as a whole, so the stores that
 * write files hash them with this service.
 * `effect-sms/media/NodeIncrementalHash` provides it on Node.js, Bun and Deno.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * One hash that is being computed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hasher {
  readonly update: (bytes: Uint8Array) => void
  /** The 32 bytes of the hash. To be called once, at the end. */
  readonly digest: () => Uint8Array
}

/**
 * Incremental hashing.
 *
 * @category services
 * @since 0.1.0
 */
export class IncrementalHash extends Context.Service<IncrementalHash, {
  /** Begins a SHA-256. */
  readonly sha256: Effect.Effect<Hasher>
}>()("effect-sms/media/IncrementalHash") {}
