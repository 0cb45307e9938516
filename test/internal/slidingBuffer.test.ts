import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import * as fc from "fast-check"
import * as SlidingBuffer from "../../src/internal/slidingBuffer.ts"

const sizeOf = (text: string) => 2 * text.length

describe("a sliding buffer", () => {
  it.effect("gives the latest values within its bounds, in order", () =>
    Effect.gen(function*() {
      const buffer = yield* SlidingBuffer.make({ maxEntries: 3, maxBytes: 10_000, sizeOf })
      for (const value of ["a", "b", "c", "d"]) yield* buffer.offer(value)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(buffer.stream, 3)), ["b", "c", "d"])
      const large = "x".repeat(2500)
      for (const value of ["e", `f${large}`, `g${large}`]) yield* buffer.offer(value)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(buffer.stream, 1)), [`g${large}`])
    }))

  it.effect("gives each value to one reader, however many wait", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const buffer = yield* Scope.provide(SlidingBuffer.make({ maxEntries: 100, maxBytes: 100_000, sizeOf }), scope)
      const readers = yield* Effect.replicateEffect(
        Effect.forkChild(Stream.runCollect(buffer.stream), { startImmediately: true }),
        3
      )
      for (let index = 0; index < 10; index++) {
        yield* buffer.offer(String(index))
        yield* Effect.yieldNow
      }
      yield* Scope.close(scope, Exit.void)
      const read = (yield* Fiber.joinAll(readers)).flat()
      assert.deepStrictEqual(read.toSorted(), Array.from({ length: 10 }, (_, index) => String(index)))
    }))
})

describe("a broadcast", () => {
  it.effect("gives every reader what is published while it reads, and ends with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { publish, stream } = yield* Scope.provide(
        SlidingBuffer.makeBroadcast({ maxEntries: 100, maxBytes: 100_000, sizeOf }),
        scope
      )
      const read = Effect.forkChild(Stream.runCollect(stream), { startImmediately: true })
      yield* publish("nobody reads")
      const first = yield* read
      yield* publish("one")
      const second = yield* read
      yield* publish("two")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(first), ["one", "two"])
      assert.deepStrictEqual(yield* Fiber.join(second), ["two"])
      assert.deepStrictEqual(yield* Stream.runCollect(stream), [])
    }))

  it.effect("keeps for a reader that is slow what fits, whatever is published", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.nat({ max: 3000 }), { maxLength: 60 }), (lengths) =>
          Effect.runPromise(Effect.scoped(Effect.gen(function*() {
            const scope = yield* Scope.make()
            const { publish, stream } = yield* Scope.provide(
              SlidingBuffer.makeBroadcast({ maxEntries: 8, maxBytes: 10_000, sizeOf }),
              scope
            )
            const values = lengths.map((length, index) => `${index} ${"x".repeat(length)}`)
            const reading = yield* Effect.forkChild(Stream.runCollect(stream), { startImmediately: true })
            // Without a pause, so that the reader gets its turn at the end.
            for (const value of values) {
              yield* publish(value)
            }
            yield* Scope.close(scope, Exit.void)
            const read = yield* Fiber.join(reading)
            assert.isAtMost(read.length, 8)
            assert.isAtMost(
              read.reduce((sum, value) =>
                sum + sizeOf(value), 0),
              10_000
            )
            assert.deepStrictEqual(read, values.slice(values.length - read.length))
          })))),
        { numRuns: 100 }
      )
    ))
})
