import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Ref } from "effect"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import * as SmsProvider from "../../src/provider/SmsProvider.ts"
import { healthOf } from "../../src/sending/internal/health.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import * as SmsError from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"

const to = Address.make("+15145550142")
const ours = Address.make("+15145550100")
const message = new OutboundMessage({ to, from: ours, content: new TextContent({ text: "hi" }) })

const breaker = (options: { readonly onStoreError?: "allow" | "fail" } = {}) =>
  CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "30 seconds", ...options })

const Breaker = breaker().pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
const Limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

const down = Effect.fail(new SmsError.ProviderUnavailable({}))
const timeout = Effect.fail(new SmsError.OutcomeUnknown({ because: "Timeout" }))

type Answer = Effect.Effect<void, SmsError.SmsErrorReason>

/** A carrier whose next answers can be set. */
const carrier = Effect.fnUntraced(function*(first: Answer) {
  const answer = yield* Ref.make(first)
  const asked = yield* Ref.make(0)
  const mock = yield* MockSmsProvider.make({
    respond: () => Effect.andThen(Ref.update(asked, (count) => count + 1), Effect.flatten(Ref.get(answer)))
  })
  return { mock, asked: Ref.get(asked), answers: (next: Answer) => Ref.set(answer, next) }
})

const broken = Effect.fnUntraced(function*(first: Answer) {
  const { mock, ...rest } = yield* carrier(first)
  return { provider: yield* SendPolicy.makeCircuitBroken(mock), ...rest }
})

const reasonOf = ({ reason }: SmsError.SmsError) => reason

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("a circuit", () => {
  it.effect.each([{ name: "is not reached", answer: down }, { name: "does not answer", answer: timeout }])(
    "opens when the provider $name, and closes when it is well again",
    ({ answer }) =>
      Effect.gen(function*() {
        const { answers, asked, provider } = yield* broken(answer)
        yield* Effect.flip(provider.send(message))
        yield* Effect.flip(provider.send(message))
        yield* TestClock.adjust("10 seconds")

        const refused = yield* Effect.flip(provider.send(message))
        assert.strictEqual(yield* asked, 2)
        assert.strictEqual(refused.reason._tag, "ProviderUnavailable")
        assert.strictEqual(refused.reason.detail, "The circuit is open")
        assert.isTrue(
          "retryAfter" in refused.reason && Duration.equals(refused.reason.retryAfter!, Duration.seconds(20))
        )
        assert.isTrue(refused.canFailOver)

        yield* TestClock.adjust("20 seconds")
        yield* answers(Effect.void)
        yield* provider.send(message)
        yield* provider.send(message)
        assert.strictEqual(yield* asked, 4)
      }).pipe(Effect.provide(Breaker))
  )

  it.effect("stays open as long as the provider asks for", () =>
    Effect.gen(function*() {
      const { asked, provider } = yield* broken(
        Effect.fail(new SmsError.ProviderUnavailable({ retryAfter: Duration.minutes(2) }))
      )
      yield* Effect.flip(provider.send(message))
      yield* Effect.flip(provider.send(message))
      yield* TestClock.adjust("119 seconds")
      yield* Effect.flip(provider.send(message))
      assert.strictEqual(yield* asked, 2)
    }).pipe(Effect.provide(Breaker)))

  const answer = { status: 400, code: "1" }
  const judged = [
    new SmsError.InvalidMessage(answer),
    new SmsError.InvalidRecipient(answer),
    new SmsError.InvalidSender(answer),
    new SmsError.OptedOut(answer),
    new SmsError.ContentRejected(answer),
    new SmsError.DuplicateMessage(answer),
    new SmsError.UnregisteredSender(answer),
    new SmsError.Unreachable(answer),
    new SmsError.AccountSuspended(answer),
    new SmsError.NotEnabled(answer)
  ]
  const silent = [
    new SmsError.RateLimited(answer),
    new SmsError.Authentication(answer),
    new SmsError.UnexpectedResponse(answer),
    new SmsError.NotSupported({ field: "content", expected: "less" }),
    // Nobody was asked.
    new SmsError.GuardRefused({ guard: "quietHours", rule: "the hours of US" }),
    new SmsError.InvalidMessage({ field: "content", expected: "a text" }),
    new SmsError.InvalidRecipient({}),
    new SmsError.NotEnabled({})
  ]
  const failures = [
    new SmsError.ProviderUnavailable({}),
    new SmsError.OutcomeUnknown({ because: "ServerError", status: 503 })
  ]

  const healthAfter = (reason: SmsError.SmsErrorReason) =>
    healthOf(Exit.fail(new SmsError.SmsError({ provider: "mock", reason })))._tag

  it("knows what each reason says of the provider's health", () => {
    assert.deepStrictEqual(new Set(judged.map(healthAfter)), new Set(["Success"]))
    assert.deepStrictEqual(new Set(silent.map(healthAfter)), new Set(["Ignored"]))
    assert.deepStrictEqual(new Set(failures.map(healthAfter)), new Set(["Failure"]))
    const tags = new Set([...judged, ...silent, ...failures].map(({ _tag }) => _tag))
    assert.strictEqual(tags.size, SmsError.SmsErrorReason.members.length)

    const receipt = new SendReceipt({
      provider: "mock",
      messageIds: ["1"],
      recipient: to,
      status: "queued",
      carrierStatus: "queued"
    })
    assert.strictEqual(healthOf(Exit.succeed(receipt))._tag, "Success")
    assert.strictEqual(healthOf(Exit.die("bug"))._tag, "Ignored")
  })

  it.effect("stays closed, whatever the carrier says of messages", () =>
    Effect.gen(function*() {
      const { answers, asked, provider } = yield* broken(Effect.void)
      for (const reason of [...judged, ...silent]) {
        yield* answers(Effect.fail(reason))
        for (let i = 0; i < 3; i++) assert.strictEqual(reasonOf(yield* Effect.flip(provider.send(message))), reason)
      }
      assert.strictEqual(yield* asked, 3 * (judged.length + silent.length))
    }).pipe(Effect.provide(Breaker)))

  it.effect("is not closed by what is refused without a request", () =>
    Effect.gen(function*() {
      const { asked, provider } = yield* broken(down)
      yield* Effect.flip(provider.send(message))
      yield* Effect.flip(provider.send(message))
      yield* TestClock.adjust("30 seconds")
      const empty = new OutboundMessage({ to, from: ours, content: new TextContent({ text: "" }) })
      const { reason } = yield* Effect.flip(provider.send(empty))
      assert.strictEqual(reason._tag, "InvalidMessage")
      assert.strictEqual((yield* (yield* CircuitBreaker.CircuitBreaker).state("mock"))._tag, "HalfOpen")
      // Still one message alone, whose failure opens it again.
      yield* Effect.flip(provider.send(message))
      yield* Effect.flip(provider.send(message))
      assert.strictEqual(yield* asked, 3)
    }).pipe(Effect.provide(Breaker)))

  it.effect("lets one message try, refuses the others meanwhile, and is left to the next when it is interrupted", () =>
    Effect.gen(function*() {
      const { answers, asked, provider } = yield* broken(down)
      yield* Effect.flip(provider.send(message))
      yield* Effect.flip(provider.send(message))
      yield* TestClock.adjust("30 seconds")
      yield* answers(Effect.never)
      const probe = yield* start(provider.send(message))
      const refused = yield* Effect.flip(provider.send(message))
      assert.strictEqual(refused.reason._tag, "ProviderUnavailable")
      assert.strictEqual(yield* asked, 3)
      yield* Fiber.interrupt(probe)
      yield* answers(Effect.void)
      yield* provider.send(message)
      yield* provider.send(message)
      assert.strictEqual(yield* asked, 5)
    }).pipe(Effect.provide(Breaker)))

  // RoomKit admits the probe, then lets it wait for the rate limiter: cancelled there, it never reports, and the
  // circuit refuses for ever.
  it.effect.each([{ outermost: "circuit" }, { outermost: "limit" }] as const)(
    "is left to the next message when the one that tries is interrupted while it waits: $outermost outermost",
    ({ outermost }) =>
      Effect.gen(function*() {
        const limit = { limit: 2, window: "1 hour" } as const
        const { answers, asked, mock } = yield* carrier(down)
        const provider = outermost === "circuit"
          ? yield* Effect.flatMap(SendPolicy.makeRateLimited(mock, limit), SendPolicy.makeCircuitBroken)
          : yield* Effect.flatMap(
            SendPolicy.makeCircuitBroken(mock),
            (broken) => SendPolicy.makeRateLimited(broken, limit)
          )
        yield* Effect.flip(provider.send(message))
        yield* Effect.flip(provider.send(message))
        yield* TestClock.adjust("30 seconds")
        yield* answers(Effect.void)
        const probe = yield* start(provider.send(message))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(probe)
        assert.strictEqual(yield* asked, 2)
        const next = yield* start(provider.send(message))
        yield* TestClock.adjust("1 hour")
        yield* Fiber.join(next)
        assert.strictEqual(yield* asked, 3)
      }).pipe(Effect.provide([Breaker, Limiter]))
  )

  it.effect("is that of one provider", () =>
    Effect.gen(function*() {
      const first = yield* broken(down)
      const second = yield* Effect.flatMap(MockSmsProvider.make({ name: "other" }), SendPolicy.makeCircuitBroken)
      yield* Effect.flip(first.provider.send(message))
      yield* Effect.flip(first.provider.send(message))
      yield* second.send(message)
    }).pipe(Effect.provide(Breaker)))

  const StoreDown = Layer.succeed(CircuitBreaker.CircuitBreakerStore, {
    admit: () => storeError,
    record: () => storeError,
    state: () => storeError
  })
  const storeError = Effect.fail(
    new CircuitBreaker.CircuitBreakerError({
      reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "down" })
    })
  )

  it.effect.each([{ onStoreError: "allow", asks: 1 }, { onStoreError: "fail", asks: 0 }] as const)(
    "whose store fails does what the breaker says: $onStoreError",
    ({ asks, onStoreError }) =>
      Effect.gen(function*() {
        const { asked, provider } = yield* broken(Effect.void)
        const exit = yield* Effect.exit(provider.send(message))
        assert.strictEqual(yield* asked, asks)
        assert.strictEqual(Exit.isSuccess(exit), onStoreError === "allow")
        if (onStoreError === "fail") {
          const { reason } = yield* Effect.flip(provider.send(message))
          assert.strictEqual(reason._tag, "ProviderUnavailable")
          assert.strictEqual(reason.detail, "The circuit breaker store failed")
        }
      }).pipe(Effect.provide(breaker({ onStoreError }).pipe(Layer.provide(StoreDown))))
  )

  it.effect("tells the operator when it opens and closes, shows no number, and counts what it refuses", () =>
    Effect.gen(function*() {
      const observed = observe()
      yield* Effect.gen(function*() {
        const { answers, provider } = yield* broken(down)
        for (let i = 0; i < 3; i++) yield* Effect.flip(provider.send(message))
        yield* TestClock.adjust("30 seconds")
        yield* answers(Effect.void)
        yield* provider.send(message)
        yield* TestClock.adjust("1 second")
      }).pipe(Effect.provide(observed.layer))
      const lines = observed.lines.map(({ level, message }) => `${level} ${message}`).join("\n")
      assert.include(lines, "Warn Circuit opened for provider")
      assert.include(lines, "Info Circuit closed for provider")
      assert.strictEqual(observed.count("sms_sends_total", { provider: "mock", outcome: "ProviderUnavailable" }), 3)
      for (const address of [to, ours]) assert.notInclude(observed.text(), address.slice(1))
    }).pipe(Effect.provide(Breaker)))

  it.effect("is the layer's too, and there is none for a provider that only receives", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider.SmsProvider
      for (let i = 0; i < 2; i++) yield* Effect.flip(provider.send(message))
      assert.strictEqual((yield* Effect.flip(provider.send(message))).reason.detail, "The circuit is open")

      const mock = yield* MockSmsProvider.make()
      const receiving: SmsProvider.Service = { ...mock, capabilities: { ...mock.capabilities, send: undefined } }
      assert.strictEqual(yield* SendPolicy.makeCircuitBroken(receiving), receiving)
    }).pipe(Effect.provide(
      MockSmsProvider.layer({ respond: () => down }).pipe(SendPolicy.circuitBroken, Layer.provideMerge(Breaker))
    )))
})
