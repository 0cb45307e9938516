/** A database of an earlier version is taken over with what is in it. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Duration, Effect, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { ConsentLedger } from "../../src/consent/ConsentLedger.ts"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { collect, media, offerAll, said, wrapper } from "../mms/parts.ts"
import { message } from "../suites/InboxSuite.ts"
import { first } from "../suites/RoomStoreSuite.ts"

const restore = Effect.fnUntraced(function*(name: string) {
  const fs = yield* FileSystem.FileSystem
  const sql = yield* SqlClient.SqlClient
  const lines = (yield* fs.readFileString(new URL(`../fixtures/sql/${name}.sql`, import.meta.url).pathname)).split("\n")
    .filter((line) => line !== "" && !line.startsWith("--"))
  for (const line of lines) yield* sql.unsafe(line)
})

const layer = Layer.fresh(
  Layer.mergeAll(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer, NodeServices.layer)
)

describe("a database with the tables of split messages alone", () => {
  it.effect("gets the other tables, and its windows and messages go on", () =>
    Effect.gen(function*() {
      yield* restore("mms-tables")
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
      yield* restore("mms-tables")
      yield* Effect.all(Array.from({ length: 4 }, () => SqlStorage.make()), { concurrency: "unbounded" })
      const sql = yield* SqlClient.SqlClient
      const migrations = yield* sql<{ id: number }>`SELECT migration_id AS id FROM sms_migrations ORDER BY id`
      assert.deepStrictEqual(migrations.map(({ id }) => id), migrations.map((_, index) => index + 1))
      assert.isAbove(migrations.length, 1)
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database without queued messages", () => {
  it.effect("keeps its intents, with the times of their states", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      yield* restore("deliveries-1")
      const context = yield* SqlStorage.make()
      const intents = Context.get(context, IntentStore)
      // The server that was sending is gone.
      const states = { accepted: "accepted", refused: "refused", unknown: "unknown", sending: "unknown" } as const
      for (const [id, state] of Object.entries(states)) {
        const intent = (yield* intents.get(id))!
        assert.deepStrictEqual([intent.state, intent.priority, intent.failures], [state, "transactional", 0])
        assert.deepStrictEqual(intent.times, { [state]: intent.updatedAt, sending: intent.createdAt })
        assert.deepStrictEqual(intent.receipt?.messageIds, state === "accepted" ? ["1"] : undefined)
      }
      assert.strictEqual(yield* intents.nextAt, Infinity)
      // Carriers are asked about what is unknown, and about messages without a report.
      const asked = yield* intents.claimUnknown({ limit: 9, lease: Duration.minutes(5) })
      assert.deepStrictEqual(asked.map(({ id }) => id), ["unknown", "sending"])
      const due = yield* Context.get(context, DeliveryStore).claimDue({ limit: 9, lease: Duration.minutes(5) })
      assert.deepStrictEqual(due.map(({ messageId }) => messageId), ["1"])
      const readyAt = yield* DateTime.now
      const { message } = (yield* intents.get("accepted"))!
      yield* intents.reserve({ id: "new", hash: "h", message, readyAt })
      const claimed = yield* intents.claim({ token: "t", limit: 9, bulk: 9 })
      assert.deepStrictEqual(claimed.map(({ id }) => id), ["new"])
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database without a consent ledger", () => {
  it.effect("gets one, whose hashes stay the same when it is opened again", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const person = Address.make("+15145550142")
      const open = Effect.map(SqlStorage.make(), (context) => Context.get(context, ConsentLedger))
      const ledger = yield* open
      assert.deepStrictEqual(yield* ledger.lastWords(person), [])
      yield* ledger.append([{ person, action: "stop", source: "api" }])
      const [word] = yield* (yield* open).lastWords(person)
      assert.strictEqual(word?.action, "stop")
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database without lists", () => {
  it.effect("is found by number, state and provider in what it has", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const sql = yield* SqlClient.SqlClient
      const [ann, bob] = [Address.make("+15145550142"), Address.make("+15145550143")]
      const attachments = [{ channelId: "sms-mock", participant: ann, aliases: ["whatsapp:CA.1"], recipient: first }]
      const aRoom = JSON.stringify({ id: "a", createdAt: new Date(0).toISOString(), attachments })
      yield* sql`INSERT INTO sms_rooms (id, room, activity) VALUES ('a', ${aRoom}, 1), ('odd', 'not JSON', 2)`
      for (const [id, direction] of [["in", "inbound"], ["out", "outbound"]]) {
        const source = { channelId: "sms-mock", channelType: "sms", direction, participant: ann, metadata: {} }
        const content = { _tag: "TextContent", text: "hello" }
        const text = JSON.stringify({
          _tag: "RoomEvent",
          id,
          roomId: "a",
          source,
          content,
          createdAt: new Date(0).toISOString()
        })
        yield* sql`INSERT INTO sms_room_events (id, room_id, event, created_at) VALUES (${id}, 'a', ${text}, 5)`
      }
      yield* sql`INSERT INTO sms_room_events (id, room_id, event, created_at) VALUES ('odd', 'a', '[]', 6)`
      const delivery = { provider: "mock", messageId: "1", recipient: "15145550142", status: "sent" }
      const times = { since: new Date(0).toISOString(), reported: ["sent"], history: [], dropped: 0 }
      yield* sql`INSERT INTO sms_deliveries
        (key, message_key, delivery, status, terminal, address, created_at, updated_at)
        VALUES ('k', 'm', ${JSON.stringify({ ...delivery, ...times })}, 'sent', 0, '15145550142', 5, 5)`
      const context = yield* SqlStorage.make()
      const rooms = Context.get(context, RoomStore)
      for (const number of [ann, Address.make("whatsapp:CA.1")]) {
        assert.deepStrictEqual((yield* rooms.search({ limit: 9, number })).map(({ room }) => room.id), ["a"])
      }
      assert.deepStrictEqual(yield* rooms.search({ limit: 9, number: bob }), [])
      assert.lengthOf(yield* rooms.searchReceived({ limit: 9, room: "a" }), 1)
      const received = yield* rooms.searchReceived({ limit: 9, number: ann, provider: "mock", blocked: false })
      assert.deepStrictEqual(received.map(({ value }) => value.event.id), ["in"])
      const intents = yield* Context.get(context, IntentStore).search({ limit: 9, number: ann, provider: "mock" })
      assert.lengthOf(intents, 4)
      const deliveries = yield* Context.get(context, DeliveryStore).search({ limit: 9, number: ann, provider: "mock" })
      assert.lengthOf(deliveries, 1)
      // By text as well. What was there before is not new to anybody.
      assert.lengthOf(yield* rooms.search({ limit: 9, find: "HELLO" }), 1)
      assert.lengthOf(yield* rooms.searchReceived({ limit: 9, text: "Hell" }), 1)
      assert.deepStrictEqual(yield* rooms.searchReceived({ limit: 9, text: "hell%" }), [])
      assert.lengthOf(yield* Context.get(context, IntentStore).search({ limit: 9, text: "HEL" }), 4)
      assert.strictEqual((yield* rooms.summaries(["a"])).get("a")?.unread, 0)
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database without indexes by age", () => {
  it.effect("loses what is old, and nothing else", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const sql = yield* SqlClient.SqlClient
      yield* TestClock.setTime(Duration.toMillis("100 days"))
      const [old, recent] = [Duration.toMillis("1 day"), Duration.toMillis("99 days")]
      for (const [id, time] of [["old", old], ["recent", recent]]) {
        yield* sql`INSERT INTO sms_inbox (id, lane, kind, event, state, failures, accepted_at)
          VALUES (${id}, 'l', 'k', '{}', 'done', 0, ${time})`
        yield* sql`INSERT INTO sms_room_events (id, room_id, event, created_at) VALUES (${id}, 'a', '[]', ${time})`
        yield* sql`INSERT INTO sms_statuses (key, status, created_at) VALUES (${id}, '{}', ${time})`
      }
      yield* SqlStorage.make()
      yield* TestClock.adjust("1 second")
      yield* Effect.repeat(Effect.yieldNow, { times: 200 })
      for (
        const [table, column] of [["sms_inbox", "id"], ["sms_room_events", "id"], ["sms_statuses", "key"]] as const
      ) {
        const rows = yield* sql<{ id: string }>`SELECT ${sql(column)} AS id FROM ${sql(table)} WHERE
          ${sql(column)} IN ('old', 'recent')`
        assert.deepStrictEqual(rows.map(({ id }) => id), ["recent"], table)
      }
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database in which sends could only be deleted with their person", () => {
  it.effect("keeps the keys of those that went out, and nothing else of the person", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const sql = yield* SqlClient.SqlClient
      const context = yield* SqlStorage.make()
      const intents = Context.get(context, IntentStore)
      const { message } = (yield* intents.get("accepted"))!
      yield* Context.get(context, People).forget(message.to)
      const left = yield* sql<{ id: string; message: string }>`SELECT id, message FROM sms_intents`
      assert.sameMembers(left.map(({ id }) => id), ["accepted", "unknown", "sending"])
      for (const { message: text } of left) assert.notInclude(text, message.to.slice(1))
      assert.strictEqual((yield* intents.reserve({ id: "new", key: "accepted", hash: "h", message }))._tag, "Known")
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database whose routes have numbers as they were written", () => {
  it.effect("routes a person to the room that there is, in any form of the number", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const sql = yield* SqlClient.SqlClient
      const ours = "+15145550100"
      const add = (id: string, activity: number, attachment: object, routes: ReadonlyArray<ReadonlyArray<unknown>>) =>
        Effect.gen(function*() {
          const attachments = [{ channelId: "sms-mock", ...attachment }]
          const room = JSON.stringify({ id, createdAt: new Date(0).toISOString(), attachments })
          yield* sql`INSERT INTO sms_rooms (id, room, activity) VALUES (${id}, ${room}, ${activity})`
          for (const route of routes) {
            yield* sql`INSERT INTO sms_routes (route, room_id) VALUES (${JSON.stringify(route)}, ${id})`
          }
        })
      const own = (participant: string) => ({ participant, recipient: ours })
      const mexico = ["sms-mock", ours, "+5215512345678"]
      yield* add("mexico", 3, own("+5215512345678"), [mexico])
      // Two rooms of one person, because of the two forms: the one with the latest message stays.
      yield* add("old", 4, own("+551187654321"), [["sms-mock", ours, "+551187654321"]])
      yield* add("recent", 5, own("+55 11 8765-4321"), [["sms-mock", ours, "+55 11 8765-4321"]])
      // One whose key is canonical already keeps it.
      yield* add("written", 9, own("+5491123456789"), [["sms-mock", ours, "+5491123456789"]])
      yield* add("canonical", 1, own("+541123456789"), [["sms-mock", ours, "+541123456789"]])
      const group = ["+5215512345678", "+15145550142"]
      yield* add("group", 7, { group, recipient: ours }, [["sms-mock", ours, group]])
      yield* add("channel", 8, {}, [["sms-mock", null, null]])
      yield* sql`INSERT INTO sms_routes (route, room_id) VALUES ('not JSON', 'mexico')`

      const rooms = Context.get(yield* SqlStorage.make(), RoomStore)
      const roomOf = (sender: string, participants: ReadonlyArray<string> = []) =>
        Effect.map(
          rooms.find({
            channelId: "sms-mock",
            recipient: Address.make(ours),
            sender: Address.make(sender),
            ...(participants.length > 0 && { participants: participants.map((text) => Address.make(text)) })
          }),
          (room) => room?.id
        )
      const expected = {
        "+525512345678": "mexico",
        "+5215512345678": "mexico",
        "+5511987654321": "recent",
        "+551187654321": "recent",
        "+541123456789": "canonical",
        "+5491123456789": "canonical",
        "+15145550199": "channel"
      }
      for (const [sender, id] of Object.entries(expected)) assert.strictEqual(yield* roomOf(sender), id, sender)
      assert.strictEqual(yield* roomOf("+15145550142", ["+525512345678"]), "group")
      const left = yield* sql`SELECT route FROM sms_routes WHERE route = ${JSON.stringify(mexico)}`
      assert.lengthOf(left, 0)
    }).pipe(Effect.scoped, Effect.provide(layer)))
})

describe("a database whose pending entries were counted by reading them", () => {
  it.effect("counts them all the same, and processes them", () =>
    Effect.gen(function*() {
      yield* restore("storage-1")
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO sms_lanes (lane, pending, ready_at, written_at, claim) VALUES ('l', 2, 5, 5, 0)`
      for (const [id, state, time] of [["done", "done", 1], ["first", "pending", 5], ["second", "pending", 7]]) {
        yield* sql`INSERT INTO sms_inbox (id, lane, kind, event, state, failures, accepted_at)
          VALUES (${id}, 'l', 'Unrecognized', '{"_tag":"Unrecognized","provider":"mock","raw":{}}', ${state}, 0, ${time})`
      }
      const inbox = Context.get(yield* SqlStorage.make(), Inbox)
      yield* TestClock.adjust("1 second")
      const { oldest, pending } = yield* inbox.backlog()
      assert.deepStrictEqual([pending, oldest && DateTime.toEpochMillis(oldest)], [2, 5])
      const [claim] = yield* inbox.claim({ limit: 1 })
      assert.strictEqual((yield* inbox.head(claim!))?.id, "first")
    }).pipe(Effect.scoped, Effect.provide(layer)))
})
