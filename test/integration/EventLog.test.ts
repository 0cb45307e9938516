/** Positions on Postgres, where transactions overlap. */
import { NodeCrypto } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { MessagePosted } from "../../src/events/Event.ts"
import * as EventLogSql from "../../src/sql/EventLogSql.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import { event } from "../suites/RoomStoreSuite.ts"
import { database, hasPostgres } from "./database.ts"

const layer = Layer.unwrap(
  Effect.map(database, (url) => Layer.merge(PgClient.layer({ url: Redacted.make(url) }), NodeCrypto.layer))
)

const posted = (id: string) => new MessagePosted({ roomId: "a", message: event(id, "a") })

describe.skipIf(!hasPostgres)("the log on Postgres", () => {
  it.live("puts a transaction that commits late after what was read before, and drops one that fails", () =>
    Effect.gen(function*() {
      yield* migrate
      const { log, recorded } = yield* EventLogSql.make(yield* makeTransact)
      const [appended, commit] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
      const append = (id: string, end: Effect.Effect<void, string>) =>
        recorded((record) => Effect.andThen(record(posted(id)), end))
      const late = yield* Effect.forkChild(
        append("first", Effect.andThen(Deferred.succeed(appended, undefined), Deferred.await(commit)))
      )
      yield* Deferred.await(appended)
      yield* append("second", Effect.void)
      yield* Effect.flip(append("third", Effect.fail("rolled back")))
      const ids = (after: number) =>
        Effect.map(log.read({ after, limit: 10 }), ({ entries, position }) => ({
          ids: entries.map(({ event }) => event._tag === "MessagePosted" && event.message.id),
          position
        }))
      const before = yield* ids(0)
      assert.deepStrictEqual(before, { ids: ["second"], position: 1 })
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.join(late)
      assert.deepStrictEqual(yield* ids(before.position), { ids: ["first"], position: 2 })
      assert.strictEqual(yield* log.head, 2)
    }).pipe(Effect.scoped, Effect.provide(layer, { local: true })))
})
