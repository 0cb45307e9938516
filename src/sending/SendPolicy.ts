/**
 * Rate limits and circuit breakers for providers.
 *
 * Both are combinators of a provider's layer. A message that they refuse
 * provably was not sent, so `SmsRouter` may fail over to another provider. Apply
 * the circuit breaker last: it is then outermost, and no message waits for the
 * rate limit of a carrier that is down.
 *
 * **Example** (A carrier that takes one segment a second from each number)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { SendPolicy, Twilio } from "effect-sms"
 * import { CircuitBreaker, RateLimiter } from "effect/persistence"
 *
 * declare const options: Twilio.Options
 *
 * export const Carrier = Twilio.layer(options).pipe(
 *   SendPolicy.rateLimited({ limit: 1, window: "1 second", count: "segments" }),
 *   SendPolicy.circuitBroken,
 *   Layer.provide([
 *     RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory)),
 *     CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(5), openDuration: "30 seconds" }).pipe(
 *       Layer.provide(CircuitBreaker.layerStoreMemory())
 *     )
 *   ])
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Content from "../Content.ts"
import * as KeyedMutex from "../internal/keyedMutex.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage } from "../Message.ts"
import { count as countSend } from "../provider/internal/send.ts"
import type { SendSettings } from "../provider/Sending.ts"
import { type Service as Provider, SmsProvider } from "../provider/SmsProvider.ts"
import * as Segments from "../segments/Segments.ts"
import * as SmsError from "../SmsError.ts"
import * as CircuitState from "./internal/circuitState.ts"
import { healthOf } from "./internal/health.ts"
import * as SlidingWindow from "./internal/slidingWindow.ts"

/**
 * The rate limit of each sender of a provider.
 *
 * @category models
 * @since 0.1.0
 */
export type RateLimit = {
  /**
   * The number of messages or segments per window, above 0. Never more are sent
   * within any period of that length, wherever it begins: with 3 per second,
   * three may be sent at once, and the fourth one second after the first. A
   * number below 1 means one in a longer window: 0.5 per second is one every two
   * seconds. Any other fraction is rounded down.
   */
  readonly limit: number
  /** The window of the limit, longer than zero. It slides: see `limit`. */
  readonly window: Duration.Input
  /**
   * The unit of the limit. `messages` by default: one per recipient. `segments`
   * are the segments of the text as counted by `Segments`, because carriers limit
   * SMS in segments; a message with media, or one to a group, counts as one per
   * recipient. A message with more segments
   * than the limit waits for the full limit, and later messages wait for the
   * rest.
   */
  readonly count?: "messages" | "segments" | undefined
  /**
   * How long a message may wait. Unlimited by default; 0 means not at all. A
   * message that would wait longer fails with `RateLimited` and its `retryAfter`.
   */
  readonly maxWait?: Duration.Input | undefined
  /**
   * What to do when the limiter's store fails. `allow` by default: messages are
   * sent without a limit, and a warning is logged. With `fail`, they fail with
   * `ProviderUnavailable`, so that the limit is never exceeded.
   */
  readonly onStoreError?: "allow" | "fail" | undefined
}

/**
 * A rate limit that would block everything or limit nothing.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRateLimit extends Schema.TaggedError<InvalidRateLimit>()("InvalidRateLimit", {
  provider: Schema.String,
  field: Schema.Literals(["limit", "window", "maxWait"]),
  expected: Schema.NonEmptyString
}) {
  override get message(): string {
    return `${this.provider}: ${this.field}: expected ${this.expected}`
  }
}

const checkRateLimit = Effect.fnUntraced(function*(provider: string, { limit, maxWait, window }: RateLimit) {
  const refuse = (field: InvalidRateLimit["field"], expected: string) =>
    new InvalidRateLimit({ provider, field, expected })
  const millis = Duration.toMillis(Duration.fromInputUnsafe(window))
  const longest = Duration.fromInputUnsafe(maxWait ?? Duration.infinity)
  if (!(limit > 0 && Number.isFinite(limit))) return yield* refuse("limit", "a number above 0")
  if (!(millis > 0 && Number.isFinite(millis))) return yield* refuse("window", "a duration above 0")
  if (Duration.isNegative(longest)) return yield* refuse("maxWait", "0 or longer")
  // A limit smaller than one message would never admit it.
  const scale = Math.max(1, 1 / limit)
  return { limit: Math.max(1, Math.floor(limit)), window: Duration.millis(millis * scale), maxWait: longest }
})

const weigh = (message: OutboundMessage, count: RateLimit["count"]): number =>
  count === "segments" && message.channelType === "sms"
    ? Segments.count(Content.text(message.content)).segments
    : message.recipients.length

/**
 * Limits the send rate of each sender of a provider, in a sliding window: no
 * period as long as the window has more than the limit. Waiting messages are
 * sent in order of arrival within this process, those of the priority `bulk`
 * after the others; an interrupted one does not delay the others. Servers that
 * share the limiter's store share the limit. Messages that the provider refuses
 * count against the limit, the provider's own retries do not.
 *
 * Several limits on one provider are independent, and all apply.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRateLimited = Effect.fnUntraced(function*(
  provider: Provider,
  options: RateLimit
): Effect.fn.Return<Provider, InvalidRateLimit, RateLimiter.RateLimiter> {
  const { limit, maxWait, window } = yield* checkRateLimit(provider.name, options)
  const limiter = yield* RateLimiter.RateLimiter
  if (provider.capabilities.send === undefined) return provider
  const turns = KeyedMutex.make()
  const count = options.count ?? "messages"

  /** Contains the sender: never log it. Includes the limit: two limits with equal keys would share their tokens. */
  const keyOf = (message: OutboundMessage): string =>
    JSON.stringify([
      "effect-sms",
      provider.name,
      message.from ?? provider.from ?? "",
      count,
      limit,
      Duration.toMillis(window)
    ])

  // Logged without the cause, which may contain the key.
  const warn = (line: string) => Effect.annotateLogs(Effect.logWarning(line), { provider: provider.name })

  const withoutLimiter = options.onStoreError === "fail"
    ? Effect.andThen(
      warn("Rate limiter failed; message refused"),
      new SmsError.SmsError({
        provider: provider.name,
        reason: new SmsError.ProviderUnavailable({ detail: "The rate limiter failed" })
      })
    )
    : Effect.as(warn("Rate limiter failed; sending without a rate limit"), undefined)

  const limited = (retryAfter: Duration.Duration) =>
    new SmsError.SmsError({ provider: provider.name, reason: new SmsError.RateLimited({ retryAfter }) })

  const consume = SlidingWindow.make({ limiter, limit, window })

  const take = (key: string, tokens: number) => Effect.catch(consume(key, tokens), () => withoutLimiter)

  const untilTaken = Effect.fnUntraced(function*(key: string, tokens: number, deadline: number) {
    while (true) {
      const wait = yield* take(key, tokens)
      if (wait === undefined) return
      const now = yield* Clock.currentTimeMillis
      if (now + Duration.toMillis(wait) > deadline) return yield* limited(wait)
      yield* Effect.sleep(wait)
    }
  })

  const admit = Effect.fnUntraced(function*(message: OutboundMessage, settings: SendSettings) {
    const key = keyOf(message)
    const now = yield* Clock.currentTimeMillis
    const longest = Duration.min(maxWait, Duration.fromInputUnsafe(settings.maxWait ?? Duration.infinity))
    const taken = untilTaken(key, weigh(message, count), now + Duration.toMillis(longest))
    if (Duration.isZero(longest)) return yield* taken
    const inTurn = turns(key)(taken)
    // Only one bulk message at a time is in the line of the others.
    const inLine = settings.priority === "bulk" ? turns(`bulk ${key}`)(inTurn) : inTurn
    return yield* Duration.isFinite(longest)
      ? Effect.timeoutOrElse(inLine, {
        duration: longest,
        // The message is queued behind others, so its wait is at least one interval.
        orElse: () => Effect.fail(limited(Duration.divideUnsafe(window, limit)))
      })
      : inLine
  })

  const { sendRest } = provider

  const admitted = <A, E>(message: OutboundMessage, settings: SendSettings = {}, send: Effect.Effect<A, E>) =>
    admit(message, settings).pipe(
      Effect.tapError(({ reason }) => countSend(provider.name, reason._tag)),
      Effect.withSpan("SendPolicy.admit", { attributes: { "sms.provider": provider.name } }),
      Effect.andThen(send)
    )

  return SmsProvider.of({
    ...provider,
    send: (message, settings) => admitted(message, settings, provider.send(message, settings)),
    ...(sendRest !== undefined && {
      sendRest: (message, from, settings) => admitted(message, settings, sendRest(message, from, settings))
    })
  })
})

/**
 * Wraps the layer of a provider with a rate limit per sender: see {@link
 * makeRateLimited}.
 *
 * @category combinators
 * @since 0.1.0
 */
export const rateLimited = (options: RateLimit) =>
<E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E | InvalidRateLimit, R | RateLimiter.RateLimiter> =>
  Layer.effect(SmsProvider, Effect.flatMap(SmsProvider, (provider) => makeRateLimited(provider, options))).pipe(
    Layer.provide(provider)
  )

const logTransition = (transition: CircuitBreaker.Transition): Effect.Effect<void> => {
  const annotations = { provider: transition.key, from: transition.from, to: transition.to }
  switch (transition.to) {
    case "Open":
      return Effect.annotateLogs(Effect.logWarning("Circuit opened for provider"), {
        ...annotations,
        retryAfter: Duration.format(transition.retryAfter)
      })
    case "HalfOpen":
      return Effect.annotateLogs(
        Effect.logDebug("Circuit half-open for provider: probing with one message"),
        annotations
      )
    case "Closed":
      return Effect.annotateLogs(Effect.logInfo("Circuit closed for provider"), annotations)
  }
}

/**
 * Protects a provider with a circuit breaker, keyed by the provider's name.
 * While the circuit is open, or half-open with another message as the probe,
 * messages fail with `ProviderUnavailable` without a request. If the probe is
 * interrupted, the next message becomes the probe.
 *
 * `ProviderUnavailable` and `OutcomeUnknown` count as failures. A receipt, or a
 * response that evaluates the message or the account, counts as a success. All
 * other results, such as `RateLimited` and `Authentication`, are ignored.
 *
 * Circuit transitions are logged until the scope closes. When the breaker's
 * store fails, its `onStoreError` decides whether messages are sent or fail
 * with `ProviderUnavailable`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeCircuitBroken = Effect.fnUntraced(function*(
  provider: Provider
): Effect.fn.Return<Provider, never, CircuitBreaker.CircuitBreaker | Scope.Scope> {
  const breaker = yield* CircuitBreaker.CircuitBreaker
  const key = provider.name
  if (provider.capabilities.send === undefined) return provider
  yield* CircuitState.set(key, "Closed")
  yield* breaker.transitions.pipe(
    Stream.filter((transition) => transition.key === key),
    Stream.runForEach((transition) => Effect.andThen(CircuitState.set(key, transition.to), logTransition(transition))),
    Effect.forkScoped({ startImmediately: true })
  )

  const refuse = Effect.fnUntraced(function*({ reason }: CircuitBreaker.CircuitBreakerError) {
    if (reason._tag === "CircuitBreakerStoreError") {
      yield* Effect.annotateLogs(Effect.logWarning("Circuit breaker store failed; message refused"), {
        provider: key
      })
    }
    yield* countSend(key, "ProviderUnavailable")
    return yield* new SmsError.SmsError({
      provider: key,
      reason: new SmsError.ProviderUnavailable({
        detail: reason._tag === "CircuitBreakerStoreError" ? "The circuit breaker store failed" : "The circuit is open",
        ...compact({ retryAfter: reason._tag === "CircuitOpen" ? reason.retryAfter : undefined })
      })
    })
  })

  const { sendRest } = provider

  const guarded = (send: ReturnType<Provider["send"]>) =>
    breaker.execute(send, { key, classify: healthOf }).pipe(Effect.catchTag("CircuitBreakerError", refuse))

  return SmsProvider.of({
    ...provider,
    send: (message, settings) => guarded(provider.send(message, settings)),
    ...(sendRest !== undefined && {
      sendRest: (message, from, settings) => guarded(sendRest(message, from, settings))
    })
  })
})

/**
 * Wraps the layer of a provider with a circuit breaker: see {@link
 * makeCircuitBroken}.
 *
 * @category combinators
 * @since 0.1.0
 */
export const circuitBroken = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | CircuitBreaker.CircuitBreaker> =>
  Layer.effect(SmsProvider, Effect.flatMap(SmsProvider, makeCircuitBroken)).pipe(Layer.provide(provider))
