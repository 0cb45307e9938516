import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { database, hasPostgres } from "./database.ts"

describe.skipIf(!hasPostgres)("the Postgres of the tests", () => {
  it.live("has a database for each test, and can be spoken to", () =>
    Effect.gen(function*() {
      const urls = [yield* database, yield* database]
      for (const url of urls) {
        yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* sql`CREATE TABLE things (n BIGINT)`
          yield* sql`INSERT INTO things VALUES (1)`
          assert.lengthOf(yield* sql`SELECT n FROM things`, 1)
        }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(url) })))
      }
    }))
})
