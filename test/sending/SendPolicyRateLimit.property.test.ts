import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { type Arrival, arrivals, assertNeverAbove, limits, timesOf, window } from "./limited.ts"

const Limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

const single = (all: ReadonlyArray<Arrival>): ReadonlyArray<Arrival> =>
  all.map((arrival) => ({ ...arrival, segments: 1, server: 0 }))

describe("a rate limit, for any arrivals", () => {
  it.effect.prop(
    "sends each message as soon as no window has more than the limit",
    [arrivals, limits],
    ([all, limit]) =>
      Effect.gen(function*() {
        const log = yield* timesOf(single(all), { limit })
        assertNeverAbove(limit, log)
        const expected: Array<number> = []
        let now = 0
        for (const [index, { pause }] of all.entries()) {
          now += pause
          expected.push(Math.max(now, (expected[index - limit] ?? -window) + window))
        }
        const [first = 0] = log.map(({ at }) => at)
        const start = first - (expected[0] ?? 0)
        assert.deepStrictEqual(log.map(({ at }) => at - start), expected)
      }).pipe(Effect.provide(Limiter)),
    { arbitrary: { runs: 50 } }
  )

  it.effect.prop(
    "counts segments, and sends every message",
    [arrivals, limits],
    ([all, limit]) =>
      Effect.gen(function*() {
        const fitting = all.map((arrival) => ({ ...arrival, segments: Math.min(arrival.segments, limit), server: 0 }))
        const log = yield* timesOf(fitting, { limit, count: "segments" })
        assertNeverAbove(limit, log)
        assert.deepStrictEqual(log.map(({ segments }) => segments), fitting.map(({ segments }) => segments))
      }).pipe(Effect.provide(Limiter)),
    { arbitrary: { runs: 50 } }
  )
})
