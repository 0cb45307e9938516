import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import * as Deduplicator from "../../src/internal/deduplicator.ts"
import * as Outcomes from "./outcomes.ts"

const roomy: Deduplicator.Options = { capacity: 1000, timeToLive: "1 minute" }

const identity = <A>(value: A): A => value

/** An effect that counts its runs and ends when it is told how. */
const gated = Effect.fnUntraced(function*() {
  const runs = yield* Ref.make(0)
  const gates: Array<Deferred.Deferred<string, string>> = []
  const effect = Effect.gen(function*() {
    const gate = Deferred.makeUnsafe<string, string>()
    gates.push(gate)
    yield* Ref.update(runs, (n) => n + 1)
    return yield* Deferred.await(gate)
  })
  return { effect, runs: Ref.get(runs), gates }
})

const settle = Effect.repeat(Effect.yieldNow, { times: 10 })
const fork = Effect.forkChild({ startImmediately: true })

describe("once", () => {
  for (const callers of [1, 10, 1000]) {
    it.effect(`runs the effect one time for ${callers} callers at once, and the others get its summary`, () =>
      Effect.gen(function*() {
        const once = yield* Outcomes.make<string>(roomy)
        const { effect, gates, runs } = yield* gated()
        const fibers = yield* Effect.replicateEffect(
          fork(once.run("key", effect, (value) => `summary of ${value}`)),
          callers
        )
        yield* Deferred.succeed(gates[0]!, "it")
        const outcomes = yield* Fiber.joinAll(fibers)
        assert.strictEqual(yield* runs, 1)
        assert.deepStrictEqual(outcomes[0], { _tag: "First", value: "it" })
        assert.lengthOf(outcomes, callers)
        for (const outcome of outcomes.slice(1)) {
          assert.deepStrictEqual(outcome, { _tag: "Repeated", summary: "summary of it" })
        }
        const later = yield* once.run("key", effect, identity)
        assert.deepStrictEqual(later, { _tag: "Repeated", summary: "summary of it" })
      }))
  }

  it.effect("keeps other keys out of it", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const { effect, runs } = yield* gated()
      yield* fork(once.run("a", effect, identity))
      assert.deepStrictEqual(yield* once.run("b", Effect.succeed("b"), identity), { _tag: "First", value: "b" })
      assert.strictEqual(yield* runs, 1)
    }))

  for (
    const [what, end] of [
      [
        "fails",
        (fiber: Fiber.Fiber<unknown, unknown>, gate: Deferred.Deferred<string, string>) =>
          Effect.as(Deferred.fail(gate, "broken"), fiber)
      ],
      [
        "dies",
        (fiber: Fiber.Fiber<unknown, unknown>, gate: Deferred.Deferred<string, string>) =>
          Effect.as(Deferred.die(gate, "broken"), fiber)
      ],
      ["is interrupted", (fiber: Fiber.Fiber<unknown, unknown>) => Effect.as(Fiber.interrupt(fiber), fiber)]
    ] as const
  ) {
    it.effect(`lets exactly one of those that wait take over when the first ${what}`, () =>
      Effect.gen(function*() {
        const once = yield* Outcomes.make<string>(roomy)
        const { effect, gates, runs } = yield* gated()
        const fibers = yield* Effect.replicateEffect(fork(once.run("key", effect, identity)), 10)
        yield* end(fibers[0]!, gates[0]!)
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fibers[0]!)))
        yield* settle
        assert.strictEqual(yield* runs, 2)
        yield* Deferred.succeed(gates[1]!, "second")
        const outcomes = yield* Fiber.joinAll(fibers.slice(1))
        assert.strictEqual(yield* runs, 2)
        assert.lengthOf(outcomes.filter(({ _tag }) => _tag === "First"), 1)
        assert.lengthOf(outcomes.filter((outcome) => outcome._tag === "Repeated" && outcome.summary === "second"), 8)
      }))

    it.effect(`runs again for the next call when the only one ${what}`, () =>
      Effect.gen(function*() {
        const once = yield* Outcomes.make<string>(roomy)
        const { effect, gates } = yield* gated()
        const fiber = yield* fork(once.run("key", effect, identity))
        yield* end(fiber, gates[0]!)
        yield* Fiber.await(fiber)
        const next = yield* once.run("key", Effect.succeed("second"), identity)
        assert.deepStrictEqual(next, { _tag: "First", value: "second" })
      }))
  }

  it.effect("runs again when it cannot be summarized, and leaves nobody waiting", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const { effect, gates } = yield* gated()
      const first = yield* fork(once.run("key", effect, () => {
        throw new Error("no summary")
      }))
      const second = yield* fork(once.run("key", Effect.succeed("second"), identity))
      yield* Deferred.succeed(gates[0]!, "first")
      assert.isTrue(Exit.hasDies(yield* Fiber.await(first)))
      assert.deepStrictEqual(yield* Fiber.join(second), { _tag: "First", value: "second" })
    }))

  it.effect("begins at once with a key that is not known, and is a result where nothing has to wait", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const fails = once.begin("key", 0, () => Exit.fail("broken"), identity)
      assert.deepStrictEqual(fails, Exit.fail("broken"))
      const dies = once.begin("key", 0, () => Exit.succeed("it"), () => {
        throw new Error("no summary")
      })
      assert.isTrue(Exit.isExit(dies) && Exit.hasDies(dies))
      const first = once.begin("key", 0, () => Exit.succeed("it"), (value) => `summary of ${value}`)
      assert.deepStrictEqual(first, Exit.succeed({ _tag: "First", value: "it" }))
      const again = once.begin("key", 0, () => Effect.die("a second time"), identity)
      assert.deepStrictEqual(again, Exit.succeed({ _tag: "Repeated", summary: "summary of it" }))
      const { effect, gates, runs } = yield* gated()
      const slow = yield* fork(once.begin("other", 0, () => effect, identity))
      const repeated = yield* fork(once.begin("other", 0, () => effect, identity))
      yield* Deferred.succeed(gates[0]!, "slow")
      assert.deepStrictEqual(yield* Fiber.join(slow), { _tag: "First", value: "slow" })
      assert.deepStrictEqual(yield* Fiber.join(repeated), { _tag: "Repeated", summary: "slow" })
      assert.strictEqual(yield* runs, 1)
    }))

  it.effect("is not disturbed when one that waits is interrupted", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const { effect, gates, runs } = yield* gated()
      const first = yield* fork(once.run("key", effect, identity))
      const impatient = yield* fork(once.run("key", effect, identity))
      const patient = yield* fork(once.run("key", effect, identity))
      yield* Fiber.interrupt(impatient)
      yield* Deferred.succeed(gates[0]!, "it")
      assert.deepStrictEqual(yield* Fiber.join(first), { _tag: "First", value: "it" })
      assert.deepStrictEqual(yield* Fiber.join(patient), { _tag: "Repeated", summary: "it" })
      assert.strictEqual(yield* runs, 1)
    }))

  it.effect("frees the key of a call that is interrupted before it starts", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const lazy = yield* Effect.forkChild(once.run("key", Effect.never, identity))
      yield* Fiber.interrupt(lazy)
      yield* Effect.exit(once.run("key", Effect.interrupt, identity))
      assert.strictEqual((yield* once.run("key", Effect.succeed("it"), identity))._tag, "First")
    }))

  it.effect("frees the key of a call that is interrupted at any of its steps", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      for (const opsBeforeYield of [3, 4, 5]) {
        for (let steps = 0; steps < 50; steps++) {
          const key = `${opsBeforeYield} ${steps}`
          const fiber = yield* Effect.provideService(
            Effect.forkChild(once.run(key, Effect.never, identity), { startImmediately: true }),
            Scheduler.MaxOpsBeforeYield,
            opsBeforeYield
          )
          yield* Effect.repeat(Effect.yieldNow, { times: steps })
          yield* Fiber.interrupt(fiber)
          const next = yield* fork(once.run(key, Effect.succeed("it"), identity))
          assert.deepStrictEqual(next.pollUnsafe(), Exit.succeed({ _tag: "First", value: "it" }))
        }
      }
    }))

  it.effect("frees the key of a call that has begun with it, when its fiber is interrupted", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const { effect, gates } = yield* gated()
      const first = yield* fork(Effect.suspend(() => once.begin("key", 0, () => effect, identity)))
      const second = yield* fork(once.run("key", Effect.succeed("second"), identity))
      yield* Fiber.interrupt(first)
      assert.lengthOf(gates, 1)
      assert.deepStrictEqual(yield* Fiber.join(second), { _tag: "First", value: "second" })
    }))

  it.effect("runs the effect of several keys unless one of them is known, whatever their order", () =>
    Effect.gen(function*() {
      const once = yield* Deduplicator.make<string>(roomy)
      const { effect, gates } = yield* gated()
      const run = (...keys: ReadonlyArray<string>) =>
        fork(Effect.withFiber(once.runAll(keys, () => effect, { summarize: identity, repeated: () => "repeated" })))
      const calls = [yield* run("a", "b", "a"), yield* run("b", "a"), yield* run("b"), yield* run("a", "c")]
      yield* settle
      assert.lengthOf(gates, 1)
      yield* Deferred.succeed(gates[0]!, "first")
      assert.deepStrictEqual(yield* Fiber.joinAll(calls), ["first", "repeated", "repeated", "repeated"])
      const other = yield* run("d", "d")
      yield* Deferred.succeed(gates[1]!, "first")
      assert.strictEqual(yield* Fiber.join(other), "first")
    }))

  it.effect("keeps the key for the call that has it when an earlier one fails that was forgotten meanwhile", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>({ capacity: 1, timeToLive: "1 minute" })
      const { effect, gates, runs } = yield* gated()
      yield* fork(Effect.exit(once.run("key", effect, identity)))
      yield* once.run("other", Effect.succeed("it"), identity)
      const second = yield* fork(once.run("key", effect, identity))
      yield* Deferred.fail(gates[0]!, "broken")
      yield* settle
      const third = yield* fork(once.run("key", effect, identity))
      yield* Deferred.succeed(gates[1]!, "second")
      assert.deepStrictEqual(yield* Fiber.join(second), { _tag: "First", value: "second" })
      assert.deepStrictEqual(yield* Fiber.join(third), { _tag: "Repeated", summary: "second" })
      assert.strictEqual(yield* runs, 2)
    }))

  it.effect("remembers a key for its time to live, from when it was first seen", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const run = Effect.map(once.run("key", Effect.succeed("it"), identity), ({ _tag }) => _tag)
      assert.strictEqual(yield* run, "First")
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* run, "Repeated")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* run, "First")
    }))

  it.effect("forgets a key in time also when the clock of the machine was set back meanwhile", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>(roomy)
      const run = (key: string) => Effect.map(once.run(key, Effect.succeed("it"), identity), ({ _tag }) => _tag)
      yield* TestClock.setTime(1_000_000)
      yield* run("late")
      yield* TestClock.setTime(500_000)
      yield* run("early")
      assert.strictEqual(yield* run("early"), "Repeated")
      // `late` has not expired and is in front of it.
      yield* TestClock.setTime(600_000)
      assert.strictEqual(yield* run("early"), "First")
      assert.strictEqual(yield* run("early"), "Repeated")
    }))

  it.effect("forgets the older half of its keys beyond its capacity, and only for a new one", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>({ capacity: 4, timeToLive: "1 minute" })
      const run = (key: string) => Effect.map(once.run(key, Effect.succeed("it"), identity), ({ _tag }) => _tag)
      for (const key of ["a", "b", "c", "d"]) assert.strictEqual(yield* run(key), "First")
      for (const key of ["d", "c", "b", "a", "a"]) assert.strictEqual(yield* run(key), "Repeated")
      assert.strictEqual(yield* run("e"), "First")
      for (const key of ["c", "d", "e"]) assert.strictEqual(yield* run(key), "Repeated")
      for (const key of ["a", "b"]) assert.strictEqual(yield* run(key), "First")
      assert.strictEqual(yield* run("e"), "Repeated")
    }))

  it.effect("forgets the older half of its keys beyond its bytes, with those of the summaries", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>({ capacity: 100, maxBytes: 20_000, timeToLive: "1 minute" })
      const run = (key: string, summary = "it") =>
        Effect.map(once.run(key, Effect.succeed(summary), identity), ({ _tag }) => _tag)
      const long = (key: string) => key.repeat(1400)
      const all = ["a", "b", "c", "d", "e", "f"].map(long)
      for (const key of all) assert.strictEqual(yield* run(key), "First")
      for (const key of all) assert.strictEqual(yield* run(key), "Repeated")
      // With this summary the second half is full.
      assert.strictEqual(yield* run("short", "x".repeat(600)), "First")
      for (const key of [...all.slice(3), "short"]) assert.strictEqual(yield* run(key), "Repeated")
      assert.strictEqual(yield* run(long("g")), "First")
      assert.strictEqual(yield* run(long("a")), "First")
      assert.strictEqual(yield* run("short"), "Repeated")
      // A key that exceeds half of the bound alone works, and is not remembered.
      const huge = "x".repeat(6000)
      assert.strictEqual(yield* run(huge), "First")
      assert.strictEqual(yield* run(huge), "First")
      assert.strictEqual(yield* run(long("g")), "Repeated")
      // Neither is one with such a summary, whatever it is.
      assert.strictEqual(yield* run("heavy", "x".repeat(6000)), "First")
      assert.strictEqual(yield* run(long("g")), "Repeated")
      assert.strictEqual(yield* run("heavy"), "First")
    }))

  it.effect("forgets nothing for calls that fail, however many do", () =>
    Effect.gen(function*() {
      for (const limits of [{ capacity: 4 }, { capacity: 100, maxBytes: 2000 }]) {
        const once = yield* Outcomes.make<string>({ ...limits, timeToLive: "1 minute" })
        yield* once.run("key", Effect.succeed("it"), identity)
        for (let call = 0; call < 20; call++) yield* Effect.exit(once.run(`${call}`, Effect.fail("broken"), identity))
        assert.strictEqual((yield* once.run("key", Effect.succeed("it"), identity))._tag, "Repeated")
      }
    }))

  it.effect("counts the bytes of scopes", () =>
    Effect.gen(function*() {
      const once = yield* Deduplicator.make<string>({ capacity: 100, maxBytes: 20_000, timeToLive: "1 minute" })
      const run = (scope: string) =>
        once.run({ key: "key", scope }, () => Effect.succeed("first"), {
          summarize: identity,
          repeated: () => "repeated"
        })
      const scopes = ["a", "b", "c", "d", "e", "f", "g"].map((scope) => scope.repeat(1400))
      for (const scope of scopes) assert.strictEqual(yield* run(scope), "first")
      for (const scope of scopes.slice(-3)) assert.strictEqual(yield* run(scope), "repeated")
      assert.strictEqual(yield* run(scopes[0]!), "first")
    }))

  it.effect("does not confuse a key with the same in another scope", () =>
    Effect.gen(function*() {
      const once = yield* Deduplicator.make<string>(roomy)
      const run = (scope: string, key: string) =>
        once.run({ key, scope }, () => Effect.succeed("first"), { summarize: identity, repeated: () => "repeated" })
      for (const [scope, key] of [["a", "bc"], ["ab", "c"], ["", "abc"]] as const) {
        assert.strictEqual(yield* run(scope, key), "first")
        assert.strictEqual(yield* run(scope, key), "repeated")
      }
    }))

  it.effect("works with room for one key", () =>
    Effect.gen(function*() {
      const once = yield* Outcomes.make<string>({ capacity: 1, timeToLive: "1 minute" })
      const { effect, gates, runs } = yield* gated()
      const fibers = yield* Effect.replicateEffect(fork(once.run("key", effect, identity)), 5)
      yield* Deferred.succeed(gates[0]!, "it")
      yield* Fiber.joinAll(fibers)
      assert.strictEqual(yield* runs, 1)
    }))
})
