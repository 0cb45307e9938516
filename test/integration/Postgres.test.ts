import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as StorageConfig from "../../src/http/StorageConfig.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
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

  it.live("tells the version of its schema, and that it has none", () =>
    Effect.gen(function*() {
      const DATABASE_URL = yield* database
      const { layer, schemaVersion } = yield* Effect.provideService(
        StorageConfig.load(true),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env: { DATABASE_URL } })
      )
      const before = yield* schemaVersion!
      assert.isUndefined(before.found)
      yield* Effect.scoped(Effect.provide(Layer.build(layer({})), NodeCrypto.layer))
      assert.deepStrictEqual(yield* schemaVersion!, { found: before.known, known: before.known })
    }))
})
