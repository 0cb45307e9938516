/** A page of a list costs the same however many rows there are: no statement reads or sorts a table. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { StatementSync } from "node:sqlite"
import { Address } from "../../src/Address.ts"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"

const layer = Layer.provideMerge(
  SqlStorage.layer(),
  Layer.merge(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer)
)

/** The statements of an effect, with their parameters. */
const statementsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const { all } = StatementSync.prototype
      const statements: Array<readonly [sql: string, params: ReadonlyArray<unknown>]> = []
      StatementSync.prototype.all = function(this: StatementSync, ...params: Parameters<typeof all>) {
        statements.push([this.sourceSQL, params])
        return all.apply(this, params)
      } as typeof all
      return { all, statements }
    }),
    ({ statements }) => Effect.as(effect, statements),
    ({ all }) => Effect.sync(() => void (StatementSync.prototype.all = all))
  )

const number = Address.make("+15145550142")
const time = DateTime.makeUnsafe(0)
const place = { time: 1, position: 1 }
const page = { limit: 50 }

const searches: Readonly<
  Record<string, Effect.Effect<unknown, unknown, RoomStore | IntentStore | DeliveryStore | EventLog>>
> = {
  rooms: RoomStore.use((store) => store.search(page)),
  "rooms after a place": RoomStore.use((store) => store.search({ ...page, after: { activity: 1, id: "a" } })),
  messages: RoomStore.use((store) => store.searchReceived(page)),
  "messages of a number": RoomStore.use((store) => store.searchReceived({ ...page, number, after: place })),
  "messages of a provider": RoomStore.use((store) => store.searchReceived({ ...page, provider: "mock", after: place })),
  "messages in a state": RoomStore.use((store) => store.searchReceived({ ...page, blocked: true })),
  "messages of a time": RoomStore.use((store) => store.searchReceived({ ...page, since: time, until: time })),
  "messages of a room": RoomStore.use((store) => store.searchReceived({ ...page, room: "a", after: place })),
  "events of a room": RoomStore.use((store) => store.history("a", { limit: 50, before: 7 })),
  sends: IntentStore.use((store) => store.search({ ...page, after: place })),
  "sends to a number": IntentStore.use((store) => store.search({ ...page, number })),
  "sends of a provider": IntentStore.use((store) => store.search({ ...page, provider: "mock", since: time })),
  "sends of a room": IntentStore.use((store) => store.search({ ...page, room: "a", after: place })),
  "sends in a state": IntentStore.use((store) => store.search({ ...page, state: "unknown", after: place })),
  deliveries: DeliveryStore.use((store) => store.search({ ...page, after: place, until: time })),
  "deliveries to a number": DeliveryStore.use((store) => store.search({ ...page, number })),
  "deliveries of a provider": DeliveryStore.use((store) => store.search({ ...page, provider: "mock" })),
  "deliveries in a status": DeliveryStore.use((store) => store.search({ ...page, status: "sent", after: place })),
  "the log of a room": EventLog.use((log) => log.read({ after: 7, limit: 50, filter: { roomId: "a" } })),
  "the log of a kind": EventLog.use((log) => log.read({ after: 7, limit: 50, filter: { kinds: ["SendSettled"] } })),
  "the log of a number": EventLog.use((log) => log.read({ after: 7, limit: 50, filter: { number } }))
}

describe("what is pending", () => {
  it.effect("is counted from an index, without reading the entries", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const statements = yield* statementsOf(Inbox.use(({ backlog }) => backlog()))
      const [text] = statements.find(([text]) => text.includes("COUNT"))!
      const steps = yield* sql.unsafe<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
      const reading = steps.map(({ detail }) => detail).filter((step) => step.includes("sms_inbox"))
      assert.lengthOf(reading, 3)
      for (const step of reading) assert.match(step, /COVERING INDEX sms_inbox_(lane|dead)/)
    }).pipe(Effect.provide(Layer.fresh(layer))))
})

describe("a page of", () => {
  it.effect.each(Object.entries(searches))("%s", ([name, search]) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const statements = (yield* statementsOf(search)).filter(([text]) => text.startsWith("SELECT"))
      assert.isAbove(statements.length, 0)
      for (const [text, params] of statements) {
        const steps = yield* sql.unsafe<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, params as Array<never>)
        const plan = steps.map(({ detail }) => detail)
        for (const step of plan) {
          // Without a filter, the first page reads the index in its order, and ends with the page.
          const isFirst = name === "rooms" || name === "messages"
          const isAllowed = step.startsWith("SCAN sqlite_sequence") || (isFirst && / USING INDEX sms_/.test(step))
          if (!isAllowed) assert.notMatch(step, /^SCAN/, plan.join("; "))
          assert.notMatch(step, /TEMP B-TREE/, plan.join("; "))
        }
      }
    }).pipe(Effect.provide(Layer.fresh(layer))))
})
