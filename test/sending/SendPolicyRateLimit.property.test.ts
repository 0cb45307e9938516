import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Ref } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { RateLimiter } from "effect/persistence"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"

const window = 1000

const Limiter = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))

interface Arrival {
  readonly pause: number
  readonly segments: number
  readonly server: number
}

const arrivals = Arbitrary.schema(
  Schema.Array(Schema.Struct({
    pause: Schema.Literals([0, 0, 1, 99, 333, 400, 999, 1000, 1001, 3500]),
    segments: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
    server: Schema.Literals([0, 1])
  })).check(Schema.isMaxLength(30))
)

const limits = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })))

/** When each message is sent, and how many segments it has, in the order in which they are sent. */
const timesOf = Effect.fnUntraced(function*(
  all: ReadonlyArray<Arrival>,
  options: Pick<SendPolicy.RateLimit, "limit" | "count" | "maxWait">
) {
  const log = yield* Ref.make<ReadonlyArray<{ readonly at: number; readonly segments: number }>>([])
  const server = Effect.gen(function*() {
    const mock = yield* MockSmsProvider.make({
      respond: ({ content }) =>
        Effect.flatMap(Clock.currentTimeMillis, (at) =>
          Ref.update(log, (log) => [
            ...log,
            { at, segments: Math.ceil((content as TextContent).text.length / 153) }
          ]))
    })
    return yield* SendPolicy.makeRateLimited(mock, { ...options, window })
  })
  const servers = [yield* server, yield* server]
  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  for (const { pause, segments, server } of all) {
    yield* TestClock.adjust(pause)
    const message = new OutboundMessage({
      to: Address.make("+15145550142"),
      content: new TextContent({ text: "x".repeat(153 * segments) })
    })
    fibers.push(
      yield* Effect.forkChild(Effect.exit(servers[server]!.send(message)), { startImmediately: true })
    )
  }
  // Two servers wake at the same time for the same slot: one of them waits for another window.
  yield* TestClock.adjust(window * (all.reduce((sum, { segments }) => sum + segments, 0) * 2 + 2))
  yield* Fiber.joinAll(fibers)
  return yield* Ref.get(log)
})

const assertNeverAbove = (limit: number, log: ReadonlyArray<{ readonly at: number; readonly segments: number }>) => {
  for (const { at } of log) {
    const within = log.filter((other) => other.at >= at && other.at < at + window)
    assert.isAtMost(within.reduce((sum, { segments }) => sum + segments, 0), limit)
  }
}

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

  it.effect.prop(
    "is that of several servers together",
    [arrivals, limits],
    ([all, limit]) =>
      Effect.gen(function*() {
        const alone = all.map((arrival) => ({ ...arrival, segments: 1 }))
        const log = yield* timesOf(alone, { limit })
        assertNeverAbove(limit, log)
        assert.lengthOf(log, alone.length)
      }).pipe(Effect.provide(Limiter)),
    { arbitrary: { runs: 50 } }
  )

  it.effect.prop(
    "is never exceeded by messages that do not wait",
    [arrivals, limits],
    ([all, limit]) =>
      Effect.gen(function*() {
        const log = yield* timesOf(all.map((arrival) => ({ ...arrival, segments: 1 })), { limit, maxWait: 0 })
        assertNeverAbove(limit, log)
        if (all.length > 0) assert.isAbove(log.length, 0)
      }).pipe(Effect.provide(Limiter)),
    { arbitrary: { runs: 50 } }
  )
})
