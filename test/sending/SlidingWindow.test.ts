/** How much a rate limit remembers, whoever sends. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as LimitsMemory from "../../src/sending/internal/limitsMemory.ts"
import * as SlidingWindow from "../../src/sending/internal/slidingWindow.ts"
import { settable } from "../clock.ts"

const window = Duration.seconds(10)

const Limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

const make = (maxSlots: number) =>
  Effect.map(RateLimiter.RateLimiter, (limiter) => SlidingWindow.make({ limiter, limit: 3, window, maxSlots }))

describe("the slots of all senders", () => {
  it.effect("are bounded: a sender without a slot waits, those that have some do not", () =>
    Effect.gen(function*() {
      const take = yield* make(6)
      for (const key of ["a", "b"]) {
        for (let i = 0; i < 3; i++) assert.isUndefined(yield* take(key, 1), key)
      }
      assert.deepStrictEqual(yield* take("c", 1), window)
      assert.deepStrictEqual(yield* take("a", 1), window)
      yield* TestClock.adjust(window)
      // Those of `a` and `b` are free, and room for others.
      for (let i = 0; i < 3; i++) assert.isUndefined(yield* take("c", 1))
      for (let i = 0; i < 3; i++) assert.isUndefined(yield* take("a", 1))
      assert.deepStrictEqual(yield* take("b", 1), window)
    }).pipe(Effect.provide(Limiter)))

  it.effect("are free after a window, also when the clock was set back", () =>
    Effect.gen(function*() {
      const { by, turn } = yield* settable
      const take = yield* make(3)
      assert.isUndefined(yield* by(take("a", 3)))
      yield* turn(-3_600_000)
      assert.deepStrictEqual(yield* by(take("a", 1)), window)
      yield* TestClock.adjust(window)
      assert.isUndefined(yield* by(take("a", 1)))
    }).pipe(Effect.provide(Layer.provide(RateLimiter.layer, LimitsMemory.layerRateLimiterStore))))

  it.effect("of one sender are taken again, however long it sends", () =>
    Effect.gen(function*() {
      const take = yield* make(3)
      for (let round = 0; round < 20; round++) {
        assert.isUndefined(yield* take("a", 3))
        yield* TestClock.adjust(window)
      }
    }).pipe(Effect.provide(Limiter)))
})
