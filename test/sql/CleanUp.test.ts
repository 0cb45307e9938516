/** Rows go when they are old, and not before. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DatabaseSync } from "node:sqlite"
import { Address } from "../../src/Address.ts"
import { Forward } from "../../src/forward/ForwardStore.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as EventLogSql from "../../src/sql/EventLogSql.ts"
import * as ForwardStoreSql from "../../src/sql/ForwardStoreSql.ts"
import * as InboxSql from "../../src/sql/InboxSql.ts"
import * as IntentStoreSql from "../../src/sql/IntentStoreSql.ts"
import * as CleanUp from "../../src/sql/internal/cleanUp.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as RoomStoreSql from "../../src/sql/RoomStoreSql.ts"
import { textContent } from "../rooms/kit.ts"
import { message } from "../suites/InboxSuite.ts"
import { event, room } from "../suites/RoomStoreSuite.ts"

const counts = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const count = (table: string) =>
    Effect.map(sql<{ n: number }>`SELECT COUNT(*) AS n FROM ${sql(table)}`, ([row]) => Number(row!.n))
  const texts = yield* sql`SELECT id FROM sms_inbox WHERE event <> ''`
  return [
    texts.length,
    yield* count("sms_inbox"),
    yield* count("sms_intents"),
    yield* count("sms_room_events"),
    yield* count("sms_events")
  ]
})

describe("the clean-up", () => {
  it.effect("removes what was forwarded or is a dead letter after a quarter, and nothing that waits", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* migrate
      const transact = yield* makeTransact
      const cleanUp = yield* CleanUp.make(transact)
      const { queue } = yield* ForwardStoreSql.make(transact, { me: Effect.succeed("me"), onDead: () => {} })
      const endpoint = "https://app.example.com/"
      yield* queue.accept(
        ["done", "dead", "waits"].map((sequence) =>
          new Forward({ endpoint, eventId: sequence, kind: "MessageReceived", sequence })
        )
      )
      for (const claim of yield* queue.claim({ limit: 3 })) {
        const entry = (yield* queue.head(claim))!
        if (entry.event.sequence === "done") yield* queue.complete(claim, entry)
        if (entry.event.sequence === "dead") yield* queue.bury(claim, entry, "Status500")
        yield* queue.release(claim)
      }
      yield* TestClock.adjust("90 days")
      assert.strictEqual((yield* cleanUp.run)["sms_forwards"], 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* cleanUp.run)["sms_forwards"], 2)
      // As after the end of a long pause.
      const [claim] = yield* queue.claim({ limit: 3 })
      assert.strictEqual((yield* queue.head(claim!))?.event.sequence, "waits")
    })).pipe(Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])))

  it.effect("removes payloads after a week, keys after a month, history after a quarter, in batches", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* migrate
      const transact = yield* makeTransact
      const { recorded } = yield* EventLogSql.make(transact)
      // Nothing beats: months pass at once.
      const alone = { me: Effect.succeed("me"), onDead: () => {} }
      const cleanUp = yield* CleanUp.make(transact)
      const inbox = yield* InboxSql.make(transact, alone)
      const rooms = yield* RoomStoreSql.make(transact, recorded)
      const intents = yield* IntentStoreSql.make(transact, alone, recorded)
      yield* rooms.create(room("a"))
      for (let index = 0; index < 600; index++) {
        yield* inbox.accept([message(`${index}`)])
        yield* rooms.append(event(`${index}`, "a"))
      }
      yield* inbox.accept([message("pending", "+15145550177")])
      for (const claim of (yield* inbox.claim({ limit: 1 }))) {
        for (let entry = yield* inbox.head(claim); entry !== undefined; entry = yield* inbox.head(claim)) {
          yield* inbox.complete(claim, entry)
        }
      }
      const reserved = yield* intents.reserve({
        id: "1",
        key: "k",
        hash: "h",
        message: new OutboundMessage({ to: Address.make("+15145550142"), content: textContent("hello") })
      })
      if (reserved._tag === "Reserved") yield* intents.settle(reserved.intent.id, { state: "accepted" })

      yield* TestClock.adjust("6 days")
      yield* cleanUp.run
      assert.deepStrictEqual(yield* counts, [601, 601, 1, 600, 601])
      yield* TestClock.adjust("1 day")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* cleanUp.run)["payloads"], 600)
      // What is pending is kept whole, and a processed key still tells a repetition.
      assert.deepStrictEqual(yield* counts, [1, 601, 1, 600, 601])
      assert.strictEqual((yield* inbox.accept([message("0")]))[0]!._tag, "Repeated")
      yield* TestClock.adjust("23 days")
      yield* cleanUp.run
      assert.deepStrictEqual(yield* counts, [1, 1, 0, 600, 601])
      yield* TestClock.adjust("60 days")
      yield* cleanUp.run
      assert.deepStrictEqual(yield* counts, [1, 1, 0, 0, 0])
    })).pipe(Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])))
})

describe("intents with an unknown outcome", () => {
  it.effect("go a month after an operator decided, and not before", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* migrate
      const transact = yield* makeTransact
      const { recorded } = yield* EventLogSql.make(transact)
      const intents = yield* IntentStoreSql.make(transact, { me: Effect.succeed("me"), onDead: () => {} }, recorded)
      const cleanUp = yield* CleanUp.make(transact)
      const message = new OutboundMessage({ to: Address.make("+15145550142"), content: textContent("hello") })
      for (const id of ["given up", "resent", "undecided"]) {
        yield* intents.reserve({ id, key: id, hash: "h", message })
        yield* intents.settle(id, { state: "unknown" })
      }
      yield* TestClock.adjust("60 days")
      yield* intents.settle("given up", { state: "unknown", resolvedBy: "operator: given up" })
      yield* intents.settle("resent", { state: "unknown", resolvedBy: "operator: resent" })
      yield* TestClock.adjust("30 days")
      assert.strictEqual((yield* cleanUp.run)["sms_intents"], 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* cleanUp.run)["sms_intents"], 2)
      assert.deepStrictEqual((yield* intents.list({ limit: 10 })).map(({ id }) => id), ["undecided"])
    })).pipe(Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])))
})

describe("the statements of the clean-up", () => {
  it.effect("find what is old with an index, because a search of a table would block the event loop", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* migrate
      const sql = yield* SqlClient.SqlClient
      const cleanUp = yield* CleanUp.make(yield* makeTransact)
      const statements = new Set<string>()
      const { prepare } = DatabaseSync.prototype
      yield* Effect.acquireUseRelease(
        Effect.sync(() => {
          DatabaseSync.prototype.prepare = function(this: DatabaseSync, text) {
            statements.add(text)
            return prepare.call(this, text)
          }
        }),
        () => cleanUp.run,
        () => Effect.sync(() => void (DatabaseSync.prototype.prepare = prepare))
      )
      const changes = [...statements].filter((text) => /^\s*(UPDATE|DELETE)/.test(text))
      assert.isAbove(changes.length, 5)
      for (const text of changes) {
        const params = Array.from({ length: text.split("?").length - 1 }, () => 1)
        const plan = yield* sql.unsafe<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, params)
        assert.deepStrictEqual(
          plan.map(({ detail }) => detail).filter((detail) => detail.startsWith("SCAN sms_")),
          [],
          text
        )
      }
    })).pipe(Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])))
})
