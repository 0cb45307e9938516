import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { Address } from "../../src/Address.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { InboundMessage, OutboundMessage } from "../../src/Message.ts"
import { opened } from "../../src/rooms/internal/routes.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { textContent } from "../rooms/kit.ts"
import { suite as consentLedger } from "../suites/ConsentLedgerSuite.ts"
import { suite as deliveryStore } from "../suites/DeliveryStoreSuite.ts"
import { suite as eventLog } from "../suites/EventLogSuite.ts"
import { suite as forgottenSends } from "../suites/ForgottenSendsSuite.ts"
import { suite as forwardStore } from "../suites/ForwardStoreSuite.ts"
import { suite as handOver } from "../suites/HandOverSuite.ts"
import { message, suite as inbox } from "../suites/InboxSuite.ts"
import { suite as intentStore } from "../suites/IntentStoreSuite.ts"
import { suite as people } from "../suites/PeopleSuite.ts"
import { ann, attachment, bob, event, first, room, second, suite as roomStore } from "../suites/RoomStoreSuite.ts"
import { suite as search } from "../suites/SearchSuite.ts"
import { suite as sizes } from "../suites/SizesSuite.ts"
import { suite as tally } from "../suites/TallySuite.ts"
import { suite as unreadable } from "../suites/UnreadableSuite.ts"

const layerClient = NodeSqliteClient.layer({ filename: ":memory:" })
const layer = SqlStorage.layer().pipe(Layer.provide([layerClient, NodeCrypto.layer]))

inbox("SQLite", layer)
forwardStore("SQLite", layer)
intentStore("SQLite", layer)
consentLedger("SQLite", layer)
roomStore("SQLite", layer)
eventLog("SQLite", layer)
search("SQLite", layer)
tally("SQLite", layer)
deliveryStore({ name: "SQLite", layer: () => Layer.fresh(layer), bounded: false })

const layerWithClient = Layer.provideMerge(SqlStorage.layer(), [layerClient, NodeCrypto.layer])
unreadable("SQLite", layerWithClient)
handOver("SQLite", layerWithClient)
people("SQLite", layerWithClient)
forgottenSends("SQLite", layerWithClient)
sizes("SQLite", layerWithClient)

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

describe("a person who is forgotten", () => {
  it.effect("is found by any form of the number and by the ids that carriers gave beside it", () =>
    Effect.gen(function*() {
      const [number, userId] = [Address.make("whatsapp:+5215512345678"), Address.make("whatsapp:MX.1")]
      for (const by of [number, userId, Address.make("whatsapp:+525512345678")]) {
        yield* Effect.gen(function*() {
          const [rooms, people] = [yield* RoomStore, yield* People]
          const route = (sender: Address, ...senderAliases: ReadonlyArray<Address>) =>
            rooms.route(
              { channelId: "sms", recipient: first, sender, senderAliases },
              () => room(sender, attachment("sms", first, sender))
            )
          yield* route(number)
          yield* route(number, userId)
          yield* route(ann)
          yield* rooms.append(event("1", number))
          for (const [index, recipient] of [number, userId, ann].entries()) {
            yield* rooms.addStatus(
              new DeliveryStatus({
                provider: "mock",
                messageId: String(index),
                status: "delivered",
                carrierStatus: "delivered",
                idempotencyKey: String(index),
                recipient,
                raw: {}
              })
            )
          }
          assert.deepInclude({ ...(yield* people.forget(by)) }, { rooms: 1, events: 1 })
          assert.deepStrictEqual((yield* rooms.rooms()).map(({ id }) => id), [ann])
          const left = (yield* rooms.statuses()).map(({ recipient }) => recipient)
          assert.deepStrictEqual(left, [ann])
          for (const sender of [number, userId]) {
            assert.isUndefined(yield* rooms.find({ channelId: "sms", recipient: first, sender }))
          }
        }).pipe(Effect.provide(Layer.fresh(layer)))
      }
    }))

  it.effect("is found in groups, as whoever of them, and nobody else is forgotten", () =>
    Effect.gen(function*() {
      const [mexican, other] = [Address.make("+525512345678"), Address.make("+5215512345678")]
      const groupMessage = (key: string, sender: Address, ...participants: ReadonlyArray<Address>) =>
        new InboundMessage({ ...message(key, sender), participants })
      for (const by of [bob, mexican, other]) {
        yield* Effect.gen(function*() {
          const [rooms, people, inbox, intents] = [yield* RoomStore, yield* People, yield* Inbox, yield* IntentStore]
          const route = (sender: Address, ...participants: ReadonlyArray<Address>) => {
            const conversation = { channelId: "sms", recipient: first, sender, participants }
            const id = [sender, ...participants].join()
            return rooms.route(conversation, () => room(id, opened(conversation)))
          }
          const { room: { id } } = yield* route(ann, bob, other)
          yield* rooms.append(event("1", id))
          const kept = yield* route(ann, second)
          yield* inbox.accept([groupMessage("1", ann, bob, by === bob ? mexican : by), groupMessage("2", ann, second)])
          const reserve = (id: string, ...participants: ReadonlyArray<Address>) =>
            intents.reserve({
              id,
              hash: id,
              message: new OutboundMessage({ to: ann, participants, content: textContent("hi") })
            })
          yield* reserve("a", bob, by === bob ? mexican : by)
          yield* reserve("b", second)
          const left = by === bob ? other : bob
          assert.deepInclude({ ...(yield* people.forget(by)) }, { rooms: 0, sharedRooms: 1, events: 0, masked: 2 })
          assert.deepStrictEqual((yield* rooms.get(id))?.attachments.map(({ group }) => group), [[ann, left]])
          assert.deepStrictEqual((yield* rooms.get(kept.room.id))?.participants, [ann, second])
          // The others have their room again, and a group with the person is a new one.
          const find = (...participants: ReadonlyArray<Address>) =>
            rooms.find({ channelId: "sms", recipient: first, sender: ann, participants })
          assert.strictEqual((yield* find(left))?.id, id)
          assert.isUndefined(yield* find(bob, other))
          const sends = (yield* intents.list({ limit: 10 })).map(({ message }) => message.participants)
          assert.deepStrictEqual(sends, [[second], by === bob ? [mexican] : [bob]])
          const webhooks = (yield* inbox.list({ state: "pending", limit: 10 })).map(({ event }) =>
            event._tag === "InboundMessage" ? event.participants : event
          )
          assert.deepStrictEqual(webhooks, [[second], by === bob ? [mexican] : [bob]])
        }).pipe(Effect.provide(Layer.fresh(layer)))
      }
    }))
})
