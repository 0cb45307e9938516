/** What a process knows of the keys in the database, which other processes change as well. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { StatementSync } from "node:sqlite"
import * as Store from "../../src/sql/internal/mmsStore.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { media, offerAll, wrapper } from "./parts.ts"

const test = (title: string, body: Effect.Effect<void, unknown, SqlClient.SqlClient | Scope.Scope>) =>
  it.effect(title, () => Effect.provide(body, Layer.fresh(NodeSqliteClient.layer({ filename: ":memory:" }))))

const open = MmsAggregatorSql.make()

/** The statements about split messages that an effect executes. */
const statementsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const { all } = StatementSync.prototype
      const statements: Array<string> = []
      StatementSync.prototype.all = function(this: StatementSync, ...params: Parameters<typeof all>) {
        if (this.sourceSQL.includes("sms_mms")) statements.push(this.sourceSQL)
        return all.apply(this, params)
      } as typeof all
      return { all, statements }
    }),
    ({ statements }) => Effect.as(effect, statements),
    ({ all }) => Effect.sync(() => void (StatementSync.prototype.all = all))
  )

/** The verb of a statement and its table. */
const named = (statement: string) => /^(\w+)[^]*?sms_mms_(\w+)/.exec(statement)!.slice(1).join(" ")

describe("a state that this process has written", () => {
  test(
    "is not read for the next part",
    Effect.gen(function*() {
      const aggregator = yield* open
      yield* Effect.yieldNow
      const first = yield* statementsOf(offerAll(aggregator, wrapper("w")))
      const second = yield* statementsOf(offerAll(aggregator, media("m")))
      assert.deepStrictEqual(first.map(named).filter((name) => name !== "SELECT keys"), ["INSERT keys"])
      assert.deepStrictEqual(second.map(named).filter((name) => !name.startsWith("SELECT")), [
        "UPDATE keys",
        "INSERT outbox",
        "DELETE outbox"
      ])
      assert.notInclude([...first, ...second].join("; "), "SELECT state")
    })
  )

  test(
    "is read when another process has changed it since",
    Effect.gen(function*() {
      const [one, other] = [yield* open, yield* open]
      assert.deepStrictEqual(yield* offerAll(one, wrapper("w")), [""])
      assert.deepStrictEqual(yield* offerAll(other, media("1")), ["w + 1"])
      assert.deepStrictEqual(yield* offerAll(one, media("1"), media("2")), ["", "2 of w"])
      assert.deepStrictEqual(yield* offerAll(other, media("2")), [""])
    })
  )

  test(
    "is not used when its row was deleted",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const aggregator = yield* open
      yield* offerAll(aggregator, wrapper("forgotten"))
      yield* sql`DELETE FROM sms_mms_keys`
      assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w", { id: "w" }), media("m")), ["", "w + m"])
    })
  )

  test(
    "is as it was when its transaction is rolled back",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const aggregator = yield* open
      const fails = (when: string, part: ReturnType<typeof media>) =>
        Effect.gen(function*() {
          yield* sql.unsafe(`CREATE TRIGGER failing AFTER ${when} BEGIN SELECT RAISE(ABORT, 'no'); END`)
          assert.isTrue(Exit.isFailure(yield* Effect.exit(aggregator.offer(part))))
          yield* sql`DROP TRIGGER failing`
        })
      yield* fails("INSERT ON sms_mms_keys", wrapper("w"))
      yield* offerAll(aggregator, wrapper("w"))
      yield* fails("INSERT ON sms_mms_outbox", media("m"))
      assert.deepStrictEqual(yield* offerAll(aggregator, media("m"), media("m")), ["w + m", ""])
    })
  )
})

test(
  "due keys are found without reading the others",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Store.migrate
    const store = yield* Store.make
    const [text] = yield* statementsOf(store.dueKeys(0, 100))
    const steps = yield* sql.unsafe<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, [0, 100, 0, 100, 100])
    const plan = steps.map(({ detail }) => detail)
    const reading = plan.filter((step) => step.includes("sms_mms_keys"))
    assert.isNotEmpty(reading)
    for (const step of reading) assert.match(step, /^SEARCH/, plan.join("; "))
  })
)

test(
  "messages that are handled at the same time are deleted together, or none of them",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Store.migrate
    const store = yield* Store.make
    const times = { availableAt: 0, now: 0 }
    const names = ["a", "b", "c", "kept"]
    const [kept, ...ids] = (yield* Effect.forEach(names, (name) =>
      store.put(media(name).message, times), { concurrency: "unbounded" }))
      .map(({ id }) => id).reverse()
    const removeAll = Effect.forEach(ids, (id) => Effect.exit(store.remove([id])), { concurrency: "unbounded" })
    yield* sql`CREATE TRIGGER failing AFTER DELETE ON sms_mms_outbox BEGIN SELECT RAISE(ABORT, 'no'); END`
    assert.deepStrictEqual((yield* removeAll).map(Exit.isFailure), [true, true, true])
    assert.lengthOf(yield* sql`SELECT id FROM sms_mms_outbox`, names.length)
    yield* sql`DROP TRIGGER failing`
    assert.lengthOf(yield* statementsOf(removeAll), 1)
    assert.deepStrictEqual(yield* sql`SELECT id FROM sms_mms_outbox`, [{ id: kept }])
  })
)
