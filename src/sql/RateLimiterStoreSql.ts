/**
 * Rate limits in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type { StorageError } from "../StorageError.ts"
import type { Limits } from "./internal/limits.ts"
import * as Tokens from "./internal/tokenStates.ts"

const failed = (cause: StorageError) =>
  new RateLimiter.RateLimiterError({
    reason: new RateLimiter.RateLimitStoreError({ message: cause.message, cause })
  })

/** Makes the store. The tables must exist. */
export const make = ({ modify }: Limits): RateLimiter.RateLimiterStore["Service"] => {
  const windows = modify("window", Tokens.Counter)
  const buckets = modify("bucket", Tokens.Bucket)
  const adaptive = modify("adaptive", Tokens.Adaptive)
  return RateLimiter.RateLimiterStore.of({
    fixedWindow: (options) => Effect.mapError(windows(options.key, Tokens.takeFromWindow(options)), failed),
    tokenBucket: (options) => Effect.mapError(buckets(options.key, Tokens.takeFromBucket(options)), failed),
    adaptiveConsume: (options) => Effect.mapError(adaptive(options.key, Tokens.consumeAdaptive(options)), failed),
    adaptiveFeedback: (options) => Effect.mapError(adaptive(options.key, Tokens.adapt(options)), failed)
  })
}
