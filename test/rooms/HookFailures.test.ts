import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { TryAgain } from "../../src/queue/TryAgain.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import { brokenHooks, failingHooks } from "./brokenHooks.ts"
import { fork, history, makeKit, message, recording, settle, watch } from "./kit.ts"

const allowed = Effect.succeed(Hook.allow)

describe("a hook before a broadcast", () => {
  for (const [what, run] of Object.entries(brokenHooks)) {
    it.effect(`that ${what} blocks the event, and the kit goes on`, () =>
      Effect.gen(function*() {
        const kit = yield* makeKit({ shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        const { channel, texts } = recording("web")
        yield* kit.registerChannel(channel)
        yield* kit.hook(Hook.beforeBroadcast({ name: "consent", directions: ["inbound"], run, timeout: "1 second" }))
        const passing = yield* fork(kit.processInbound(message("hello", { idempotencyKey: "SM1" })))
        yield* TestClock.adjust("1 second")
        const result = yield* Fiber.join(passing)
        assert(result._tag === "Blocked")
        assert.deepStrictEqual([result.hook, result.reason], ["consent", "the hook failed"])
        assert.deepStrictEqual(texts, [])
        const failures = yield* changes("HookFailed")
        assert.lengthOf(failures, 1)
        assert.deepInclude(failures[0], {
          roomId: result.event.roomId,
          eventId: result.event.id,
          hook: "consent",
          trigger: "BeforeBroadcast"
        })
        assert.notInclude(String(Cause.squash(failures[0]!.cause)), "swordfish")
        assert.lengthOf(yield* changes("EventBlocked"), 1)
        const room = { channelId: "ai", channelType: "ai", content: result.event.content } as const
        assert.strictEqual((yield* kit.post(result.event.roomId, room))._tag, "Broadcast")
        yield* TestClock.adjust("1 second")
      }))

    it.effect(`that ${what} lets the event pass unchanged when it is declared so, and is visible all the same`, () =>
      Effect.gen(function*() {
        const kit = yield* makeKit({ shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        const { channel, texts } = recording("web")
        yield* kit.registerChannel(channel)
        yield* kit.hook(Hook.beforeBroadcast({ name: "decorate", onFailure: "allow", run, timeout: "1 second" }))
        const passing = yield* fork(kit.processInbound(message("hello")))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(passing))._tag, "Broadcast")
        assert.deepStrictEqual(texts, ["hello"])
        assert.lengthOf(yield* changes("HookFailed"), 1)
        assert.deepStrictEqual(yield* changes("EventBlocked"), [])
      }))
  }

  it.effect("that asks for another attempt gets the event again, from an inbox", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      let attempts = 0
      yield* kit.hook(Hook.beforeBroadcast({
        name: "consent",
        run: () => ++attempts < 3 ? Effect.fail(new TryAgain({ after: Duration.hours(1) })) : allowed
      }))
      const entry = { id: "1", event: message("hello", { idempotencyKey: "SM1" }) }
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = yield* Effect.flip(kit.processEntry(entry))
        assert(error._tag === "Unfinished")
        assert.deepStrictEqual(error.failed, ["hook consent"])
        assert.instanceOf(error.cause, TryAgain)
        assert.deepStrictEqual(texts, [])
      }
      assert.strictEqual((yield* kit.processEntry(entry))._tag, "Broadcast")
      assert.deepStrictEqual(texts, ["hello"])
      assert.deepStrictEqual(yield* changes("HookFailed"), [])
    }))

  it.effect("that asks for another attempt fails where there is none", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.hook(Hook.beforeBroadcast({ name: "consent", run: () => Effect.fail(new TryAgain()) }))
      assert.strictEqual((yield* kit.processInbound(message("hello")))._tag, "Blocked")
    }))

  it.effect("that leaves something that is no event says what is wrong with it, in a line and without what it says", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const run: Hook.BeforeBroadcast["run"] = (event) =>
        Effect.succeed({ _tag: "Modify", value: { ...event, source: { channelId: "swordfish" } } } as never)
      yield* kit.hook(Hook.beforeBroadcast({ name: "ill-typed", run }))
      yield* kit.processInbound(message("swordfish"))
      const [failure] = yield* changes("HookFailed")
      const error = Cause.squash(failure!.cause)
      assert.include(String(error), "[\"source\"]")
      assert.isBelow(String(error).length, 200)
      assert.notInclude(String(error), "swordfish")
    }))

  it.effect("has thirty seconds unless it says otherwise, and what ran out of time says so", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ deliveryTimeout: "1 second" })
      const changes = yield* watch(kit)
      let interrupted = false
      yield* kit.hook(Hook.beforeBroadcast({
        name: "hangs",
        run: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      }))
      const passing = yield* fork(kit.processInbound(message("hello")))
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(passing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(passing))._tag, "Blocked")
      assert.isTrue(interrupted)
      const [failure] = yield* changes("HookFailed")
      assert.isTrue(Cause.isTimeoutError(Cause.squash(failure!.cause)))
    }))

  it.effect("that fails stops no other event, also one that waits for its turn behind it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void, string>()
      let asked = 0
      yield* kit.hook(Hook.beforeBroadcast({
        name: "fails once",
        run: () => Effect.suspend(() => asked++ === 0 ? Effect.as(Deferred.await(gate), Hook.allow) : allowed)
      }))
      const first = yield* fork(kit.processInbound(message("1")))
      const second = yield* fork(kit.processInbound(message("2")))
      yield* settle
      yield* Deferred.fail(gate, "broken")
      assert.strictEqual((yield* Fiber.join(first))._tag, "Blocked")
      assert.strictEqual((yield* Fiber.join(second))._tag, "Broadcast")
      assert.deepStrictEqual(yield* history(kit), ["1", "2"])
    }))
})

describe("a hook after a broadcast", () => {
  for (const [what, run] of Object.entries(failingHooks)) {
    it.effect(`that ${what} is visible, and the result stays what it is`, () =>
      Effect.gen(function*() {
        const kit = yield* makeKit({ shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        yield* kit.hook(Hook.afterBroadcast({ name: "broken", run }))
        const passing = yield* fork(kit.processInbound(message("hello")))
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* Fiber.join(passing))._tag, "Broadcast")
        assert.deepStrictEqual((yield* changes("HookFailed")).map(({ hook, trigger }) => [hook, trigger]), [
          ["broken", "AfterBroadcast"]
        ])
      }))
  }
})
