import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { suite as deliveryStore } from "../suites/DeliveryStoreSuite.ts"
import { suite as inbox } from "../suites/InboxSuite.ts"
import { suite as intentStore } from "../suites/IntentStoreSuite.ts"
import { suite as roomStore } from "../suites/RoomStoreSuite.ts"

const layerClient = NodeSqliteClient.layer({ filename: ":memory:" })
const layer = SqlStorage.layer().pipe(Layer.provide([layerClient, NodeCrypto.layer]))

inbox("SQLite", layer)
intentStore("SQLite", layer)
roomStore("SQLite", layer)
deliveryStore({ name: "SQLite", layer: () => Layer.fresh(layer), bounded: false })

describe("the tables", () => {
  it.effect("are not used when a newer version has changed them", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(SqlStorage.make())
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO sms_migrations (migration_id, name) VALUES (99, 'from the future')`
      const made = yield* Effect.result(Effect.scoped(SqlStorage.make()))
      assert.isTrue(Result.isFailure(made))
      assert.match(String((Result.isFailure(made) && made.failure.cause) ?? ""), /schema version 99/)
    }).pipe(Effect.provide([layerClient, NodeCrypto.layer])))
})
