/**
 * The stores of rate limits and circuits in memory. Effect's compare times of
 * the clock, so after one was set back they would hold messages up for as long
 * as that.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as SteadyClock from "../../internal/steadyClock.ts"

export const layerRateLimiterStore: Layer.Layer<RateLimiter.RateLimiterStore> = Layer.effect(
  RateLimiter.RateLimiterStore,
  Effect.map(RateLimiter.RateLimiterStore, (store) =>
    RateLimiter.RateLimiterStore.of({
      fixedWindow: (options) => SteadyClock.by(store.fixedWindow(options)),
      tokenBucket: (options) => SteadyClock.by(store.tokenBucket(options)),
      adaptiveConsume: (options) => SteadyClock.by(store.adaptiveConsume(options)),
      adaptiveFeedback: (options) => SteadyClock.by(store.adaptiveFeedback(options))
    }))
).pipe(Layer.provide(RateLimiter.layerStoreMemory))

export const layerCircuitBreakerStore: Layer.Layer<CircuitBreaker.CircuitBreakerStore> = Layer.effect(
  CircuitBreaker.CircuitBreakerStore,
  Effect.map(CircuitBreaker.CircuitBreakerStore, (store) =>
    CircuitBreaker.CircuitBreakerStore.of({
      admit: (key) => SteadyClock.by(store.admit(key)),
      record: (options) => SteadyClock.by(store.record(options)),
      state: (key) => SteadyClock.by(store.state(key))
    }))
).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
