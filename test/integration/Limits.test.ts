/** Rate limits and circuits on Postgres, which several servers share. */
import { NodeCrypto } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Layer, Redacted } from "effect"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import * as CircuitBreakerStoreSql from "../../src/sql/CircuitBreakerStoreSql.ts"
import * as Limits from "../../src/sql/internal/limits.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import * as RateLimiterStoreSql from "../../src/sql/RateLimiterStoreSql.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { textContent } from "../rooms/kit.ts"
import { suite } from "../suites/LimitsSuite.ts"
import { database, hasPostgres } from "./database.ts"

const layer = Layer.unwrap(Effect.gen(function*() {
  yield* migrate
  const limits = yield* Limits.make(yield* makeTransact, Clock.currentTimeMillis)
  return Layer.merge(
    Layer.succeed(RateLimiter.RateLimiterStore, RateLimiterStoreSql.make(limits)),
    Layer.succeed(CircuitBreaker.CircuitBreakerStore, CircuitBreakerStoreSql.make(limits))
  )
})).pipe(
  Layer.provide(Layer.unwrap(Effect.map(database, (url) => PgClient.layer({ url: Redacted.make(url) })))),
  Layer.orDie
)

suite("Postgres", layer, { runs: 5, skip: !hasPostgres })

const message = new OutboundMessage({ to: Address.make("+15145550142"), content: textContent("hello") })

/** A server that sends at most five messages in ten minutes with all the others. */
const makeServer = Effect.fnUntraced(function*(url: string) {
  const context = yield* Layer.build(
    Layer.fresh(SqlStorage.layer().pipe(Layer.provide([PgClient.layer({ url: Redacted.make(url) }), NodeCrypto.layer])))
  )
  const mock = yield* MockSmsProvider.make()
  const limiter = yield* Effect.provideService(
    RateLimiter.make,
    RateLimiter.RateLimiterStore,
    Context.get(context, RateLimiter.RateLimiterStore)
  )
  const limited = SendPolicy.makeRateLimited(mock, { limit: 5, window: "10 minutes", maxWait: 0 })
  return { mock, provider: yield* Effect.provideService(limited, RateLimiter.RateLimiter, limiter) }
})

describe.skipIf(!hasPostgres)("servers that share a Postgres", () => {
  it.live("send no more than the limit together, however many messages come at once", () =>
    Effect.gen(function*() {
      const url = yield* database
      const servers = [yield* makeServer(url), yield* makeServer(url), yield* makeServer(url)]
      const exits = yield* Effect.forEach(
        Array.from({ length: 45 }, (_, index) => servers[index % servers.length]!),
        ({ provider }) => Effect.exit(provider.send(message)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(exits.filter(Exit.isSuccess), 5)
      const sent = yield* Effect.forEach(servers, ({ mock }) => mock.sent)
      assert.lengthOf(sent.flat(), 5)
    }))

  it.effect("do not depend on how well their clocks agree", () =>
    Effect.gen(function*() {
      const url = yield* database
      const [one, other] = [yield* makeServer(url), yield* makeServer(url)]
      for (let times = 0; times < 5; times++) yield* one.provider.send(message)
      // A server whose clock is ahead by more than the window.
      yield* TestClock.setTime(601_000)
      assert.strictEqual((yield* Effect.flip(other.provider.send(message))).reason._tag, "RateLimited")
    }))
})
