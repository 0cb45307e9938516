import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import * as KeyedMutex from "../../src/internal/keyedMutex.ts"

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

it.effect("of one key come one after the other, in their order, and those of another key meanwhile", () =>
  Effect.gen(function*() {
    const inTurn = KeyedMutex.make()
    const log: Array<string> = []
    const gate = yield* Deferred.make<void>()
    const say = (word: string) => Effect.sync(() => void log.push(word))
    const first = yield* start(inTurn("a")(Effect.andThen(Deferred.await(gate), say("first"))))
    const rest = yield* Effect.forEach(["second", "third"], (word) => start(inTurn("a")(say(word))))
    yield* inTurn("b")(say("other"))
    assert.deepStrictEqual(log, ["other"])
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.awaitAll([first, ...rest])
    assert.deepStrictEqual(log, ["other", "first", "second", "third"])
  }))

it.effect("are left by who is interrupted, and by who fails", () =>
  Effect.gen(function*() {
    const inTurn = KeyedMutex.make()
    const holding = yield* start(inTurn("a")(Effect.never))
    const waiting = yield* start(inTurn("a")(Effect.die("not its turn")))
    const next = yield* start(inTurn("a")(Effect.fail("failed")))
    yield* Fiber.interrupt(waiting)
    yield* Fiber.interrupt(holding)
    assert.strictEqual(yield* Effect.flip(Fiber.join(next)), "failed")
    assert.strictEqual(yield* inTurn("a")(Effect.succeed("done")), "done")
  }))

it.effect("let the one that has ended go on before the next one runs", () =>
  Effect.gen(function*() {
    const inTurn = KeyedMutex.make()
    const log: Array<string> = []
    const gate = yield* Deferred.make<void>()
    const say = (word: string) => Effect.sync(() => void log.push(word))
    const first = yield* start(Effect.andThen(inTurn("a")(Deferred.await(gate)), say("sent first")))
    const second = yield* start(inTurn("a")(say("second")))
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.awaitAll([first, second])
    assert.deepStrictEqual(log, ["sent first", "second"])
  }))

it.effect("pass the turn on when its next owner is interrupted before it begins", () =>
  Effect.gen(function*() {
    const inTurn = KeyedMutex.make()
    const gate = yield* Deferred.make<void>()
    const first = yield* start(inTurn("a")(Deferred.await(gate)))
    const second = yield* start(inTurn("a")(Effect.die("not its turn")))
    const third = yield* start(inTurn("a")(Effect.succeed("third")))
    yield* Deferred.succeed(gate, undefined)
    second.interruptUnsafe()
    yield* Fiber.await(first)
    assert.strictEqual(yield* Fiber.join(third), "third")
  }))

it.effect("begin at once where the key is free, and as a result where nothing has to wait", () =>
  Effect.withFiber((fiber) =>
    Effect.gen(function*() {
      const inTurn = KeyedMutex.make()
      assert.deepStrictEqual(inTurn.begin(fiber, "a", () => Exit.succeed("done")), Exit.succeed("done"))
      const dies = inTurn.begin(fiber, "a", () => {
        throw new Error("broken")
      })
      assert.isTrue(Exit.isExit(dies) && Exit.hasDies(dies))
      const gate = yield* Deferred.make<string>()
      const log: Array<string> = []
      const first = yield* start(
        inTurn.begin(fiber, "a", () => Effect.onExit(Deferred.await(gate), () => say("first")))
      )
      const say = (word: string) => Effect.sync(() => void log.push(word))
      const second = inTurn.begin(fiber, "a", () => say("second"))
      assert.isFalse(Exit.isExit(second))
      const rest = yield* Effect.forEach([second, inTurn("a")(say("third"))], start)
      assert.deepStrictEqual(log, [])
      yield* Deferred.succeed(gate, "it")
      yield* Fiber.awaitAll([first, ...rest])
      assert.deepStrictEqual(log, ["first", "second", "third"])
      assert.deepStrictEqual(inTurn.begin(fiber, "a", () => Exit.succeed("free")), Exit.succeed("free"))
    })
  ))

it.effect("keep their place while another key begins within, and let those pass that came meanwhile", () =>
  Effect.withFiber((fiber) =>
    Effect.gen(function*() {
      const inTurn = KeyedMutex.make()
      const log: Array<string> = []
      const waiting: Array<Fiber.Fiber<unknown>> = []
      const wait = (key: string) => {
        waiting.push(Effect.runFork(inTurn(key)(Effect.sync(() => log.push(`waited for ${key}`)))))
      }
      const outer = inTurn.begin(fiber, "a", () => {
        const inner = inTurn.begin(fiber, "b", (): Effect.Effect<void> => {
          wait("a")
          wait("b")
          log.push("b")
          throw new Error("broken")
        })
        assert.isTrue(Exit.isExit(inner) && Exit.hasDies(inner))
        wait("a")
        log.push("a")
        return Exit.void
      })
      assert.isTrue(Exit.isExit(outer))
      assert.deepStrictEqual(log, ["b", "a"])
      yield* Fiber.awaitAll(waiting)
      assert.deepStrictEqual(log.slice(2).sort(), ["waited for a", "waited for a", "waited for b"])
      for (const key of ["a", "b"]) assert.strictEqual(inTurn.begin(fiber, key, () => Exit.void), Exit.void)
    })
  ))
