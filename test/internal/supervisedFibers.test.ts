import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as SupervisedFibers from "../../src/internal/supervisedFibers.ts"

const make = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const runs = yield* Scope.provide(SupervisedFibers.make("5 seconds"), scope)
  return { runs, close: Scope.close(scope, Exit.void) }
})

const settle = Effect.repeat(Effect.yieldNow, { times: 10 })
const fork = Effect.forkChild({ startImmediately: true })

describe("runs", () => {
  it.effect("go on when the caller is interrupted", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const gate = yield* Deferred.make<string>()
      const done = yield* Ref.make("")
      const caller = yield* fork(runs.run(Effect.flatMap(Deferred.await(gate), (value) => Ref.set(done, value))))
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, "done")
      yield* settle
      assert.strictEqual(yield* Ref.get(done), "done")
      yield* close
    }))

  it.effect("give the caller what came of it", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      assert.strictEqual(yield* runs.run(Effect.succeed("it")), "it")
      assert.strictEqual(yield* Effect.flip(runs.run(Effect.fail("broken"))), "broken")
      assert.isTrue(Exit.hasDies(yield* Effect.exit(runs.run(Effect.die("broken")))))
      yield* close
    }))

  it.effect("begin in the caller, and start no fiber for what is a result by then", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const own = yield* Effect.withFiber<Fiber.Fiber<unknown, unknown>>((fiber) => Effect.succeed(fiber))
      const done = Exit.succeed("it")
      assert.strictEqual(runs.begin(own, () => done), done)
      const dies = runs.begin(own, (): Effect.Effect<string> => {
        throw new Error("broken")
      })
      assert.isTrue(Exit.isExit(dies) && Exit.hasDies(dies))
      const gate = yield* Deferred.make<string>()
      const seen = yield* Ref.make("")
      const caller = yield* fork(
        Effect.withFiber((fiber) =>
          runs.begin(fiber, () => Effect.flatMap(Deferred.await(gate), (value) => Ref.set(seen, value)))
        )
      )
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, "done")
      yield* settle
      assert.strictEqual(yield* Ref.get(seen), "done")
      yield* close
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(runs.begin(own, () => done))))
    }))

  it.effect("are waited for at the end of the scope", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const run = yield* runs.start(Effect.as(Effect.sleep("4 seconds"), "done"))
      const closing = yield* fork(close)
      yield* TestClock.adjust("3999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(yield* Fiber.join(run), "done")
    }))

  it.effect("are interrupted when the end of the scope waited for them long enough", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const cleaned = yield* Ref.make(false)
      const run = yield* runs.start(Effect.onInterrupt(Effect.never, () => Ref.set(cleaned, true)))
      const closing = yield* fork(close)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.isTrue(yield* Ref.get(cleaned))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(run)))
    }))

  it.effect("do not hold up the end of the scope for ever when they cannot be interrupted", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      yield* runs.start(Effect.uninterruptible(Effect.never))
      const closing = yield* fork(close)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
    }))

  it.effect("do not start once the scope is closed", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      yield* close
      const ran = yield* Ref.make(false)
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(runs.run(Ref.set(ran, true)))))
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(runs.runWithin(Ref.set(ran, true), "1 second"))))
      assert.isFalse(yield* Ref.get(ran))
    }))

  it.effect("can close the scope that they are in, which waits for the others only", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const other = yield* runs.start(Effect.sleep("1 second"))
      const closing = yield* fork(runs.run(Effect.yieldNow.pipe(Effect.andThen(close), Effect.as("closed"))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(closing.pollUnsafe(), Exit.succeed("closed"))
      assert.isDefined(other.pollUnsafe())
    }))

  it.effect("fail when their time limit is over, and are interrupted", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const cleaned = yield* Ref.make(false)
      const caller = yield* fork(
        Effect.flip(runs.runWithin(Effect.onInterrupt(Effect.never, () => Ref.set(cleaned, true)), "1 second"))
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(caller))._tag, "TimeoutError")
      yield* settle
      assert.isTrue(yield* Ref.get(cleaned))
      yield* close
    }))

  it.effect("fail when their time limit is over also where they cannot be interrupted", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const gate = yield* Deferred.make<void>()
      const caller = yield* fork(Effect.flip(runs.runWithin(Effect.uninterruptible(Deferred.await(gate)), "1 second")))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(caller))._tag, "TimeoutError")
      yield* Deferred.succeed(gate, undefined)
      yield* close
    }))

  it.effect("with a time limit are interrupted with the caller", () =>
    Effect.gen(function*() {
      const { close, runs } = yield* make
      const cleaned = yield* Ref.make(false)
      const caller = yield* fork(
        runs.runWithin(Effect.onInterrupt(Effect.never, () => Ref.set(cleaned, true)), "1 second")
      )
      yield* Fiber.interrupt(caller)
      yield* settle
      assert.isTrue(yield* Ref.get(cleaned))
      yield* close
    }))
})
