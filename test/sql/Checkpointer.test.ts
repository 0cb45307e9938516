/** The write-ahead log is copied into the file by another thread, and does not grow without an end. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { SqlClient } from "effect/sql"
import { DatabaseSync } from "node:sqlite"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"

const text = "x".repeat(1000)

/** Writes so many kilobytes, in transactions as short as those of a server under load. */
const write = Effect.fnUntraced(function*(kilobytes: number) {
  const sql = yield* SqlClient.SqlClient
  for (let written = 0; written < kilobytes; written += 100) {
    yield* sql.withTransaction(
      Effect.forEach(Array.from({ length: 100 }), () => sql`INSERT INTO texts VALUES (${text})`, { discard: true })
    )
    yield* Effect.yieldNow
  }
})

const sizeOf = (file: string) =>
  FileSystem.FileSystem.use((fs) => Effect.map(fs.stat(file), ({ size }) => Number(size)))

const megabyte = 2 ** 20

describe("the write-ahead log", () => {
  const test = (
    title: string,
    body: (filename: string) => Effect.Effect<void, unknown, FileSystem.FileSystem | SqlClient.SqlClient>
  ) =>
    it.live(title, () =>
      Effect.scoped(Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const filename = `${yield* fs.makeTempDirectoryScoped()}/sms.db`
        const prepared = Effect.andThen(SqlClient.SqlClient.use((sql) => sql`CREATE TABLE texts (t)`), body(filename))
        yield* Effect.provide(prepared, NodeSqliteClient.layer({ filename }))
      })).pipe(Effect.provide(NodeServices.layer)))

  test("is copied while the file is open, and by no commit", (filename) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`PRAGMA wal_autocheckpoint`.values, [[0]])
      yield* write(1000)
      yield* Effect.repeat(sizeOf(filename), { until: (size) => size > megabyte / 2 })
    }))

  test("begins again under a load that never pauses", (filename) =>
    Effect.gen(function*() {
      yield* write(160_000)
      assert.isBelow(yield* sizeOf(`${filename}-wal`), 80 * megabyte)
    }))

  test("is held by a reader of another process, and copied when that one has left", (filename) =>
    Effect.gen(function*() {
      const reader = new DatabaseSync(filename)
      reader.exec("BEGIN")
      reader.prepare("SELECT COUNT(*) FROM texts").get()
      yield* write(60_000)
      assert.isAbove(yield* sizeOf(`${filename}-wal`), 50 * megabyte)
      assert.isBelow(yield* sizeOf(filename), megabyte)
      reader.close()
      yield* write(1000)
      yield* Effect.repeat(sizeOf(filename), { until: (size) => size > 50 * megabyte })
      // All that is read is there, and nothing of it twice.
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`SELECT COUNT(*) FROM texts`.values, [[61_000]])
    }))
})
