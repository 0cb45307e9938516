/**
 * Incremental SHA-256.
 *
 * `effect/crypto`, like the Web Cryptography API, hashes only data that is
 * entirely in memory. A media file should never be, so the stores that write
 * files use this service. `effect-sms/media/NodeIncrementalHash` provides it on
 * Node.js, Bun and Deno.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * A hash in progress.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hasher {
  readonly update: (bytes: Uint8Array) => void
  /** Returns the 32 bytes of the hash. Call it once, at the end. */
  readonly digest: () => Uint8Array
}

/**
 * The incremental hashing service.
 *
 * @category services
 * @since 0.1.0
 */
export class IncrementalHash extends Context.Service<IncrementalHash, {
  /** Starts a SHA-256. */
  readonly sha256: Effect.Effect<Hasher>
}>()("effect-sms/media/IncrementalHash") {}
