/**
 * Reads rate limits and circuit breakers for the carriers from environment
 * variables. Servers that share a database share their state.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { invalid, type InvalidVariable, text } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import * as SendPolicy from "../sending/SendPolicy.ts"

/**
 * The stores of rate limits and circuits.
 *
 * @category models
 * @since 0.1.0
 */
export type Stores = RateLimiter.RateLimiterStore | CircuitBreaker.CircuitBreakerStore

/**
 * Applies the configured limits to the layer of a carrier.
 *
 * @category models
 * @since 0.1.0
 */
export type SendPolicyConfig = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
) => Layer.Layer<SmsProvider, E | SendPolicy.InvalidRateLimit, R | Stores>

/** How long a message waits for its turn, with its caller, before it is refused. */
const maxWait = Duration.seconds(10)

const units = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const

const rateLimit = Effect.gen(function*() {
  const name = "SEND_RATE_LIMIT"
  const value = yield* text(name)
  if (value === undefined) return undefined
  const [, limit = "", unit = "", segments] =
    /^(\d{1,6}(?:\.\d{1,3})?)\/(second|minute|hour|day)( segments)?$/.exec(value) ?? []
  if (!(Number(limit) > 0)) {
    return yield* invalid(
      name,
      "must be a number of messages per time, as in 1/second, 100/minute or 1/second segments"
    )
  }
  return {
    limit: Number(limit),
    window: Duration.seconds(units[unit as keyof typeof units]),
    count: segments === undefined ? "messages" : "segments",
    maxWait,
    onStoreError: "fail"
  } as const
})

const failures = Effect.gen(function*() {
  const name = "SEND_CIRCUIT_FAILURES"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^[1-9]\d{0,3}$/.test(value)
    ? Number(value)
    : yield* invalid(name, "must be a number of failures in a row, 1 to 9999")
})

/** How long the circuit of a carrier stays open. */
const openDuration = Duration.seconds(30)

const unchanged: SendPolicyConfig = (provider) => provider

const rateLimited = (limit: SendPolicy.RateLimit): SendPolicyConfig => (provider) =>
  Layer.provide(SendPolicy.rateLimited(limit)(provider), RateLimiter.layer)

const circuitBroken = (failures: number): SendPolicyConfig => {
  const breaker = CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(failures), openDuration })
  return (provider) => Layer.provide(SendPolicy.circuitBroken(provider), breaker)
}

/**
 * Reads the configuration. Without its variable, there is no rate limit and no
 * circuit breaker.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<SendPolicyConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const [limit, count] = [yield* rateLimit, yield* failures]
  const limited = limit === undefined ? unchanged : rateLimited(limit)
  const broken = count === undefined ? unchanged : circuitBroken(count)
  const both: SendPolicyConfig = (provider) => broken(limited(provider))
  return both
})
