/** How every store is searched: by number, state, provider and time, in pages that inserts do not disturb. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer } from "effect"
import { Address } from "../../src/Address.ts"
import { Delivery, DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import type { Status } from "../../src/DeliveryStatus.ts"
import type { Listed, Place, SearchOptions } from "../../src/internal/listing.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { RoomEvent } from "../../src/RoomEvent.ts"
import { Attachment } from "../../src/rooms/Room.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import { OptedOut, SmsError } from "../../src/SmsError.ts"
import { message, textContent } from "../rooms/kit.ts"
import { ann, attachment, bob, event, first, room } from "./RoomStoreSuite.ts"

type Stores = RoomStore | DeliveryStore | IntentStore

/** All of a list in pages of two, while something is inserted after each. */
const inPages = Effect.fnUntraced(function*<A, P, E, R, E2, R2>(
  read: (
    options: { readonly limit: number; readonly after?: P }
  ) => Effect.Effect<ReadonlyArray<A & { readonly place: P }>, E, R>,
  insert: Effect.Effect<unknown, E2, R2>
) {
  const all: Array<A & { readonly place: P }> = []
  while (true) {
    const last = all.at(-1)
    const page = yield* read({ limit: 2, ...(last !== undefined && { after: last.place }) })
    assert.isAtMost(page.length, 2)
    if (page.length === 0) return all
    all.push(...page)
    yield* insert
  }
})

const isOrdered = (listed: ReadonlyArray<{ readonly place: Place }>) =>
  listed.every(({ place }, index) => {
    const before = listed[index - 1]?.place
    return before === undefined || before.time > place.time ||
      (before.time === place.time && before.position > place.position)
  })

/** What the time filters find is what the times of the whole list say. */
const checkTimes = Effect.fnUntraced(function*<A, E, R>(
  all: ReadonlyArray<Listed<A>>,
  search: (options: SearchOptions) => Effect.Effect<ReadonlyArray<Listed<A>>, E, R>
) {
  const time = all[Math.floor(all.length / 2)]!.place.time
  const at = DateTime.makeUnsafe(time)
  const places = (listed: ReadonlyArray<Listed<A>>) => listed.map(({ place }) => place)
  assert.deepStrictEqual(
    places(yield* search({ limit: 100, since: at })),
    places(all.filter(({ place }) => place.time >= time))
  )
  assert.deepStrictEqual(
    places(yield* search({ limit: 100, until: at })),
    places(all.filter(({ place }) => place.time < time))
  )
  assert.deepStrictEqual(yield* search({ limit: 100, until: DateTime.makeUnsafe(0) }), [])
})

const forms = ["+15145550142", "15145550142", "whatsapp:+15145550142", "+1 (514) 555-0142"].map((form) =>
  Address.make(form)
)

/** The layer gives empty stores each time. */
export const suite = (name: string, layer: Layer.Layer<Stores, unknown>, skip = false) => {
  const test = (title: string, body: Effect.Effect<void, unknown, Stores>) =>
    it.live(title, () => Effect.scoped(Effect.provide(body, layer, { local: true })))

  describe.skipIf(skip)(`searching (${name})`, () => {
    test(
      "finds rooms by activity and by everyone in them",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        const group = new Attachment({ channelId: "sms", group: [bob, Address.make("+15145550144")], recipient: first })
        yield* rooms.create(room("ann", attachment("sms", first, ann)))
        yield* rooms.create(room("group", group))
        for (const id of ["3", "4", "5"]) yield* rooms.create(room(id))
        for (const id of ["4", "ann", "3", "5", "group"]) yield* rooms.append(event(`in ${id}`, id))
        let inserted = 0
        const insert = Effect.suspend(() => rooms.create(room(`new ${inserted++}`)))
        const all = yield* inPages(rooms.search, insert)
        assert.deepStrictEqual(all.map(({ room }) => room.id), ["group", "5", "3", "ann", "4"])
        const of = (number: Address, limit = 10) =>
          Effect.map(rooms.search({ limit, number }), (found) => found.map(({ room }) => room.id))
        for (const form of forms) assert.deepStrictEqual(yield* of(form), ["ann"], form)
        assert.deepStrictEqual(yield* of(bob), ["group"])
        yield* rooms.attach("5", attachment("sms", undefined, ann))
        yield* rooms.append(event("again", "ann"))
        assert.deepStrictEqual(yield* of(ann), ["ann", "5"])
        assert.deepStrictEqual(yield* of(ann, 1), ["ann"])
        const { place } = (yield* rooms.search({ limit: 1, number: ann }))[0]!
        const rest = yield* rooms.search({ limit: 1, number: ann, after: place })
        assert.deepStrictEqual(rest.map(({ room }) => room.id), ["5"])
        yield* rooms.detach("ann", attachment("sms", first, ann))
        assert.deepStrictEqual(yield* of(ann), ["5"])
        // An address that the carrier gives later.
        const alias = Address.make("whatsapp:CA.1")
        yield* rooms.route(
          { channelId: "wa", recipient: first, sender: bob, senderAliases: [alias] },
          () => room("wa", attachment("wa", first, bob))
        )
        yield* rooms.route(
          { channelId: "wa", recipient: first, sender: bob, senderAliases: [alias] },
          () => room("none")
        )
        assert.deepStrictEqual(yield* of(alias), ["wa"])
      })
    )

    test(
      "finds rooms by what was said and by a part of a number",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        yield* rooms.create(room("ann", attachment("sms", first, ann)))
        yield* rooms.create(room("bob", attachment("sms", first, bob)))
        yield* rooms.append(event("1", "ann", "Où est MON colis? 100%"))
        yield* rooms.append(event("2", "bob", "Call 555-0142 back_"))
        const find = (find: string, limit = 9) =>
          Effect.map(rooms.search({ limit, find }), (found) => found.map(({ room }) => room.id))
        assert.deepStrictEqual(yield* find("mon COLIS"), ["ann"])
        assert.deepStrictEqual(yield* find("OÙ"), ["ann"])
        assert.deepStrictEqual(yield* find("%"), ["ann"])
        assert.deepStrictEqual(yield* find("_"), ["bob"])
        // The number of one, and what the other said.
        assert.deepStrictEqual(yield* find("555-0142"), ["bob", "ann"])
        assert.deepStrictEqual(yield* find("(514) 555 0143"), ["bob"])
        assert.deepStrictEqual(yield* find("5145550144"), [])
        // The fields of what is stored are not its text.
        for (const field of ["TextContent", "roomId", "sms", "'"]) assert.deepStrictEqual(yield* find(field), [], field)
        const { place } = (yield* rooms.search({ limit: 1, find: "555" }))[0]!
        assert.deepStrictEqual(
          (yield* rooms.search({ limit: 1, find: "555", after: place })).map(({ room }) => room.id),
          ["ann"]
        )
      })
    )

    test(
      "finds received messages in all rooms, and none that was posted",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        for (const id of ["a", "b"]) yield* rooms.create(room(id))
        const blocked = { hook: "consent", reason: "opted out" }
        const append = (id: string, roomId: string, sender: Address, isBlocked = false) => {
          const { source, ...fields } = event(id, roomId)
          return rooms.append(
            new RoomEvent({ ...fields, source: { ...source, participant: sender }, ...(isBlocked && { blocked }) }),
            { inbound: message(id, { sender }) }
          )
        }
        for (const [index, id] of ["1", "2", "3", "4", "5"].entries()) {
          yield* append(id, index % 2 === 0 ? "a" : "b", index % 2 === 0 ? ann : bob, index === 2)
        }
        const { source, ...fields } = event("posted", "a")
        yield* rooms.append(new RoomEvent({ ...fields, source: { ...source, direction: "outbound" } }))
        let inserted = 0
        const all = yield* inPages(rooms.searchReceived, Effect.suspend(() => append(`new ${inserted++}`, "a", ann)))
        const ids = (listed: ReadonlyArray<{ readonly value: { readonly event: RoomEvent } }>) =>
          listed.map(({ value }) => value.event.id)
        assert.deepStrictEqual(ids(all), ["5", "4", "3", "2", "1"])
        assert.isTrue(isOrdered(all))
        assert.strictEqual(all[0]!.value.provider, "twilio")
        const whole = yield* rooms.searchReceived({ limit: 100 })
        yield* checkTimes(whole, rooms.searchReceived)
        assert.deepStrictEqual(ids(yield* rooms.searchReceived({ limit: 9, number: bob })), ["4", "2"])
        assert.deepStrictEqual(ids(yield* rooms.searchReceived({ limit: 9, room: "b" })), ["4", "2"])
        assert.deepStrictEqual(ids(yield* rooms.searchReceived({ limit: 9, room: "a", blocked: true })), ["3"])
        assert.deepStrictEqual(yield* rooms.searchReceived({ limit: 9, room: "b", number: ann }), [])
        assert.deepStrictEqual(ids(yield* rooms.searchReceived({ limit: 9, blocked: true })), ["3"])
        assert.notInclude(ids(yield* rooms.searchReceived({ limit: 99, blocked: false })), "3")
        assert.lengthOf(yield* rooms.searchReceived({ limit: 99, provider: "twilio" }), whole.length)
        assert.deepStrictEqual(yield* rooms.searchReceived({ limit: 9, provider: "sinch" }), [])
        assert.lengthOf(yield* rooms.searchReceived({ limit: 99, text: "HELLO" }), whole.length)
        assert.deepStrictEqual(yield* rooms.searchReceived({ limit: 99, text: "bye" }), [])
        const found = yield* rooms.event({ id: "3", roomId: "a" })
        assert.deepStrictEqual(found?.event.blocked, blocked)
        assert.isUndefined(yield* rooms.event({ id: "3", roomId: "b" }))
      })
    )

    test(
      "finds sends by recipient, state and the provider that answered, and those of an event",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const reserve = (
          id: string,
          to: Address,
          fields: { provider?: string; eventId?: string; roomId?: string } = {}
        ) =>
          intents.reserve({
            id,
            hash: "h",
            message: new OutboundMessage({ to, content: textContent("hi") }),
            roomId: "a",
            ...fields
          })
        yield* reserve("1", ann, { eventId: "e" })
        yield* reserve("2", bob, { provider: "sinch", roomId: "b" })
        yield* reserve("3", ann, { eventId: "e" })
        yield* reserve("4", bob)
        yield* reserve("5", bob)
        const receipt = new SendReceipt({
          provider: "twilio",
          messageIds: ["1"],
          recipient: ann,
          status: "queued",
          carrierStatus: "queued"
        })
        yield* intents.settle("1", { state: "accepted", receipt })
        const error = new SmsError({ provider: "telnyx", reason: new OptedOut({}) })
        yield* intents.settle("4", { state: "refused", error })
        let inserted = 0
        const all = yield* inPages(intents.search, Effect.suspend(() => reserve(`new ${inserted++}`, ann)))
        const ids = (listed: ReadonlyArray<{ readonly value: { readonly id: string } }>) =>
          listed.map(({ value }) => value.id)
        assert.deepStrictEqual(ids(all), ["5", "4", "3", "2", "1"])
        assert.isTrue(isOrdered(all))
        yield* checkTimes(yield* intents.search({ limit: 100 }), intents.search)
        assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, number: bob })), ["5", "4", "2"])
        for (const [provider, id] of [["sinch", "2"], ["twilio", "1"], ["telnyx", "4"]] as const) {
          assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, provider })), [id])
        }
        assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, room: "b" })), ["2"])
        assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, room: "a", number: bob })), ["5", "4"])
        assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, state: "refused" })), ["4"])
        assert.deepStrictEqual(ids(yield* intents.search({ limit: 9, text: "HI", number: bob })), ["5", "4", "2"])
        assert.deepStrictEqual(yield* intents.search({ limit: 9, text: "hi there" }), [])
        assert.deepStrictEqual(yield* intents.search({ limit: 9, state: "refused", number: ann }), [])
        assert.deepStrictEqual((yield* intents.ofEvent("e")).map(({ id }) => id), ["1", "3"])
      })
    )

    test(
      "finds deliveries by recipient, status and provider",
      Effect.gen(function*() {
        const deliveries = yield* DeliveryStore
        const put = (messageId: string, status: Status, recipient: Address | undefined, provider = "mock") => {
          const delivery = new Delivery({
            provider,
            messageId,
            ...(recipient !== undefined && { recipient }),
            status,
            since: DateTime.makeUnsafe(0),
            reported: [status],
            history: [],
            dropped: 0
          })
          return deliveries.modify(delivery, () => [undefined, delivery])
        }
        yield* put("1", "queued", ann)
        yield* put("2", "delivered", bob, "other")
        yield* put("3", "sent", undefined)
        yield* put("4", "delivered", Address.make("15145550142"))
        // A later report moves no delivery in the list.
        yield* put("1", "delivered", ann)
        let inserted = 0
        const all = yield* inPages(
          deliveries.search,
          Effect.suspend(() => put(`new ${inserted++}`, "failed", Address.make("+15145550199")))
        )
        const ids = (listed: ReadonlyArray<Listed<Delivery>>) => listed.map(({ value }) => value.messageId)
        assert.deepStrictEqual(ids(all), ["4", "3", "2", "1"])
        assert.isTrue(isOrdered(all))
        yield* checkTimes(yield* deliveries.search({ limit: 100 }), deliveries.search)
        for (const form of forms) {
          assert.deepStrictEqual(ids(yield* deliveries.search({ limit: 9, number: form })), ["4", "1"])
        }
        assert.deepStrictEqual(ids(yield* deliveries.search({ limit: 9, status: "delivered" })), ["4", "2", "1"])
        assert.deepStrictEqual(ids(yield* deliveries.search({ limit: 9, provider: "other" })), ["2"])
      })
    )
  })
}
