/**
 * Incremental SHA-256 with `node:crypto`, for Node.js and runtimes that
 * implement this module.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { IncrementalHash } from "./IncrementalHash.ts"

/**
 * Provides {@link IncrementalHash} with `node:crypto`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<IncrementalHash> = Layer.succeed(
  IncrementalHash,
  IncrementalHash.of({
    sha256: Effect.sync(() => {
      const hash = createHash("sha256")
      return {
        update: (bytes) => void hash.update(bytes),
        digest: () => Uint8Array.from(hash.digest())
      }
    })
  })
)
