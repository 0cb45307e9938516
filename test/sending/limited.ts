/** Servers that send with one rate limit, and when they do. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Fiber, Ref } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"

export const window = 1000

export interface Arrival {
  readonly pause: number
  readonly segments: number
  readonly server: number
}

export const arrivals = Arbitrary.schema(
  Schema.Array(Schema.Struct({
    pause: Schema.Literals([0, 0, 1, 99, 333, 400, 999, 1000, 1001, 3500]),
    segments: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
    server: Schema.Literals([0, 1])
  })).check(Schema.isMaxLength(30))
)

export const limits = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })))

/** When each message is sent, and how many segments it has, in the order in which they are sent. */
export const timesOf = Effect.fnUntraced(function*(
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
  // Servers that wake at the same time for the same slot wait for another window, and a busy machine may be slower than the clock.
  const sent = yield* Effect.forkChild(Fiber.joinAll(fibers))
  while (sent.pollUnsafe() === undefined) yield* TestClock.adjust(window)
  return yield* Ref.get(log)
})

export const assertNeverAbove = (
  limit: number,
  log: ReadonlyArray<{ readonly at: number; readonly segments: number }>
) => {
  for (const { at } of log) {
    const within = log.filter((other) => other.at >= at && other.at < at + window)
    assert.isAtMost(within.reduce((sum, { segments }) => sum + segments, 0), limit)
  }
}
