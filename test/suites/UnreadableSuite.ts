/** Rows that this version cannot decode hold nothing else up. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { messageKeyOf } from "../../src/internal/deliveryKeys.ts"
import { OutboundMessage } from "../../src/Message.ts"
import type { Claim } from "../../src/queue/Queue.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import type { Stores } from "../../src/sql/SqlStorage.ts"
import { observe } from "../observe.ts"
import { customer, textContent } from "../rooms/kit.ts"
import { message } from "./InboxSuite.ts"
import { ann, event, room } from "./RoomStoreSuite.ts"

const secret = "+15145550199 says hello"

/** The layer gives empty tables each time, and the client below the stores. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>,
  skip = false
) => {
  const test = (
    title: string,
    skipped: number,
    body: Effect.Effect<void, unknown, Stores | SqlClient.SqlClient>
  ) =>
    it.effect(title, () => {
      const observed = observe()
      return Effect.gen(function*() {
        yield* body
        // Each is logged once, without its content.
        assert.lengthOf(observed.lines.filter(({ message }) => message.startsWith("A row does not decode")), skipped)
        assert.notInclude(observed.text(), secret)
      }).pipe(Effect.provide(Layer.provideMerge(layer, observed.layer), { local: true }))
    })

  describe.skipIf(skip)(`rows that do not decode (${name})`, () => {
    test(
      "become dead letters of the inbox with their text, and are processed once they decode",
      0,
      Effect.gen(function*() {
        const [inbox, sql] = [yield* Inbox, yield* SqlClient.SqlClient]
        const [first, second] = yield* inbox.accept([message("1"), message("2")])
        const [row] = yield* sql<{ event: string }>`SELECT event FROM sms_inbox WHERE id = ${first!.id}`
        const write = (text: string) => sql`UPDATE sms_inbox SET event = ${text} WHERE id = ${first!.id}`
        const work = Effect.gen(function*() {
          const [claim] = yield* inbox.claim({ limit: 1 })
          const entry = yield* inbox.head(claim as Claim)
          if (entry !== undefined) {
            assert.notStrictEqual((yield* inbox.complete(claim as Claim, entry))._tag, "Outdated")
          }
          yield* inbox.release(claim as Claim)
          return entry?.id
        })

        for (const text of [secret, `{"_tag":"Later","sender":"${secret}"}`]) {
          yield* write(text)
          if (text === secret) assert.strictEqual(yield* work, second!.id)
          else {
            assert.isTrue(yield* inbox.replay(first!.id))
            assert.isUndefined(yield* work)
          }
          const [dead] = yield* inbox.list({ state: "dead", limit: 10 })
          assert.deepStrictEqual(
            [dead!.id, dead!.lastError, dead!.failures, dead!.unreadable, dead!.event.provider],
            [first!.id, "UnreadableRow", 1, text, "unknown"]
          )
          assert.deepInclude(yield* inbox.backlog(), { pending: 0, dead: 1 })
        }
        yield* write(row!.event)
        assert.isTrue(yield* inbox.replay(first!.id))
        assert.strictEqual(yield* work, first!.id)
      })
    )

    test(
      "are left out of the lists of rooms, events and statuses",
      4,
      Effect.gen(function*() {
        const [rooms, sql] = [yield* RoomStore, yield* SqlClient.SqlClient]
        yield* rooms.create(room("a"))
        yield* rooms.create(room("b"))
        for (const id of ["1", "2", "3"]) yield* rooms.append(event(id, "a"))
        for (const id of ["one", "two"]) {
          yield* rooms.addStatus(
            new DeliveryStatus({
              provider: "mock",
              messageId: id,
              status: "delivered",
              carrierStatus: "delivered",
              idempotencyKey: id,
              recipient: ann,
              raw: {}
            })
          )
        }
        yield* sql`UPDATE sms_room_events SET event = ${secret} WHERE id = '2'`
        yield* sql`UPDATE sms_room_events SET deliveries = ${secret} WHERE id = '3'`
        yield* sql`UPDATE sms_statuses SET status = ${secret} WHERE key LIKE '%one%'`
        const history = yield* rooms.history("a")
        assert.deepStrictEqual(history?.map(({ event }) => event.id), ["1"])
        assert.deepStrictEqual((yield* rooms.statuses()).map(({ messageId }) => messageId), ["two"])
        assert.lengthOf(yield* rooms.statuses(), 1)

        yield* sql`UPDATE sms_rooms SET room = ${secret} WHERE id = 'a'`
        assert.deepStrictEqual((yield* rooms.rooms()).map(({ id }) => id), ["b"])
        // Asked for by its id, it is an error: it may exist for another version.
        const error = yield* Effect.flip(rooms.get("a"))
        assert.strictEqual(String(error.cause).includes("UnreadableRow"), true)
        assert.lengthOf((yield* rooms.history("a")) ?? [], 1)
      })
    )

    test(
      "are left out of the lists of sends and deliveries, and a key of theirs is not sent again",
      3,
      Effect.gen(function*() {
        const [deliveries, intents, sql] = [yield* DeliveryStore, yield* IntentStore, yield* SqlClient.SqlClient]
        const reserve = (id: string) =>
          intents.reserve({
            id,
            key: `key ${id}`,
            hash: "h",
            message: new OutboundMessage({ to: customer, content: textContent("hello") })
          })
        for (const id of ["1", "2", "3"]) yield* reserve(id)
        yield* sql`UPDATE sms_intents SET message = ${secret} WHERE id = '1'`
        yield* sql`UPDATE sms_intents SET state = 'later' WHERE id = '2'`
        assert.deepStrictEqual((yield* intents.list({ limit: 10 })).map(({ id }) => id), ["3"])
        for (const id of ["1", "2"]) {
          assert.strictEqual((yield* Effect.flip(reserve(id)))._tag, "StorageError")
          assert.strictEqual((yield* Effect.flip(intents.get(id)))._tag, "StorageError")
        }

        const key = { provider: "mock", messageId: "m" }
        yield* sql`INSERT INTO sms_deliveries
          (key, message_key, delivery, status, terminal, address, created_at, updated_at)
          VALUES ('k', ${messageKeyOf(key)}, ${secret}, '', 0, NULL, 0, 0)`
        assert.deepStrictEqual(yield* deliveries.ofMessage(key), [])
      })
    )
  })
}
