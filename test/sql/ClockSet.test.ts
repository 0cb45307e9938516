/** A clock that is set holds nothing up: neither work of a server that is gone, nor split messages. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { settable } from "../clock.ts"
import { collect, media, offerAll, said, wrapper } from "../mms/parts.ts"

const hour = 3_600_000

const layer = Layer.fresh(Layer.merge(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer))

type Clock = Effect.Success<typeof settable>

const test = (
  title: string,
  body: (clock: Clock) => Effect.Effect<void, unknown, Layer.Success<typeof layer> | Scope.Scope>
) =>
  it.effect(title, () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(2 * hour)
      yield* body(yield* settable)
    }).pipe(Effect.scoped, Effect.provide(layer)))

/** A server of another machine, of which there is no more than its row and a lane. */
const elsewhere = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO sms_servers (id, host, pid, beat) VALUES ('other', 'elsewhere', 1, 7)`
  yield* sql`INSERT INTO sms_lanes (lane, pending, ready_at, written_at, owner, claim) VALUES ('a', 1, 0, 0, 'other', 1)`
  return {
    beat: sql`UPDATE sms_servers SET beat = beat + 1 WHERE id = 'other'`,
    isAlive: Effect.map(sql`SELECT 1 FROM sms_servers WHERE id = 'other'`, ({ length }) => length === 1),
    owners: Effect.map(
      sql<{ owner: string | null }>`SELECT owner FROM sms_lanes`,
      (rows) => rows.map(({ owner }) => owner)
    )
  }
})

describe("a clock that is set", () => {
  test("back delays no takeover from a server that is gone", ({ by, turn }) =>
    Effect.gen(function*() {
      yield* by(SqlStorage.make())
      const { isAlive, owners } = yield* elsewhere
      yield* TestClock.adjust("4 seconds")
      yield* turn(-hour)
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(yield* isAlive)
      yield* TestClock.adjust("6 seconds")
      assert.isFalse(yield* isAlive)
      assert.deepStrictEqual(yield* owners, [null])
    }))

  test("forward takes nothing from a server that lives", ({ by, turn }) =>
    Effect.gen(function*() {
      yield* by(SqlStorage.make())
      const { beat, isAlive } = yield* elsewhere
      for (let round = 0; round < 10; round++) {
        yield* beat
        yield* TestClock.adjust("2 seconds")
        yield* turn(hour)
        yield* TestClock.adjust("2 seconds")
        assert.isTrue(yield* isAlive)
      }
    }))

  test("back lets a wrapper wait for its file no longer than once more", ({ by, turn }) =>
    Effect.gen(function*() {
      const aggregator = yield* by(MmsAggregatorSql.make({ startDelay: 0 }))
      const messages = yield* by(collect(aggregator))
      yield* by(offerAll(aggregator, wrapper("w"), wrapper("x", { key: "2" })))
      yield* TestClock.adjust("3 seconds")
      yield* turn(-hour)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* by(offerAll(aggregator, media("m"))), ["w + m"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(said), ["x"])
    }))

  test("back holds no message of a server that is gone", ({ by, turn }) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const first = yield* Effect.provideService(by(MmsAggregatorSql.make()), Scope.Scope, scope)
      const begun = yield* Deferred.make<void>()
      yield* Effect.forkScoped(
        by(
          first.process(
            media("m", { key: null }),
            () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
          )
        )
      )
      yield* Deferred.await(begun)
      // Nothing is written: it is as if it were killed.
      yield* Scope.close(scope, Exit.void)
      const second = yield* by(MmsAggregatorSql.make())
      const messages = yield* by(collect(second))
      yield* turn(-hour)
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(messages.map(said), ["m"])
    }))

  test("back lets a server keep what it is handling", ({ by, turn }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const aggregator = yield* by(MmsAggregatorSql.make())
      yield* by(collect(aggregator))
      const ended = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        by(aggregator.process(media("m", { key: null }), () => Deferred.await(ended)))
      )
      yield* TestClock.adjust("2 seconds")
      yield* turn(-hour)
      yield* TestClock.adjust("20 seconds")
      // The lease is renewed by the new time, for another 30 seconds.
      const [row] = yield* sql<{ at: number }>`SELECT available_at AS at FROM sms_mms_outbox`
      const now = 2 * hour + 22_000 - hour
      assert.isTrue(row!.at > now && row!.at <= now + 30_000, String(row!.at - now))
      yield* Deferred.succeed(ended, undefined)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Due")
    }))
})
