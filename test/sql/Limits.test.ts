/** Rate limits and circuits in a database. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Scope } from "effect"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as LimitsMemory from "../../src/sending/internal/limitsMemory.ts"
import * as CircuitBreakerStoreSql from "../../src/sql/CircuitBreakerStoreSql.ts"
import * as CleanUp from "../../src/sql/internal/cleanUp.ts"
import * as Limits from "../../src/sql/internal/limits.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as RateLimiterStoreSql from "../../src/sql/RateLimiterStoreSql.ts"
import { suite, windowSuite } from "../suites/LimitsSuite.ts"

const client = NodeSqliteClient.layer({ filename: ":memory:" })

const layerStores = Layer.unwrap(Effect.gen(function*() {
  yield* migrate
  const limits = yield* Limits.make(yield* makeTransact)
  return Layer.merge(
    Layer.succeed(RateLimiter.RateLimiterStore, RateLimiterStoreSql.make(limits)),
    Layer.succeed(CircuitBreaker.CircuitBreakerStore, CircuitBreakerStoreSql.make(limits))
  )
}))

const layer = Layer.provide(layerStores, client)

suite("memory", Layer.merge(LimitsMemory.layerRateLimiterStore, LimitsMemory.layerCircuitBreakerStore))
suite("SQLite", layer)
windowSuite("memory", LimitsMemory.layerRateLimiterStore)
windowSuite("SQLite", layer)

describe("limits in a database", () => {
  it.effect("are held up by no clock that is set back, for longer than a window", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make
      const take = Effect.exit(limiter.consume({
        key: "a",
        algorithm: "token-bucket",
        limit: 1,
        window: "1 minute",
        onExceeded: "fail"
      }))
      yield* TestClock.setTime(3_600_000)
      assert.isTrue(Exit.isSuccess(yield* take))
      yield* TestClock.setTime(0)
      assert.isTrue(Exit.isFailure(yield* take))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isSuccess(yield* take))
    }).pipe(Effect.provide(layer)))

  it.effect("let another call probe when the server that does is gone, and not before", () =>
    Effect.gen(function*() {
      const { admit, record } = yield* CircuitBreaker.CircuitBreakerStore
      const fail = (generation: number) =>
        record({
          key: "a",
          generation,
          outcome: "Failure",
          tripPolicy: CircuitBreaker.consecutive(1),
          openFor: Duration.seconds(1)
        })
      yield* fail((yield* Effect.scoped(admit("a"))).generation)
      yield* TestClock.adjust("1 second")
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(admit("a"), scope)
      assert.isTrue(first.probe)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(admit("a")))))
      // The probe's process renews its lease no longer.
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("10 seconds")
      const second = yield* Effect.scoped(admit("a"))
      assert.isTrue(second.probe)
      assert.isUndefined(yield* fail(first.generation))
      assert.strictEqual((yield* fail(second.generation))?.to, "Open")
    }).pipe(Effect.provide(layer)))

  it.effect("go when they are over", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cleanUp = yield* CleanUp.make(yield* makeTransact)
      const limiter = yield* RateLimiter.make
      for (const key of ["a", "b"]) {
        yield* limiter.consume({
          key,
          algorithm: "token-bucket",
          limit: 1,
          window: key === "a" ? "1 minute" : "1 hour"
        })
      }
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* cleanUp.run)["sms_limits"], 1)
      assert.deepStrictEqual(yield* sql`SELECT key FROM sms_limits`, [{ key: "bucket b" }])
    }).pipe(Effect.provide(Layer.provideMerge(layerStores, client))))
})
