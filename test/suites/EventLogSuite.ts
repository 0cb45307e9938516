/** What every event log does, and what the stores append to it. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer, Stream } from "effect"
import { Address } from "../../src/Address.ts"
import { Delivery, DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import type { Status } from "../../src/DeliveryStatus.ts"
import type { Event } from "../../src/events/Event.ts"
import * as Log from "../../src/events/EventLog.ts"
import { type Entry, EventLog, type Filter } from "../../src/events/EventLog.ts"
import { InboundMessage, OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { RoomEvent } from "../../src/RoomEvent.ts"
import { Attachment, Room } from "../../src/rooms/Room.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import { textContent } from "../rooms/kit.ts"
import { ann, bob, event, first, room } from "./RoomStoreSuite.ts"

type Stores = EventLog | RoomStore | DeliveryStore | IntentStore

const inbound = (text: string, sender = ann) =>
  new InboundMessage({
    provider: "mock",
    channelId: "sms",
    sender,
    recipient: first,
    content: textContent(text),
    metadata: {},
    raw: { secret: "of the carrier" }
  })

const deliveryOf = (messageId: string, status: Status, recipient = ann) =>
  new Delivery({
    provider: "mock",
    messageId,
    recipient,
    status,
    since: DateTime.makeUnsafe(0),
    reported: [status],
    history: [],
    dropped: 0
  })

const report = (delivery: Delivery) =>
  DeliveryStore.use((store) => store.modify(delivery, () => [undefined, delivery] as const))

const receipt = new SendReceipt({
  provider: "mock",
  messageIds: ["m1", "m2"],
  recipient: ann,
  status: "queued",
  carrierStatus: "queued"
})

const read = (filter?: Filter, after = 0, limit = 100) => EventLog.use((log) => log.read({ after, limit, filter }))

const all = (filter?: Filter) => Effect.map(read(filter), ({ entries }) => entries.map(({ event }) => event))

const isIncreasing = (entries: ReadonlyArray<Entry>) =>
  entries.every(({ position }, index) => index === 0 || position > entries[index - 1]!.position)

const textOf = (event: Event) =>
  event._tag === "MessageReceived" && event.message.content._tag === "TextContent" ? event.message.content.text : ""

/** The layer gives empty stores each time. */
export const suite = (name: string, layer: Layer.Layer<Stores, unknown>, skip = false) => {
  const test = (title: string, body: Effect.Effect<void, unknown, Stores>) =>
    it.live(title, () => Effect.scoped(Effect.provide(body, layer, { local: true })))

  const say = (id: string, roomId: string, message: InboundMessage) =>
    RoomStore.use((store) => store.append(event(id, roomId), { inbound: message }))

  describe.skipIf(skip)(`EventLog (${name})`, () => {
    test(
      "has one entry for a message that reached its room, however often it is appended",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        yield* rooms.create(room("a"))
        const key = "k"
        for (const id of ["1", "1", "2"]) yield* rooms.append(event(id, "a"), { key, inbound: inbound("as it came") })
        const blocked = { hook: "consent", reason: "opted out" }
        yield* rooms.append(new RoomEvent({ ...event("3", "a"), blocked }), { inbound: inbound("no", bob) })
        yield* rooms.append(event("4", "a", "posted"))
        const { entries, position } = yield* read()
        assert.deepStrictEqual(entries.map(({ kind }) => kind), ["MessageReceived", "MessageReceived", "MessagePosted"])
        assert.isTrue(isIncreasing(entries))
        assert.strictEqual(position, entries.at(-1)!.position)
        const [one, two, three] = entries as [Entry, Entry, Entry]
        assert.deepInclude({ ...one }, { roomId: "a", address: ann, provider: "mock" })
        assert.deepInclude({ ...one.event }, { roomId: "a", eventId: "1" })
        // The content is what the hooks left of it, without the payload of the carrier.
        assert.strictEqual(textOf(one.event), "hello")
        assert.notInclude(JSON.stringify(entries), "of the carrier")
        assert.deepInclude({ ...two.event }, { eventId: "3", blocked })
        assert.deepInclude({ ...three.event }, { message: event("4", "a", "posted") })
        assert.deepStrictEqual(yield* EventLog.use(({ get }) => get(two.id)), two)
        assert.isUndefined(yield* EventLog.use(({ get }) => get("none")))
      })
    )

    test(
      "finds what was posted in the room of one person by that person, and not in a room of several",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        const attached = (...people: ReadonlyArray<Address>) =>
          people.map((participant) => new Attachment({ channelId: "sms", participant }))
        yield* rooms.create(new Room({ ...room("a"), attachments: attached(ann) }))
        yield* rooms.create(new Room({ ...room("b"), attachments: attached(ann, bob) }))
        yield* rooms.append(event("1", "a", "to ann"))
        yield* rooms.append(event("2", "b", "to both"))
        yield* rooms.append(event("3", "a", "to ann again"))
        const { entries } = yield* read({ number: ann })
        assert.deepStrictEqual(
          entries.map(({ address, event }) => [address, event._tag === "MessagePosted" && event.message.id]),
          [[ann, "1"], [ann, "3"]]
        )
        assert.deepStrictEqual(yield* all({ number: bob }), [])
      })
    )

    test(
      "has one entry for the outcome of a send, and one more when an operator resolves it",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const message = new OutboundMessage({ to: ann, content: textContent("hi") })
        yield* intents.reserve({ id: "i", hash: "h", message, provider: "mock", roomId: "a" })
        assert.deepStrictEqual(yield* all(), [])
        for (const resolvedBy of [undefined, undefined, "operator: given up", "operator: given up"]) {
          yield* intents.settle("i", { state: "unknown", resolvedBy })
        }
        yield* intents.settle("none", { state: "refused" })
        const { entries } = yield* read()
        assert.deepStrictEqual(
          entries.map(({ address, event, provider, roomId }) => [
            event._tag === "SendSettled" && [event.intentId, event.state, event.resolvedBy, event.message],
            address,
            provider,
            roomId
          ]),
          [
            [["i", "unknown", undefined, message], ann, "mock", "a"],
            [["i", "unknown", "operator: given up", message], ann, "mock", "a"]
          ]
        )
      })
    )

    test(
      "has one entry for a queued message that is cancelled, and none for one that no longer can be",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const message = new OutboundMessage({ to: ann, content: textContent("hi") })
        yield* intents.reserve({ id: "i", hash: "h", message, readyAt: yield* DateTime.now })
        for (const id of ["i", "i", "none"]) yield* intents.cancel(id)
        const states = (yield* all()).map((event) => event._tag === "SendSettled" && event.state)
        assert.deepStrictEqual(states, ["cancelled"])
      })
    )

    test(
      "has one entry for each real change of a delivery",
      Effect.gen(function*() {
        const statuses: ReadonlyArray<Status> = ["unknown", "queued", "queued", "delivered", "delivered", "read"]
        for (const status of statuses) yield* report(deliveryOf("m1", status))
        const changes = yield* all()
        assert.deepStrictEqual(
          changes.map((event) => event._tag === "DeliveryChanged" && [event.messageId, event.previous, event.status]),
          [["m1", "unknown", "queued"], ["m1", "queued", "delivered"], ["m1", "delivered", "read"]]
        )
      })
    )

    test(
      "leads from a delivery to its send and its room",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const message = new OutboundMessage({ to: ann, content: textContent("hi") })
        yield* intents.reserve({ id: "i", hash: "h", message, roomId: "a" })
        yield* intents.settle("i", { state: "accepted", receipt })
        yield* report(deliveryOf("m2", "delivered"))
        yield* report(deliveryOf("another application's", "delivered"))
        const [one, other] = yield* all({ kinds: ["DeliveryChanged"] })
        assert.deepInclude({ ...one }, { messageId: "m2", intentId: "i", roomId: "a" })
        assert.notProperty(other, "intentId")
      })
    )

    test(
      "finds entries by room, kind, number in any form, and time, in pages",
      Effect.gen(function*() {
        const rooms = yield* RoomStore
        for (const id of ["a", "b"]) yield* rooms.create(room(id))
        for (const id of ["1", "2", "3"]) yield* say(id, "a", inbound(id))
        yield* say("4", "b", inbound("4", bob))
        yield* report(deliveryOf("m", "sent", Address.make("15145550143")))
        const count = (filter: Filter) => Effect.map(all(filter), ({ length }) => length)
        assert.strictEqual(yield* count({ roomId: "a" }), 3)
        assert.strictEqual(yield* count({ roomId: "a", number: bob }), 0)
        assert.strictEqual(yield* count({ kinds: ["DeliveryChanged"] }), 1)
        assert.strictEqual(yield* count({ kinds: ["DeliveryChanged", "MessageReceived"] }), 5)
        for (const form of ["+15145550143", "15145550143", "whatsapp:+15145550143"]) {
          assert.strictEqual(yield* count({ number: Address.make(form) }), 2)
        }
        const past = DateTime.makeUnsafe(0)
        assert.strictEqual(yield* count({ since: past }), 5)
        assert.strictEqual(yield* count({ until: past }), 0)
        const page = yield* read({ roomId: "a" }, 0, 2)
        assert.lengthOf(page.entries, 2)
        assert.strictEqual(page.position, page.entries[1]!.position)
        const rest = yield* read({ roomId: "a" }, page.position, 2)
        assert.lengthOf(rest.entries, 1)
        // Searched to the end, which is not of this room.
        assert.strictEqual(rest.position, yield* EventLog.use(({ head }) => head))
        assert.deepStrictEqual((yield* read(undefined, rest.position)).entries, [])
        assert.strictEqual((yield* read(undefined, rest.position + 5)).position, rest.position + 5)
      })
    )

    test(
      "gives a follower that resumes anywhere the rest of the same sequence, while many write",
      Effect.gen(function*() {
        const log = yield* EventLog
        const follow = (options: Log.FollowOptions) => Log.follow(log, options)
        const rooms = yield* RoomStore
        yield* rooms.create(room("a"))
        const total = 60
        const write = (index: number): Effect.Effect<unknown, unknown, Stores> =>
          index % 2 === 0
            ? say(`${index}`, "a", inbound(`${index}`))
            : report(deliveryOf(`${index}`, "sent"))
        const follower = (after: number) => Stream.runCollect(Stream.take(follow({ after }), total))
        const resuming = Effect.gen(function*() {
          const seen: Array<Entry> = []
          while (seen.length < total) {
            const after = seen.at(-1)?.position ?? 0
            seen.push(...yield* Stream.runCollect(Stream.take(follow({ after }), Math.min(7, total - seen.length))))
          }
          return seen
        })
        const [one, other] = yield* Effect.all([
          follower(0),
          resuming,
          Effect.forEach(Array.from({ length: total }, (_, index) => index), write, { concurrency: 10 })
        ], { concurrency: "unbounded" })
        const { entries } = yield* read()
        assert.lengthOf(entries, total)
        assert.isTrue(isIncreasing(entries))
        const ids = (entries: ReadonlyArray<Entry>) => entries.map(({ id }) => id)
        assert.deepStrictEqual(ids(one), ids(entries))
        assert.deepStrictEqual(ids(other), ids(entries))
        const filtered = yield* Stream.runCollect(
          Stream.take(follow({ after: 0, filter: { kinds: ["MessageReceived"] } }), total / 2)
        )
        assert.deepStrictEqual(ids(filtered), ids(entries.filter(({ kind }) => kind === "MessageReceived")))
      })
    )
  })
}
