import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { MediaContent, TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SmsProvider from "../../src/provider/SmsProvider.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import type { SmsError } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"

const to = Address.make("+15145550142")
const ours = Address.make("+15145550100")
const others = Address.make("+15145550101")

const message = (text = "hi", from: Address | undefined = ours) =>
  new OutboundMessage({ to, content: new TextContent({ text }), ...(from !== undefined && { from }) })

const Limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

const limited = Effect.fnUntraced(function*(options: SendPolicy.RateLimit, mock: MockSmsProvider.Options = {}) {
  const provider = yield* MockSmsProvider.make(mock)
  return { provider: yield* SendPolicy.makeRateLimited(provider, options), sent: provider.sent }
})

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const retryAfterOf = ({ canFailOver, provider, reason }: SmsError) => {
  assert.strictEqual(reason._tag, "RateLimited")
  assert.isTrue(canFailOver)
  assert.strictEqual(provider, "mock")
  return reason._tag === "RateLimited" && reason.retryAfter !== undefined ? Duration.toMillis(reason.retryAfter) : NaN
}

describe("a rate limit", () => {
  // RoomKit's bucket holds what one second brings. With less than one message it never lets any through.
  it.effect("of less than one in a second lets messages through", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 30, window: "1 minute" })
      const sending = yield* start(
        Effect.forEach(Array.from({ length: 63 }), () => provider.send(message()), { concurrency: "unbounded" })
      )
      const counts: Array<number> = [(yield* sent).length]
      for (const pause of ["59999 millis", "1 millis", "59999 millis", "1 millis"] as const) {
        yield* TestClock.adjust(pause)
        counts.push((yield* sent).length)
      }
      assert.deepStrictEqual(counts, [30, 30, 60, 60, 63])
      assert.lengthOf(yield* Fiber.join(sending), 63)
    }).pipe(Effect.provide(Limiter)))

  it.effect("lets bulk messages wait behind the others, however long they have waited", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 1, window: "1 second" })
      for (const text of ["b1", "b2", "b3", "b4"]) {
        yield* start(provider.send(message(text), { priority: "bulk" }))
        yield* Effect.yieldNow
      }
      for (const text of ["t1", "t2"]) yield* start(provider.send(message(text)))
      yield* TestClock.adjust("5 seconds")
      const texts = (yield* sent).map(({ content }) => (content as TextContent).text)
      // The first was sent at once, and the second was in the line before the others came.
      assert.deepStrictEqual(texts, ["b1", "b2", "t1", "t2", "b3", "b4"])
    }).pipe(Effect.provide(Limiter)))

  it.effect("refuses a message that would wait for longer than it may", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 1, window: "1 minute", maxWait: "30 seconds" })
      yield* provider.send(message())
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message(), { maxWait: "9 seconds" }))), 10_000)
      const sending = yield* start(provider.send(message(), { maxWait: "11 seconds" }))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(sending)
      // It cannot wait for longer than the limit allows.
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message(), { maxWait: "1 hour" }))), 60_000)
      assert.lengthOf(yield* sent, 2)
    }).pipe(Effect.provide(Limiter)))

  it.effect("holds in a window that begins between two messages", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 3, window: "1 second", maxWait: 0 })
      yield* provider.send(message())
      yield* TestClock.adjust("900 millis")
      yield* provider.send(message())
      yield* provider.send(message())
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 100)
      yield* TestClock.adjust("100 millis")
      yield* provider.send(message())
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 900)
      assert.lengthOf(yield* sent, 4)
    }).pipe(Effect.provide(Limiter)))

  it.effect("rounds a fraction down, and takes no room for a limit that is never reached", () =>
    Effect.gen(function*() {
      for (const [limit, expected] of [[2.9, 2], [1e12, 20]] as const) {
        const { provider, sent } = yield* limited({ limit, window: "1 second", maxWait: 0 })
        yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.exit(provider.send(message())))
        assert.lengthOf(yield* sent, expected)
      }
    }).pipe(Effect.provide(Limiter)))

  it.effect("may be a fraction of a message", () =>
    Effect.gen(function*() {
      for (const maxWait of [0, Duration.infinity]) {
        const { provider, sent } = yield* limited({ limit: 0.5, window: "1 second", maxWait })
        yield* provider.send(message())
        const second = yield* start(Effect.exit(provider.send(message())))
        yield* TestClock.adjust("1999 millis")
        assert.lengthOf(yield* sent, 1)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(second)
        assert.lengthOf(yield* sent, maxWait === 0 ? 1 : 2)
        if (maxWait === 0) yield* provider.send(message())
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Effect.provide(Limiter)))

  it.effect("is that of each sender, by the provider's default one too", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 1, window: "1 minute", maxWait: 0 }, { from: ours })
      yield* provider.send(message("hi", ours))
      yield* provider.send(message("hi", others))
      for (const from of [ours, others, undefined]) {
        const { content } = message()
        const again = new OutboundMessage({ to, content, ...(from !== undefined && { from }) })
        assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(again))), 60_000)
      }
      assert.lengthOf(yield* sent, 2)
    }).pipe(Effect.provide(Limiter)))

  it.effect("is that of each provider", () =>
    Effect.gen(function*() {
      const first = yield* limited({ limit: 1, window: "1 minute", maxWait: 0 })
      const second = yield* limited({ limit: 1, window: "1 minute", maxWait: 0 }, { name: "other" })
      yield* first.provider.send(message())
      yield* second.provider.send(message())
      yield* Effect.flip(first.provider.send(message()))
    }).pipe(Effect.provide(Limiter)))

  it.effect("holds beside another one of the same provider", () =>
    Effect.gen(function*() {
      const mock = yield* MockSmsProvider.make()
      const provider = yield* SendPolicy.makeRateLimited(mock, { limit: 2, window: "1 hour", maxWait: 0 }).pipe(
        Effect.flatMap((inner) => SendPolicy.makeRateLimited(inner, { limit: 1, window: "1 second", maxWait: 0 }))
      )
      yield* provider.send(message())
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 1000)
      yield* TestClock.adjust("1 second")
      yield* provider.send(message())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 3_598_000)
      assert.lengthOf(yield* mock.sent, 2)
    }).pipe(Effect.provide(Limiter)))

  it.effect("counts segments when told, and a message with media as one", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 3, window: "3 seconds", count: "segments", maxWait: 0 })
      yield* provider.send(message("x".repeat(161)))
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message("é’".repeat(36))))), 3000)
      const caption = "x".repeat(1000)
      const content = new MediaContent({ url: "https://example.com/1.jpg", caption })
      yield* provider.send(new OutboundMessage({ to, from: ours, content }))
      yield* Effect.flip(provider.send(message()))
      assert.lengthOf(yield* sent, 2)
    }).pipe(Effect.provide(Limiter)))

  it.effect("counts each recipient of a group", () =>
    Effect.gen(function*() {
      for (const count of ["messages", "segments"] as const) {
        const { provider, sent } = yield* limited({ limit: 3, window: "3 seconds", count, maxWait: 0 })
        const participants = [Address.make("+15145550143"), Address.make("+15145550144")]
        yield* provider.send(new OutboundMessage({ ...message("x".repeat(161)), participants }))
        assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 3000)
        assert.lengthOf(yield* sent, 1)
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Effect.provide(Limiter)))

  it.effect("lets a message through that is more than the limit, and those after it wait for the rest", () =>
    Effect.gen(function*() {
      for (const maxWait of ["0 millis", "1 minute"] as const) {
        const { provider, sent } = yield* limited({ limit: 2, window: "2 seconds", count: "segments", maxWait })
        yield* provider.send(message("x".repeat(153 * 5)))
        assert.lengthOf(yield* sent, 1)
        const next = yield* start(Effect.result(provider.send(message())))
        // Five segments less the two that there were, and one for this message.
        yield* TestClock.adjust("3999 millis")
        assert.lengthOf(yield* sent, 1)
        if (maxWait === "0 millis") {
          const result = yield* Fiber.join(next)
          assert.strictEqual(result._tag === "Failure" ? retryAfterOf(result.failure) : NaN, 4000)
        }
        yield* TestClock.adjust("1 millis")
        if (maxWait === "0 millis") yield* provider.send(message())
        assert.lengthOf(yield* sent, 2)
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Effect.provide(Limiter)))

  it.effect("keeps the order, also of a long message among short ones", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 3, window: "3 seconds", count: "segments" })
      const texts = ["a", "b", "c", "x".repeat(153 * 3), "d", "e"]
      yield* start(Effect.forEach(texts, (text) => provider.send(message(text)), { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* sent).map(({ content }) => content),
        texts.map((text) => new TextContent({ text }))
      )
    }).pipe(Effect.provide(Limiter)))

  it.effect("takes nothing for messages whose waiting is interrupted", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 1, window: "1 second" })
      yield* provider.send(message("first"))
      for (let i = 0; i < 100; i++) yield* Fiber.interrupt(yield* start(provider.send(message("never"))))
      yield* start(provider.send(message("last")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* sent, [message("first"), message("last")])
    }).pipe(Effect.provide(Limiter)))

  it.effect("refuses at once what would wait for longer than allowed, and waits otherwise", () =>
    Effect.gen(function*() {
      const { provider, sent } = yield* limited({ limit: 1, window: "10 seconds", maxWait: "10 seconds" })
      yield* provider.send(message())
      const second = yield* start(provider.send(message()))
      yield* TestClock.adjust("1 second")
      const third = yield* start(Effect.flip(provider.send(message())))
      yield* TestClock.adjust("9 seconds")
      yield* Fiber.join(second)
      assert.lengthOf(yield* sent, 2)
      // Its turn came after nine seconds, and the next message may go after ten more.
      assert.strictEqual(retryAfterOf(yield* Fiber.join(third)), 10_000)

      const fourth = yield* start(provider.send(message()))
      const fifth = yield* start(Effect.flip(provider.send(message())))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fourth)
      assert.strictEqual(retryAfterOf(yield* Fiber.join(fifth)), 10_000)
      assert.lengthOf(yield* sent, 3)
    }).pipe(Effect.provide(Limiter)))

  it.effect("is the layer's too, and asks nobody about a provider that only receives", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider.SmsProvider
      yield* provider.send(message())
      assert.strictEqual(retryAfterOf(yield* Effect.flip(provider.send(message()))), 60_000)

      const mock = yield* MockSmsProvider.make()
      const receiving: SmsProvider.Service = { ...mock, capabilities: { ...mock.capabilities, send: undefined } }
      assert.strictEqual(yield* SendPolicy.makeRateLimited(receiving, { limit: 1, window: "1 minute" }), receiving)
    }).pipe(Effect.provide(
      MockSmsProvider.layer().pipe(
        SendPolicy.rateLimited({ limit: 1, window: "1 minute", maxWait: 0 }),
        Layer.provideMerge(Limiter)
      )
    )))

  it.effect.each([
    { options: { limit: 0, window: 1000 }, expected: "mock: limit: expected a number above 0" },
    { options: { limit: NaN, window: 1000 }, expected: "mock: limit: expected a number above 0" },
    { options: { limit: Infinity, window: 1000 }, expected: "mock: limit: expected a number above 0" },
    { options: { limit: 1, window: 0 }, expected: "mock: window: expected a duration above 0" },
    { options: { limit: 1, window: Infinity }, expected: "mock: window: expected a duration above 0" },
    { options: { limit: 1, window: 1, maxWait: -1 }, expected: "mock: maxWait: expected 0 or longer" }
  ])("that cannot be is refused when it is made: $expected", ({ expected, options }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(limited(options))
      assert.strictEqual(error._tag, "InvalidRateLimit")
      assert.strictEqual(error.message, expected)
    }).pipe(Effect.provide(Limiter)))

  const fail = ({ key }: { readonly key: string }) =>
    Effect.fail(
      new RateLimiter.RateLimiterError({
        reason: new RateLimiter.RateLimitStoreError({ message: `cannot write ${key}`, cause: new Error(key) })
      })
    )
  const Broken = RateLimiter.layer.pipe(Layer.provide(Layer.succeed(RateLimiter.RateLimiterStore, {
    tokenBucket: fail,
    fixedWindow: fail,
    adaptiveConsume: fail,
    adaptiveFeedback: fail
  })))

  it.effect("whose store fails lets messages through, with a warning", () =>
    Effect.gen(function*() {
      const observed = observe()
      yield* Effect.gen(function*() {
        const { provider, sent } = yield* limited({ limit: 1, window: "1 minute" })
        yield* provider.send(message())
        yield* provider.send(message())
        assert.lengthOf(yield* sent, 2)
      }).pipe(Effect.provide(observed.layer))
      assert.lengthOf(
        observed.lines.filter(({ level, message }) => level === "Warn" && message.includes("Rate limiter failed")),
        2
      )
      for (const address of [to, ours]) assert.notInclude(observed.text(), address.slice(1))
    }).pipe(Effect.provide(Broken)))

  it.effect("whose store fails refuses messages where the limit must hold", () =>
    Effect.gen(function*() {
      const observed = observe()
      yield* Effect.gen(function*() {
        const { provider, sent } = yield* limited({ limit: 1, window: "1 minute", onStoreError: "fail" })
        const { canFailOver, isRetryable, reason } = yield* Effect.flip(provider.send(message()))
        assert.deepStrictEqual([reason._tag, canFailOver, isRetryable], ["ProviderUnavailable", true, true])
        assert.deepStrictEqual(yield* sent, [])
      }).pipe(Effect.provide(observed.layer))
      for (const address of [to, ours]) assert.notInclude(observed.text(), address.slice(1))
    }).pipe(Effect.provide(Broken)))

  it.effect("shows no number where it refuses, and counts the refusal", () =>
    Effect.gen(function*() {
      const observed = observe()
      const error = yield* Effect.gen(function*() {
        const { provider } = yield* limited({ limit: 1, window: "1 minute", maxWait: 0 })
        yield* provider.send(message())
        return yield* Effect.flip(provider.send(message()))
      }).pipe(Effect.provide(observed.layer))
      assert.strictEqual(observed.count("sms_sends_total", { provider: "mock", outcome: "RateLimited" }), 1)
      assert.strictEqual(observed.count("sms_sends_total", { provider: "mock", outcome: "accepted" }), 1)
      assert.include(observed.text(), "SendPolicy.admit")
      for (const address of [to, ours]) {
        assert.notInclude(observed.text(), address.slice(1))
        assert.notInclude(JSON.stringify(error) + String(error.stack) + String(error.cause), address.slice(1))
      }
    }).pipe(Effect.provide(Limiter)))
})
