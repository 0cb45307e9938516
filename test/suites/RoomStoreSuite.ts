/** What every store of rooms does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import type { TimeSpan } from "../../src/internal/listing.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import { opened } from "../../src/rooms/internal/routes.ts"
import { Attachment, Room } from "../../src/rooms/Room.ts"
import { DeliveryOutcome, RoomStore } from "../../src/rooms/RoomStore.ts"
import { textContent } from "../rooms/kit.ts"

const now = DateTime.makeUnsafe(0)
export const [ann, bob] = [Address.make("+15145550142"), Address.make("+15145550143")]
export const [first, second] = [Address.make("+15145550100"), Address.make("+15145550101")]

export const attachment = (channelId: string, recipient?: Address, participant?: Address) =>
  new Attachment({
    channelId,
    ...(recipient !== undefined && { recipient }),
    ...(participant !== undefined && { participant })
  })

export const room = (id: string, ...attachments: ReadonlyArray<Attachment>) =>
  new Room({ id, createdAt: now, attachments })

export const event = (id: string, roomId: string, text = "hello") =>
  new RoomEvent({
    id,
    roomId,
    source: new EventSource({ channelId: "sms", channelType: "sms", direction: "inbound", metadata: {} }),
    content: textContent(text),
    createdAt: now
  })

const status = (key: string) =>
  new DeliveryStatus({
    provider: "mock",
    messageId: "1",
    status: "delivered",
    carrierStatus: "delivered",
    idempotencyKey: key,
    raw: { key }
  })

/** The layer gives an empty store each time. */
export const suite = (name: string, layer: Layer.Layer<RoomStore, unknown>, skip = false) => {
  const test = (title: string, body: (store: RoomStore["Service"]) => Effect.Effect<void, unknown>) =>
    it.live(title, () => Effect.scoped(Effect.provide(Effect.flatMap(RoomStore, body), layer, { local: true })))

  const routed = (store: RoomStore["Service"], channelId: string, recipient: Address, sender: Address) =>
    Effect.map(store.find({ channelId, recipient, sender }), (found) => found?.id)

  describe.skipIf(skip)(`RoomStore (${name})`, () => {
    test("finds a room by the conversation first, then the participant, the number and the channel", (store) =>
      Effect.gen(function*() {
        const attach = (roomId: string, to: Attachment) =>
          Effect.andThen(store.create(room(roomId)), store.attach(roomId, to))
        assert.isUndefined(yield* routed(store, "sms", first, ann))
        yield* attach("channel", attachment("sms"))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "channel")
        yield* attach("number", attachment("sms", first))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "number")
        assert.strictEqual(yield* routed(store, "sms", second, ann), "channel")
        yield* attach("participant", attachment("sms", undefined, ann))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "participant")
        assert.strictEqual(yield* routed(store, "sms", first, bob), "number")
        yield* attach("conversation", attachment("sms", first, ann))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "conversation")
        assert.strictEqual(yield* routed(store, "sms", second, ann), "participant")
        assert.isUndefined(yield* routed(store, "other", first, ann))
      }))

    test("hands a route over to another room, which keeps it when the first lets go", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a"))
        yield* store.create(room("b"))
        yield* store.attach("a", attachment("sms"))
        yield* store.attach("b", attachment("sms"))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "b")
        yield* store.detach("a", attachment("sms"))
        assert.strictEqual(yield* routed(store, "sms", first, ann), "b")
        yield* store.detach("b", attachment("sms"))
        assert.isUndefined(yield* routed(store, "sms", first, ann))
      }))

    test("holds an attachment one time, however often it is attached", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a", attachment("sms"), attachment("web")))
        yield* store.attach("a", attachment("sms"))
        yield* store.attach("a", attachment("sms"))
        const attached = yield* store.attach("a", attachment("sms", first))
        assert.deepStrictEqual(attached?.attachments, [attachment("sms"), attachment("web"), attachment("sms", first)])
        assert.lengthOf((yield* store.detach("a", attachment("sms", second)))!.attachments, 3)
        const left = yield* store.detach("a", attachment("sms"))
        assert.deepStrictEqual(left?.attachments, [attachment("web"), attachment("sms", first)])
        assert.deepStrictEqual(yield* store.get("a"), left)
      }))

    test("does not route to a room that merely has the channel of every room", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a", attachment("sms")))
        assert.isUndefined(yield* routed(store, "sms", first, ann))
      }))

    test("is not misled by what an address says", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a"))
        const tricky = fc.constantFrom("a", "\n", "\"", ",", "a\nb", "a\",\"b", "null", "undefined", "[]")
        const pairs = fc.sample(fc.tuple(fc.tuple(tricky, tricky, tricky), fc.tuple(tricky, tricky, tricky)), 50)
        for (const [one, other] of pairs) {
          const to = attachment(one[0], Address.make(one[1]), Address.make(one[2]))
          yield* store.attach("a", to)
          const found = yield* routed(store, other[0], Address.make(other[1]), Address.make(other[2]))
          assert.strictEqual(found, one.join("\0") === other.join("\0") ? "a" : undefined)
          yield* store.detach("a", to)
        }
      }))

    test("finds the room of a number in all its forms, and keeps the form that was attached", (store) =>
      Effect.gen(function*() {
        const forms = [
          ["+525512345678", "+5215512345678", "+52 1 55 1234 5678"],
          ["+541123456789", "+5491123456789", "+54 9 11 2345-6789"],
          ["+5541987654321", "+554187654321", " +55 41 98765-4321"]
        ]
        for (const [index, all] of forms.entries()) {
          yield* store.create(room(`${index}`))
          for (const one of all) {
            const to = attachment("sms", first, Address.make(one))
            assert.deepStrictEqual((yield* store.attach(`${index}`, to))?.attachments, [to])
            for (const other of all) {
              assert.strictEqual(yield* routed(store, "sms", first, Address.make(other)), `${index}`)
            }
            assert.isUndefined(yield* routed(store, "sms", first, ann))
            yield* store.detach(`${index}`, attachment("sms", first, Address.make(all[0]!)))
            assert.isUndefined(yield* routed(store, "sms", first, Address.make(one)))
          }
        }
      }))

    test("finds the room of a person by every address that the carrier gave, and forgets them together", (store) =>
      Effect.gen(function*() {
        const [number, userId, other] = ["whatsapp:+5215512345678", "whatsapp:MX.1", "whatsapp:MX.2"].map((text) =>
          Address.make(text)
        ) as [Address, Address, Address]
        const route = (sender: Address, ...senderAliases: ReadonlyArray<Address>) =>
          store.route(
            { channelId: "sms", recipient: first, sender, senderAliases },
            () => room(`by ${sender}`, attachment("sms", first, sender))
          )
        const opened = yield* route(number)
        assert.isTrue(opened.created)
        const learned = yield* route(number, userId)
        assert.isFalse(learned.created)
        assert.deepStrictEqual(learned.room.attachments[0]?.aliases, [userId])
        assert.strictEqual(yield* routed(store, "sms", first, userId), opened.room.id)
        // The number is hidden from now on.
        const hidden = yield* route(userId)
        assert.strictEqual(hidden.room.id, opened.room.id)
        assert.strictEqual(hidden.room.attachments[0]?.writesFrom, userId)
        assert.strictEqual(hidden.room.attachments[0]?.participant, number)
        assert.deepStrictEqual(yield* store.get(opened.room.id), hidden.room)
        assert.isTrue((yield* route(other)).created)
        // Elsewhere it is another conversation.
        assert.isUndefined(yield* routed(store, "other", first, userId))
        assert.isUndefined(yield* routed(store, "sms", second, userId))
        yield* store.detach(opened.room.id, attachment("sms", first, Address.make("whatsapp:+525512345678")))
        for (const address of [number, userId]) assert.isUndefined(yield* routed(store, "sms", first, address))
        assert.strictEqual(yield* routed(store, "sms", first, other), `by ${other}`)
      }))

    test("learns at most 16 other addresses of a person, who keeps the room", (store) =>
      Effect.gen(function*() {
        const route = (index: number) => {
          const conversation = {
            channelId: "sms",
            recipient: first,
            sender: ann,
            senderAliases: [Address.make(`whatsapp:CA.${index}`)]
          }
          return store.route(conversation, () => room(`by ${index}`, opened(conversation)))
        }
        for (let index = 0; index < 20; index++) assert.strictEqual((yield* route(index)).room.id, "by 0")
        assert.lengthOf((yield* store.get("by 0"))!.attachments[0]!.aliases!, 16)
        for (const [index, id] of [[15, "by 0"], [16, undefined]] as const) {
          assert.strictEqual(yield* routed(store, "sms", first, Address.make(`whatsapp:CA.${index}`)), id)
        }
      }))

    test("moves a person's other addresses along with the number", (store) =>
      Effect.gen(function*() {
        const userId = Address.make("whatsapp:CA.1")
        const conversation = { channelId: "sms", recipient: first, sender: ann, senderAliases: [userId] }
        yield* store.route(conversation, () => room("first", attachment("sms", first, ann)))
        yield* store.create(room("escalated"))
        yield* store.attach("escalated", attachment("sms", first, ann))
        assert.strictEqual((yield* store.route(conversation, () => room("never"))).room.id, "escalated")
        assert.strictEqual(yield* routed(store, "sms", first, userId), "escalated")
      }))

    test("gives a group a room of its own, whoever of it writes, in any order and spelling", (store) =>
      Effect.gen(function*() {
        const [mexican, other] = ["+525512345678", "+5215512345678"].map((text) => Address.make(text)) as [
          Address,
          Address
        ]
        const route = (recipient: Address, sender: Address, ...participants: ReadonlyArray<Address>) => {
          const conversation = { channelId: "sms", recipient, sender, participants }
          return store.route(conversation, () => room(`by ${sender} in ${participants.length}`, opened(conversation)))
        }
        const alone = yield* route(first, ann)
        const { created, room: { id } } = yield* route(first, ann, bob, mexican)
        assert.isTrue(created)
        const group = [
          [ann, mexican, bob],
          [bob, ann, mexican],
          [bob, mexican, ann, ann],
          [mexican, bob, first, ann]
        ] as const
        for (const [sender, ...participants] of group) {
          const found = yield* route(first, sender, ...participants)
          assert.deepStrictEqual([found.created, found.room.id], [false, id])
        }
        // Written in another form, which is the one to answer to.
        const written = yield* route(first, other, bob, ann)
        assert.deepStrictEqual(written.room.attachments[0]?.group, [ann, bob, other])
        assert.deepStrictEqual(written.room.participants, [ann, bob, other])
        assert.deepStrictEqual(yield* store.get(id), written.room)
        // A member alone, a smaller group, a larger one, another number of ours and another channel.
        assert.strictEqual((yield* route(first, ann)).room.id, alone.room.id)
        for (const sender of [bob, mexican]) assert.isUndefined(yield* routed(store, "sms", first, sender))
        assert.isTrue((yield* route(first, bob, mexican)).created)
        assert.isTrue((yield* route(first, bob, mexican, ann, Address.make("12345"))).created)
        assert.isTrue((yield* route(second, bob, mexican, ann)).created)
        const elsewhere = { channelId: "other", recipient: first, sender: ann, participants: [bob, mexican] }
        assert.isUndefined(yield* store.find(elsewhere))
        yield* store.detach(id, opened({ channelId: "sms", recipient: first, sender: bob, participants: [other, ann] }))
        assert.isUndefined(yield* store.find({ ...elsewhere, channelId: "sms" }))
      }))

    test("routes a group to the room that has it on any number, then to that of the number, and to no member's", (store) =>
      Effect.gen(function*() {
        const conversation = { channelId: "sms", recipient: first, sender: ann, participants: [bob] }
        const found = Effect.map(store.find(conversation), (room) => room?.id)
        for (const id of ["member", "channel", "number", "group"]) yield* store.create(room(id))
        yield* store.attach("member", attachment("sms", undefined, ann))
        yield* store.attach("member", attachment("sms", first, bob))
        assert.isUndefined(yield* found)
        yield* store.attach("channel", attachment("sms"))
        assert.strictEqual(yield* found, "channel")
        yield* store.attach("number", attachment("sms", first))
        assert.strictEqual(yield* found, "number")
        yield* store.attach("group", new Attachment({ channelId: "sms", group: [bob, ann] }))
        assert.strictEqual(yield* found, "group")
        const { room: heard } = yield* store.route(conversation, () => room("never"))
        assert.deepStrictEqual([heard.id, heard.attachments[0]?.writesTo], ["group", first])
        assert.deepStrictEqual(yield* store.get("group"), heard)
      }))

    test("makes one room of a conversation, however many ask at once, and notes the number written to", (store) =>
      Effect.gen(function*() {
        const conversation = { channelId: "sms", recipient: first, sender: ann }
        const routes = yield* Effect.all(
          ["a", "b", "c", "d"].map((id) =>
            store.route(conversation, () => room(id, attachment("web"), attachment("sms", first, ann)))
          ),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(new Set(routes.map(({ room }) => room.id)), 1)
        assert.lengthOf(routes.filter(({ created }) => created), 1)
        const [{ id }] = routes.map(({ room }) => room) as [Room]
        yield* store.attach(id, attachment("sms", undefined, bob))
        const { created, room: heard } = yield* store.route(
          { channelId: "sms", recipient: second, sender: bob },
          () => room("never")
        )
        assert.isFalse(created)
        assert.strictEqual(heard.attachments.at(-1)?.writesTo, second)
        assert.deepStrictEqual(yield* store.get(id), heard)
      }))

    test("keeps a room that there is, and knows nothing of one that there is not", (store) =>
      Effect.gen(function*() {
        assert.isTrue((yield* store.create(room("a", attachment("web")))).created)
        const again = yield* store.create(room("a"))
        assert.deepStrictEqual(again, { room: room("a", attachment("web")), created: false })
        assert.isUndefined(yield* store.get("b"))
        assert.isUndefined(yield* store.attach("b", attachment("sms")))
        assert.isUndefined(yield* store.detach("b", attachment("sms")))
        assert.isUndefined(yield* store.history("b"))
        assert.isUndefined(yield* routed(store, "sms", first, ann))
      }))

    test("appends an event once for its id and once for its key, and tells what became of it", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a"))
        assert.strictEqual((yield* store.append(event("1", "a"), { key: "key" }))._tag, "Appended")
        const byId = yield* store.append(event("1", "a", "other"))
        assert.strictEqual(byId._tag, "Repeated")
        const byKey = yield* store.append(event("2", "a", "other"), { key: "key" })
        if (byKey._tag !== "Repeated") return assert.fail("not recognized")
        assert.deepStrictEqual(byKey.event, event("1", "a"))
        assert.isUndefined(byKey.deliveries)
        const deliveries = [new DeliveryOutcome({ channelId: "web", outcome: "delivered" })]
        // An outcome that is known at once is stored with the event.
        yield* store.append(event("2", "a"), { deliveries: [] })
        const known = yield* store.append(event("2", "a"))
        assert.deepStrictEqual(known._tag === "Repeated" && known.deliveries, [])
        yield* store.settle(event("1", "a"), deliveries)
        const settled = yield* store.append(event("1", "a"))
        assert.deepStrictEqual(settled._tag === "Repeated" && settled.deliveries, deliveries)
        const history = yield* store.history("a")
        assert.deepStrictEqual(history?.map(({ deliveries, event }) => [event.id, deliveries]), [
          ["1", deliveries],
          ["2", []]
        ])
      }))

    test("lists what was said, oldest first, in pages", (store) =>
      Effect.gen(function*() {
        yield* store.create(room("a"))
        yield* store.create(room("b"))
        for (const id of ["1", "2", "3", "4", "5"]) {
          yield* store.append(event(id, "a"))
          yield* store.append(event(`b${id}`, "b"))
        }
        const ids = (entries: ReadonlyArray<{ readonly event: RoomEvent }> | undefined) =>
          entries?.map(({ event }) => event.id)
        assert.deepStrictEqual(ids(yield* store.history("a")), ["1", "2", "3", "4", "5"])
        const page = yield* store.history("a", { limit: 2 })
        assert.deepStrictEqual(ids(page), ["4", "5"])
        const before = yield* store.history("a", { limit: 2, before: page![0]!.position })
        assert.deepStrictEqual(ids(before), ["2", "3"])
      }))

    it.effect("finds what was said in a span of time, and the rooms of it", () =>
      Effect.gen(function*() {
        const store = yield* RoomStore
        for (const id of ["a", "b", "silent"]) yield* store.create(room(id))
        // In second 0 to 5, each in one of two rooms.
        for (const [second, id] of ["a", "a", "b", "b", "a", "a"].entries()) {
          yield* store.append(event(`${second}`, id))
          yield* TestClock.adjust("1 second")
        }
        const at = (second: number) => DateTime.makeUnsafe(second * 1000)
        const said = (span: TimeSpan, options?: { readonly limit?: number; readonly before?: number }) =>
          Effect.map(store.history("a", { ...span, ...options }), (all) => all!.map(({ event }) => event.id))
        assert.deepStrictEqual(yield* said({ since: at(1) }), ["1", "4", "5"])
        assert.deepStrictEqual(yield* said({ until: at(4) }), ["0", "1"])
        assert.deepStrictEqual(yield* said({ since: at(1), until: at(5) }), ["1", "4"])
        assert.deepStrictEqual(yield* said({ since: at(1), until: at(5) }, { limit: 1 }), ["4"])
        const [last] = (yield* store.history("a", { since: at(1), until: at(5), limit: 1 }))!
        assert.deepStrictEqual(yield* said({ since: at(1), until: at(5) }, { limit: 5, before: last!.position }), ["1"])
        const rooms = (said: TimeSpan) =>
          Effect.map(store.search({ limit: 10, said }), (all) => all.map(({ room }) => room.id))
        assert.deepStrictEqual(yield* rooms({ since: at(2) }), ["a", "b"])
        assert.deepStrictEqual(yield* rooms({ since: at(2), until: at(4) }), ["b"])
        assert.deepStrictEqual(yield* rooms({ until: at(2) }), ["a"])
        assert.deepStrictEqual(yield* rooms({ since: at(6) }), [])
        const [first] = yield* store.search({ limit: 1, said: { since: at(0) } })
        const rest = yield* store.search({ limit: 9, said: { since: at(0) }, after: first!.place })
        assert.deepStrictEqual(rest.map(({ room }) => room.id), ["b"])
      }).pipe(Effect.provide(layer, { local: true }), Effect.scoped))

    test("counts what was received after the last message that was read", (store) =>
      Effect.gen(function*() {
        for (const id of ["a", "b", "silent"]) yield* store.create(room(id))
        const posted = ({ source, ...fields }: RoomEvent) =>
          new RoomEvent({ ...fields, source: new EventSource({ ...source, direction: "outbound" }) })
        for (const id of ["1", "2", "3"]) yield* store.append(event(id, "a"))
        yield* store.append(posted(event("4", "a")))
        yield* store.append(event("5", "b"))
        const summary = (id: string) => Effect.map(store.summaries(["a", "b", "silent", "none"]), (all) => all.get(id))
        const shown = Effect.map(summary("a"), (found) => [found?.unread, found?.last?.event.id])
        assert.deepStrictEqual(yield* shown, [3, "4"])
        assert.deepStrictEqual([(yield* summary("b"))?.unread, (yield* summary("b"))?.last?.event.id], [1, "5"])
        assert.deepStrictEqual(yield* summary("silent"), { last: undefined, provider: undefined, unread: 0 })
        assert.isUndefined(yield* summary("none"))
        yield* store.markRead({ id: "2", roomId: "a" })
        assert.deepStrictEqual(yield* shown, [1, "4"])
        // Neither an earlier message, nor one of another room, nor one that there is not.
        for (const [id, roomId] of [["1", "a"], ["5", "a"], ["none", "a"], ["1", "none"]] as const) {
          yield* store.markRead({ id, roomId })
        }
        assert.deepStrictEqual(yield* shown, [1, "4"])
        yield* store.markRead({ id: "4", roomId: "a" })
        assert.deepStrictEqual(yield* shown, [0, "4"])
        yield* store.append(event("6", "a"))
        assert.deepStrictEqual(yield* shown, [1, "6"])
        assert.strictEqual((yield* store.summaries([])).size, 0)
      }))

    test("lists the rooms, the most recently active first", (store) =>
      Effect.gen(function*() {
        for (const id of ["a", "b", "c"]) yield* store.create(room(id))
        yield* store.append(event("1", "a"))
        const ids = (rooms: ReadonlyArray<Room>) => rooms.map(({ id }) => id)
        assert.deepStrictEqual(ids(yield* store.rooms()), ["a", "c", "b"])
        assert.deepStrictEqual(ids(yield* store.rooms({ limit: 1 })), ["a"])
      }))

    test("lists delivery statuses, oldest first, a repeated one once", (store) =>
      Effect.gen(function*() {
        for (const key of ["1", "2", "3"]) yield* store.addStatus(status(key))
        yield* store.addStatus(status("2"))
        const keys = (statuses: ReadonlyArray<DeliveryStatus>) => statuses.map(({ idempotencyKey }) => idempotencyKey)
        assert.deepStrictEqual(keys(yield* store.statuses()), ["1", "2", "3"])
        assert.deepStrictEqual(keys(yield* store.statuses({ limit: 2 })), ["2", "3"])
      }))
  })
}
