/**
 * When a provider is asked at all: not faster than a sender may send, and not
 * while the carrier is down.
 *
 * Both are combinators of a provider's layer. What they refuse provably did not
 * go out, so that `SmsRouter` may ask another provider. Put the circuit breaker
 * last: then it is outermost, and a message does not wait for its turn at a
 * carrier that is down.
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
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Content from "../Content.ts"
import * as KeyedMutex from "../internal/keyedMutex.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import { count as countSend } from "../provider/internal/send.ts"
import { type Service as Provider, SmsProvider } from "../provider/SmsProvider.ts"
import * as Segments from "../segments/Segments.ts"
import * as SmsError from "../SmsError.ts"

/**
 * How fast each sender of a provider may send.
 *
 * @category models
 * @since 0.1.0
 */
export type RateLimit = {
  /**
   * How many in a window. So many may also go out at once, after a pause; then
   * one by one, as fast as the window says: 30 in a minute are one every two
   * seconds. Above 0; 0.5 in a second is 1 in two seconds.
   */
  readonly limit: number
  /** Longer than nothing. */
  readonly window: Duration.Input
  /**
   * What is counted. `messages` by default: one for each send. `segments` are
   * those of the text as `Segments` counts them, because carriers' rates for
   * SMS are in segments; a message with media is one. A message of more
   * segments than the limit waits for all of the limit, and those after it for
   * the rest.
   */
  readonly count?: "messages" | "segments" | undefined
  /**
   * How long a message waits for its turn. As long as it takes by default; 0
   * for not at all. A message whose turn would come later fails with
   * `RateLimited`, and its `retryAfter`.
   */
  readonly maxWait?: Duration.Input | undefined
}

/**
 * A rate limit that could let nothing through, or everything.
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

interface Bucket {
  /** Names the sender: never to be shown. */
  readonly key: string
  readonly limit: number
  readonly window: Duration.Duration
  readonly tokens: number
}

const checkRateLimit = Effect.fnUntraced(function*(provider: string, { limit, maxWait, window }: RateLimit) {
  const refuse = (field: InvalidRateLimit["field"], expected: string) =>
    new InvalidRateLimit({ provider, field, expected })
  const millis = Duration.toMillis(Duration.fromInputUnsafe(window))
  const longest = Duration.fromInputUnsafe(maxWait ?? Duration.infinity)
  if (!(limit > 0 && Number.isFinite(limit))) return yield* refuse("limit", "a number above 0")
  if (!(millis > 0 && Number.isFinite(millis))) return yield* refuse("window", "a duration above 0")
  if (Duration.isNegative(longest)) return yield* refuse("maxWait", "0 or longer")
  // A bucket that holds less than one message would never have enough for it.
  const scale = Math.max(1, 1 / limit)
  return { limit: limit * scale, window: Duration.millis(millis * scale), maxWait: longest }
})

const weigh = (message: OutboundMessage, count: RateLimit["count"]): number =>
  count === "segments" && message.channelType === "sms" ? Segments.count(Content.text(message.content)).segments : 1

/**
 * The provider, whose senders each send no faster than the limit. Those who
 * wait have their turn in the order in which they came, in this process; one
 * that is interrupted takes nothing from the others. What the provider refuses
 * counts as well, and what it repeats does not.
 *
 * A limiter that fails does not stop messages: they go out, with a warning.
 * Several limits of one provider are kept apart, and all of them hold.
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

  const bucketOf = (message: OutboundMessage): Bucket => ({
    // Two limits with one key would share one bucket.
    key: JSON.stringify([
      "effect-sms",
      provider.name,
      message.from ?? provider.from ?? "",
      count,
      limit,
      Duration.toMillis(window)
    ]),
    limit,
    window,
    tokens: weigh(message, count)
  })

  const letPass = Effect.annotateLogs(
    // The cause may hold the key.
    Effect.logWarning("The rate limiter failed, and a message is sent without its turn"),
    { provider: provider.name }
  )

  const limited = (retryAfter: Duration.Duration) =>
    new SmsError.SmsError({ provider: provider.name, reason: new SmsError.RateLimited({ retryAfter }) })

  /**
   * Takes what the message weighs, or says how long it will take until there is
   * enough. What is over the limit is taken as a debt, and only once the rest is
   * had: a debt that nothing was sent for would slow down everybody for nothing.
   */
  const take = ({ tokens, ...bucket }: Bucket): Effect.Effect<Duration.Duration | undefined> => {
    const consume = (tokens: number, onExceeded: "delay" | "fail") =>
      limiter.consume({ ...bucket, algorithm: "token-bucket", tokens, onExceeded })
    const rest = tokens - bucket.limit
    return consume(Math.min(tokens, bucket.limit), "fail").pipe(
      Effect.andThen(rest > 0 ? consume(rest, "delay") : Effect.void),
      Effect.as(undefined),
      Effect.catch(({ reason }) =>
        reason._tag === "RateLimitExceeded" ? Effect.succeed(reason.retryAfter) : Effect.as(letPass, undefined)
      )
    )
  }

  const untilTaken = Effect.fnUntraced(function*(bucket: Bucket, deadline: number) {
    while (true) {
      const wait = yield* take(bucket)
      if (wait === undefined) return
      const now = yield* Clock.currentTimeMillis
      if (now + Duration.toMillis(wait) > deadline) return yield* limited(wait)
      yield* Effect.sleep(wait)
    }
  })

  const admit = Effect.fnUntraced(function*(message: OutboundMessage) {
    const bucket = bucketOf(message)
    const now = yield* Clock.currentTimeMillis
    const taken = untilTaken(bucket, now + Duration.toMillis(maxWait))
    if (Duration.isZero(maxWait)) return yield* taken
    const inTurn = turns(bucket.key)(taken)
    return yield* Duration.isFinite(maxWait)
      ? Effect.timeoutOrElse(inTurn, {
        duration: maxWait,
        // Behind those who wait already: not before the next of them.
        orElse: () => Effect.fail(limited(Duration.divideUnsafe(window, limit)))
      })
      : inTurn
  })

  return SmsProvider.of({
    ...provider,
    send: (message) =>
      admit(message).pipe(
        Effect.tapError(({ reason }) => countSend(provider.name, reason._tag)),
        Effect.withSpan("SendPolicy.admit", { attributes: { "sms.provider": provider.name } }),
        Effect.andThen(provider.send(message))
      )
  })
})

/**
 * The layer of a provider with a rate limit for each of its senders: see
 * {@link makeRateLimited}.
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

/** What only the carrier itself says, as it judges a message. */
const judgements: ReadonlySet<SmsError.SmsErrorReason["_tag"]> = new Set([
  "InvalidMessage",
  "InvalidRecipient",
  "InvalidSender",
  "OptedOut",
  "ContentRejected",
  "DuplicateMessage",
  "UnregisteredSender",
  "Unreachable",
  "AccountSuspended",
  "NotEnabled"
])

/**
 * What the end of a send says about the health of the provider.
 *
 * - Failure: `ProviderUnavailable` and `OutcomeUnknown`. It could not be
 *   reached, or did not answer as it should
 * - Success: a receipt, and an answer that judges the message, or the account
 * - Ignored: everything else. What was refused without a request says nothing
 *   (no HTTP status is in it). Nor do `RateLimited` and `Authentication`, which
 *   a gateway says for a carrier that may be down behind it; to stop asking
 *   would neither quicken a sender nor mend credentials. `UnexpectedResponse`
 *   may be the page of a proxy
 *
 * @category getters
 * @since 0.1.0
 */
export const healthOf = (exit: Exit.Exit<SendReceipt, SmsError.SmsError>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const reason = exit.cause.reasons.find(Cause.isFailReason)?.error.reason
  switch (reason?._tag) {
    case undefined:
      return CircuitBreaker.ignored
    case "OutcomeUnknown":
      return CircuitBreaker.failure()
    case "ProviderUnavailable":
      return CircuitBreaker.failure({ retryAfter: reason.retryAfter })
    default:
      return reason?.status !== undefined && judgements.has(reason._tag)
        ? CircuitBreaker.success
        : CircuitBreaker.ignored
  }
}

const logTransition = (transition: CircuitBreaker.Transition): Effect.Effect<void> => {
  const annotations = { provider: transition.key, from: transition.from, to: transition.to }
  switch (transition.to) {
    case "Open":
      return Effect.annotateLogs(Effect.logWarning("A provider is unwell, and is not asked for a while"), {
        ...annotations,
        retryAfter: Duration.format(transition.retryAfter)
      })
    case "HalfOpen":
      return Effect.annotateLogs(Effect.logDebug("A provider is tried with one message"), annotations)
    case "Closed":
      return Effect.annotateLogs(Effect.logInfo("A provider is well again"), annotations)
  }
}

/**
 * The provider behind a circuit breaker, whose key is the provider's name.
 * While the circuit is open, or a single message tries whether the provider is
 * well again, messages fail with `ProviderUnavailable`, without a request.
 * What says that the provider is unwell: see {@link healthOf}. A message that
 * tries it and is interrupted leaves the circuit to the next one.
 *
 * Openings are logged until the scope closes. When the breaker's store fails,
 * the `onStoreError` of the breaker decides: messages go out, or fail with
 * `ProviderUnavailable`.
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
  yield* breaker.transitions.pipe(
    Stream.filter((transition) => transition.key === key),
    Stream.runForEach(logTransition),
    Effect.forkScoped({ startImmediately: true })
  )

  const refuse = Effect.fnUntraced(function*({ reason }: CircuitBreaker.CircuitBreakerError) {
    if (reason._tag === "CircuitBreakerStoreError") {
      yield* Effect.annotateLogs(Effect.logWarning("The circuit breaker failed, and a message is refused"), {
        provider: key
      })
    }
    yield* countSend(key, "ProviderUnavailable")
    return yield* new SmsError.SmsError({
      provider: key,
      reason: new SmsError.ProviderUnavailable({
        detail: reason._tag === "CircuitBreakerStoreError" ? "The circuit breaker failed" : "The circuit is open",
        ...compact({ retryAfter: reason._tag === "CircuitOpen" ? reason.retryAfter : undefined })
      })
    })
  })

  return SmsProvider.of({
    ...provider,
    send: (message) =>
      breaker.execute(provider.send(message), { key, classify: healthOf }).pipe(
        Effect.catchTag("CircuitBreakerError", refuse)
      )
  })
})

/**
 * The layer of a provider behind a circuit breaker: see
 * {@link makeCircuitBroken}.
 *
 * @category combinators
 * @since 0.1.0
 */
export const circuitBroken = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | CircuitBreaker.CircuitBreaker> =>
  Layer.effect(SmsProvider, Effect.flatMap(SmsProvider, makeCircuitBroken)).pipe(Layer.provide(provider))
