/** A database of an earlier version is taken over with what is in it. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { collect, media, offerAll, said, wrapper } from "../mms/parts.ts"
import { message } from "../suites/InboxSuite.ts"

const fixture = new URL("../fixtures/sql/mms-tables.sql", import.meta.url).pathname

const restore = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const sql = yield* SqlClient.SqlClient
  const lines = (yield* fs.readFileString(fixture)).split("\n").filter((line) => line !== "" && !line.startsWith("--"))
  for (const line of lines) yield* sql.unsafe(line)
})

const layer = Layer.fresh(
  Layer.mergeAll(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer, NodeServices.layer)
)

describe("a database with the tables of split messages alone", () => {
  it.effect("gets the other tables, and its windows and messages go on", () =>
    Effect.gen(function*() {
      yield* restore
      yield* TestClock.adjust("1 second")
      const context = yield* SqlStorage.make()
      const accepted = yield* Inbox.use(({ accept }) => accept([message("1")])).pipe(Effect.provideContext(context))
      assert.strictEqual(accepted[0]!._tag, "Accepted")

      const aggregator = yield* MmsAggregatorSql.make()
      // The window was open, and the part that came twice is known.
      assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w"), media("m")), ["", "w + m"])
      assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("x", { key: "2" })), [""])
      // The message that the earlier process had not handled comes out.
      const messages = yield* collect(aggregator)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(messages.map(said), ["y"])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect("is migrated once by servers that start at the same time", () =>
    Effect.gen(function*() {
      yield* restore
      yield* Effect.all(Array.from({ length: 4 }, () => SqlStorage.make()), { concurrency: "unbounded" })
      const sql = yield* SqlClient.SqlClient
      const migrations = yield* sql`SELECT migration_id FROM sms_migrations`
      assert.lengthOf(migrations, 1)
    }).pipe(Effect.scoped, Effect.provide(layer)))
})
