/** A disk that is full: nothing that was acknowledged is lost, and all goes on once there is space. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { message } from "../suites/InboxSuite.ts"

const layer = Layer.unwrap(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return NodeSqliteClient.layer({ filename: `${yield* fs.makeTempDirectoryScoped()}/sms.db` })
})).pipe(Layer.provide(NodeServices.layer), Layer.merge(NodeCrypto.layer), Layer.fresh)

describe("a database whose disk is full", () => {
  it.effect("refuses what it cannot keep, and keeps what it acknowledged", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { accept, list } = yield* Effect.provideContext(Inbox, yield* SqlStorage.make())
      const pages = (count: number) => sql.unsafe(`PRAGMA max_page_count = ${count}`)
      const [{ page_count }] = (yield* sql.unsafe<{ page_count: number }>("PRAGMA page_count")) as [
        { page_count: number }
      ]
      yield* pages(page_count + 4)

      const acknowledged = new Set<string>()
      const offer = (key: string) =>
        Effect.map(Effect.exit(accept([message(key, `+1514555${key.padStart(4, "0")}`)])), (exit) => {
          if (Exit.isSuccess(exit)) acknowledged.add(key)
          return Exit.isSuccess(exit)
        })
      // At once, so that they share transactions: what fits is not lost with what does not.
      const offered = Array.from({ length: 100 }, (_, index) => String(index))
      const results = yield* Effect.forEach(offered, offer, { concurrency: "unbounded" })
      assert.isTrue(results.includes(false))
      // The server is not ready meanwhile.
      assert.isTrue(Exit.isFailure(yield* Effect.exit(SqlStorage.ping)))
      const kept = () =>
        Effect.map(list({ state: "pending", limit: 1000 }), (entries) =>
          entries.flatMap(({ event }) =>
            event._tag === "InboundMessage" ? [event.idempotencyKey!] : []
          ).sort())
      assert.deepStrictEqual(yield* kept(), [...acknowledged].sort())

      yield* pages(1_000_000)
      yield* SqlStorage.ping
      assert.deepStrictEqual(yield* sql`SELECT key FROM sms_limits`, [])
      const again = yield* Effect.forEach(offered.filter((key) => !acknowledged.has(key)), offer)
      assert.isFalse(again.includes(false))
      assert.deepStrictEqual(yield* kept(), offered.toSorted())
    }).pipe(Effect.scoped, Effect.provide(layer)))
})
