import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Metric, Option, Schedule, Scope, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import type { InboundMessage } from "../../src/Message.ts"
import * as MmsAggregator from "../../src/mms/MmsAggregator.ts"
import { observe } from "../observe.ts"
import { collect, customer, media, offerAll, ours, said, saidOf, wrapper } from "./parts.ts"

const keys = (count: number) => Array.from({ length: count }, (_, index) => `key ${index}`)

describe("an aggregator in memory", () => {
  it.effect("lets out the oldest beyond its bound, as text, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const aggregator = yield* Effect.provide(MmsAggregator.makeMemory({ maxPending: 3 }), layer)
      const messages = yield* collect(aggregator)
      const all = keys(5).map((key) => wrapper(`text of ${key}`, { key }))
      yield* Effect.provide(offerAll(aggregator, ...all), layer)
      assert.deepStrictEqual(messages.map(said), ["text of key 0", "text of key 1"])
      assert.lengthOf(lines.filter(({ message }) => message.includes("Too many split messages are pending")), 2)
      assert.isTrue(lines.every(({ annotations }) => annotations["provider"] === "voicemeup"))
      // Its media are late, and the others are as they were.
      assert.deepStrictEqual(
        yield* offerAll(aggregator, media("m", { key: "key 0" }), media("n", { key: "key 4" })),
        ["m of text of key 0", "text of key 4 + n"]
      )
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(messages, 4)
    }))

  it.effect("lets out the oldest beyond its bytes, as text, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const aggregator = yield* Effect.provide(MmsAggregator.makeMemory({ maxBytes: 100_000 }), layer)
      const messages = yield* collect(aggregator)
      const text = "x".repeat(8000)
      const all = keys(8).map((key) => wrapper(key, { key, text: `${key} ${text}` }))
      yield* Effect.provide(offerAll(aggregator, ...all), layer)
      assert.isAbove(messages.length, 3)
      assert.deepStrictEqual(messages.map((message) => said(message).slice(0, 5)), keys(8).slice(0, messages.length))
      assert.lengthOf(lines.filter(({ message }) => message.includes("Too many split messages")), messages.length)
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(messages, 8)
    }))

  it.effect("lets out what waits on one key beyond a mebibyte, and loses nothing of it", () =>
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator.makeMemory()
      const messages = yield* collect(aggregator)
      const text = "x".repeat(60_000)
      for (const [index] of keys(30).entries()) {
        yield* aggregator.offer(wrapper(`w${index}`, { text: `${index}${text}` }))
      }
      assert.isAbove(messages.length, 24)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(
        messages.map((message) => said(message).replaceAll("x", "")),
        [...keys(30).keys()].map(String)
      )
    }))

  it.effect("does not count what is whole among the pending", () =>
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator.makeMemory({ maxPending: 1 })
      const messages = yield* collect(aggregator)
      for (const key of keys(20)) {
        assert.deepStrictEqual(
          yield* offerAll(aggregator, wrapper("w", { key }), media("m", { key, id: key })),
          ["", "w + m"]
        )
      }
      assert.deepStrictEqual(messages, [])
    }))

  it.effect("remembers no more keys than its bound, and none for longer than it should", () =>
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator.makeMemory({ maxRemembered: 2, rememberFor: "1 minute" })
      const offer = (key: string) =>
        Effect.map(aggregator.process(media("m", { key }), Effect.succeed), ({ _tag }) => _tag)
      const offers = (...keys: ReadonlyArray<string>) => Effect.forEach(keys, offer)
      assert.deepStrictEqual(yield* offers("1", "2", "2", "1"), ["Due", "Due", "Repeated", "Repeated"])
      // The one that came last without news goes.
      assert.deepStrictEqual(yield* offers("3", "1", "2"), ["Due", "Repeated", "Due"])
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* offers("2"), ["Repeated"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* offers("2"), ["Due"])
    }))

  it.effect("gives up what no attempt succeeds at, as an error, to the orphans", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      let attempts = 0
      const onTimeout = () => Effect.suspend(() => Effect.fail(`attempt ${++attempts}`))
      const aggregator = yield* Effect.provide(MmsAggregator.makeMemory({ onTimeout }), layer)
      yield* aggregator.offer(wrapper("w"))
      yield* TestClock.adjust("5 seconds")
      // One, two, four, … sixty seconds.
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(attempts, 11)
      assert.lengthOf(
        lines.filter(({ message }) => message.includes("MMS handler failed") && message.includes("attempt")),
        11
      )
      assert.lengthOf(
        lines.filter((line) => line.level === "Error" && line.message.includes("an MMS: retries exhausted")),
        1
      )
      assert.deepStrictEqual(Option.map(yield* Stream.runHead(aggregator.orphans), said), Option.some("w"))
    }))

  it.effect("tries again after a defect, and when the handler was interrupted", () =>
    Effect.gen(function*() {
      const outcomes = [Effect.die(new Error("a bug")), Effect.interrupt, Effect.void]
      const seen: Array<string> = []
      const onTimeout = (message: InboundMessage) =>
        Effect.suspend(() => {
          seen.push(said(message))
          return outcomes[seen.length - 1] ?? Effect.void
        })
      const aggregator = yield* MmsAggregator.makeMemory({ onTimeout, retry: Schedule.spaced("1 second") })
      yield* aggregator.offer(wrapper("w"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(seen, ["w", "w", "w"])
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("bounds what waits for a broken handler, too", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const onTimeout = () => Effect.fail("broken")
      const options = { onTimeout, maxPending: 3, retry: Schedule.spaced("1 hour"), shutdownTimeout: 0 }
      const aggregator = yield* Effect.provide(MmsAggregator.makeMemory(options), layer)
      yield* Effect.provide(offerAll(aggregator, ...keys(10).map((key) => wrapper(key, { key }))), layer)
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(lines.filter(({ message }) => message.includes("too many unhandled messages")), 7)
      const orphans = yield* Stream.runCollect(Stream.take(aggregator.orphans, 7))
      assert.deepStrictEqual(orphans.map(said), keys(7))
    }))

  it.effect("bounds the bytes of what waits for a broken handler, and of the orphans", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const onTimeout = () => Effect.fail("broken")
      const options = { onTimeout, maxBytes: 1_000_000, retry: Schedule.spaced("1 hour"), shutdownTimeout: 0 }
      const aggregator = yield* Effect.provide(MmsAggregator.makeMemory(options), layer)
      const text = "x".repeat(30_000)
      for (const key of keys(100)) {
        yield* Effect.provide(aggregator.offer(wrapper(key, { key, text: `${key} ${text}` })), layer)
        yield* TestClock.adjust("5 seconds")
      }
      const given = lines.filter(({ message }) => message.includes("too many unhandled messages")).length
      assert.isAbove(given, 90)
      // The oldest of them are lost: each has its text twice, in the content and in the payload.
      const [first] = yield* Stream.runCollect(Stream.take(aggregator.orphans, 1))
      assert.match(said(first!), /^key [1-9]\d /)
    }))

  it.effect("waits at its end for handlers that take long, then gives up what is left", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const handled: Array<string> = []
      const onTimeout = (message: InboundMessage) =>
        Effect.andThen(Effect.sleep(said(message) === "slow" ? "4 seconds" : "1 hour"), () =>
          Effect.sync(() => void handled.push(said(message))))
      const scope = yield* Scope.make()
      const aggregator = yield* Scope.provide(
        Effect.provide(MmsAggregator.makeMemory({ onTimeout }), layer),
        scope
      )
      yield* offerAll(aggregator, wrapper("slow"), wrapper("stuck"))
      const ending = yield* Effect.forkChild(Effect.provide(Scope.close(scope, Exit.void), layer), {
        startImmediately: true
      })
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(handled, ["slow"])
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(ending)
      assert.lengthOf(
        lines.filter(({ message }) =>
          message.includes("Dead letter: giving up on an MMS: the aggregator is shutting down")
        ),
        1
      )
    }))

  it.effect("tries at once at its end what waits for another attempt", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const onTimeout = (message: InboundMessage) =>
        Effect.suspend(() => seen.push(said(message)) === 1 ? Effect.fail("not now") : Effect.void)
      yield* Effect.scoped(Effect.gen(function*() {
        const aggregator = yield* MmsAggregator.makeMemory({ onTimeout, retry: Schedule.spaced("1 hour") })
        yield* aggregator.offer(wrapper("w"))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(seen, ["w"])
      }))
      assert.deepStrictEqual(seen, ["w", "w"])
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("keeps nothing back that is offered after its end", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const onTimeout = (message: InboundMessage) => Effect.sync(() => void messages.push(said(message)))
      const scope = yield* Scope.make()
      const aggregator = yield* Scope.provide(MmsAggregator.makeMemory({ onTimeout }), scope)
      yield* Scope.close(scope, Exit.void)
      yield* aggregator.offer(wrapper("w"))
      assert.deepStrictEqual(messages, ["w"])
    }))

  it.effect("does not share anything with another one", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* MmsAggregator.makeMemory(), yield* MmsAggregator.makeMemory()]
      const messages = yield* collect(one)
      const others = yield* collect(other)
      yield* one.offer(wrapper("w"))
      assert.deepStrictEqual(yield* offerAll(other, media("m")), ["m"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([messages.map(saidOf), others], [["w"], []])
    }))

  it.effect("gives a handler the services of whoever registers it, and not the span of a webhook", () =>
    Effect.gen(function*() {
      const spans: Array<string> = []
      const aggregator = yield* MmsAggregator.makeMemory()
      yield* aggregator.onDue(() =>
        Effect.map(Effect.serviceOption(Tracer.ParentSpan), (span) => void spans.push(span._tag))
      ).pipe(Effect.withSpan("registration"))
      yield* Effect.withSpan(aggregator.offer(wrapper("w")), "webhook")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(spans, ["None"])
    }))

  it.effect("counts what comes and goes", () =>
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator.makeMemory()
      yield* collect(aggregator)
      const value = (name: string, attributes: Readonly<Record<string, string>>) =>
        Effect.map(Metric.snapshot, (metrics) => {
          const expected = JSON.stringify({ provider: "voicemeup", ...attributes })
          const metric = metrics.find(({ attributes, id }) => id === name && JSON.stringify(attributes) === expected)
          return metric?.type === "Counter" ? Number(metric.state.count) : 0
        })
      const pending = value("sms_mms_pending_windows", {})
      yield* offerAll(aggregator, wrapper("w"), wrapper("w"), wrapper("x", { key: "2" }))
      assert.strictEqual(yield* pending, 2)
      yield* offerAll(aggregator, media("m"), media("n"))
      assert.strictEqual(yield* pending, 1)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* pending, 0)
      for (const [outcome, count] of [["merged", 1], ["late", 1], ["timed_out", 1], ["alone", 0]] as const) {
        assert.strictEqual(yield* value("sms_mms_messages_total", { outcome }), count, outcome)
      }
      for (const [outcome, count] of [["buffered", 2], ["repeated", 1], ["empty", 0]] as const) {
        assert.strictEqual(yield* value("sms_mms_parts_total", { outcome }), count, outcome)
      }
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("says nothing of texts and numbers in logs, spans and metrics", () =>
    Effect.gen(function*() {
      const observed = observe()
      yield* Effect.gen(function*() {
        const aggregator = yield* MmsAggregator.makeMemory({ maxPending: 1 })
        yield* Effect.withSpan(
          offerAll(aggregator, wrapper("w", { text: "swordfish" }), wrapper("x", { text: "swordfish" })),
          "webhook"
        )
        yield* TestClock.adjust("5 seconds")
        yield* Effect.scoped(Effect.gen(function*() {
          yield* aggregator.onDue(() => Effect.fail("broken"))
          yield* aggregator.offer(wrapper("y", { text: "swordfish" }))
          yield* Effect.forkChild(TestClock.adjust("1 minute"))
        }))
        yield* Effect.exit(aggregator.process(media("m", { text: "swordfish" }), () => Effect.fail("broken")))
      }).pipe(Effect.provide(observed.layer))
      assert.isAbove(observed.lines.length, 3)
      assert.isAtLeast(observed.spans.length, 1)
      assert.include(observed.text(), "sms_mms_parts_total")
      for (const secret of ["swordfish", customer, ours, customer.slice(1), ours.slice(1)]) {
        assert.notInclude(observed.text(), secret)
      }
    }))
})
