import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scheduler } from "effect"
import { Address } from "../../src/Address.ts"
import type { InboundMessage } from "../../src/Message.ts"
import type { Service } from "../../src/rooms/RoomKit.ts"
import { customer, makeKit, message, ours, recording, registerUntil, said, watch } from "./kit.ts"

const other = Address.make("+15145550143")
const ourOther = Address.make("+15145550101")

const roomOf = (kit: Service, received: InboundMessage) =>
  Effect.map(kit.processInbound(received), (result) => result._tag === "Broadcast" ? result.event.roomId : result._tag)

describe("a message", () => {
  it.effect("opens a room for its conversation, and the next one finds it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const room = yield* roomOf(kit, message("1"))
      assert.strictEqual(yield* roomOf(kit, message("2")), room)
      assert.notStrictEqual(yield* roomOf(kit, message("3", { sender: other })), room)
      assert.notStrictEqual(yield* roomOf(kit, message("4", { recipient: ourOther })), room)
      assert.notStrictEqual(yield* roomOf(kit, message("5", { channelId: "other" })), room)
      assert.lengthOf(yield* kit.rooms, 4)
      const opened = (yield* kit.rooms).find(({ id }) => id === room)
      assert.deepStrictEqual(opened?.attachments.map((attachment) => ({ ...attachment })), [
        { channelId: "sms", participant: customer, recipient: ours }
      ])
    }))

  it.effect("opens one room together with others that are first at the same time", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 50 }, (_, index) => message(String(index), { idempotencyKey: `SM${index}` })),
        (received) => Effect.forkChild(roomOf(kit, received))
      ).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, 3))
      assert.strictEqual(new Set(yield* Fiber.joinAll(fibers)).size, 1)
      assert.lengthOf(yield* kit.rooms, 1)
      assert.lengthOf(yield* changes("RoomCreated"), 1)
    }))

  it.effect("goes to the room that its channel is attached to", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "support" })
      yield* kit.attachChannel("support", { channelId: "sms" })
      assert.strictEqual(yield* roomOf(kit, message("1")), "support")
      assert.strictEqual(yield* roomOf(kit, message("2", { sender: other })), "support")
      assert.notStrictEqual(yield* roomOf(kit, message("3", { channelId: "other" })), "support")
    }))

  it.effect("goes to the room of its participant, of its number, and of both, the closest first", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const rooms = {
        channel: { channelId: "sms" },
        number: { channelId: "sms", recipient: ours },
        participant: { channelId: "sms", participant: customer },
        conversation: { channelId: "sms", participant: customer, recipient: ours }
      }
      for (const [id, attachment] of Object.entries(rooms)) {
        yield* kit.createRoom({ id })
        yield* kit.attachChannel(id, attachment)
      }
      assert.strictEqual(yield* roomOf(kit, message("1")), "conversation")
      assert.strictEqual(yield* roomOf(kit, message("2", { recipient: ourOther })), "participant")
      assert.strictEqual(yield* roomOf(kit, message("3", { sender: other })), "number")
      assert.strictEqual(yield* roomOf(kit, message("4", { sender: other, recipient: ourOther })), "channel")
      yield* kit.detachChannel("conversation", rooms.conversation)
      assert.strictEqual(yield* roomOf(kit, message("5")), "participant")
    }))

  it.effect("moves to the room that the conversation is attached to later", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const first = yield* roomOf(kit, message("1"))
      yield* kit.createRoom({ id: "escalated" })
      yield* kit.attachChannel("escalated", { channelId: "sms", participant: customer, recipient: ours })
      assert.strictEqual(yield* roomOf(kit, message("2")), "escalated")
      yield* kit.detachChannel("escalated", { channelId: "sms", participant: customer, recipient: ours })
      const third = yield* roomOf(kit, message("3"))
      assert.notInclude([first, "escalated"], third)
    }))

  it.effect("opens another room when its room was detached from it or forgotten", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ maxRooms: 2 })
      const first = yield* roomOf(kit, message("1"))
      yield* kit.detachChannel(first, { channelId: "sms", participant: customer, recipient: ours })
      const second = yield* roomOf(kit, message("2"))
      assert.notStrictEqual(second, first)
      yield* roomOf(kit, message("3", { sender: other }))
      yield* roomOf(kit, message("4", { sender: "+15145550144" }))
      assert.lengthOf(yield* kit.rooms, 2)
      assert.strictEqual((yield* Effect.flip(kit.events(second)))._tag, "RoomNotFound")
      assert.notStrictEqual(yield* roomOf(kit, message("5")), second)
    }))

  it.effect("keeps its room alive: the least recently active one is forgotten", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ maxRooms: 2 })
      const first = yield* roomOf(kit, message("1"))
      yield* roomOf(kit, message("2", { sender: other }))
      yield* roomOf(kit, message("3"))
      yield* roomOf(kit, message("4", { sender: "+15145550144" }))
      assert.strictEqual(yield* roomOf(kit, message("5")), first)
      assert.strictEqual((yield* kit.rooms)[0]?.id, first)
    }))
})

describe("one person", () => {
  it.effect.each(
    [
      ["+15145550142", [
        "+1 (514) 555-0142",
        "+15145550142 ",
        "\t+15145550142\n",
        "(+1) 514 555 0142",
        "tel:+1-514-555-0142"
      ]],
      ["+15145550142", [
        "\u202A+1\u00A0514\u00A0555\u00A00142\u202C",
        "\uFF0B\uFF11 514 555 0142",
        "\uFEFF+15145550142"
      ]],
      ["+447911123456", ["+44 (0)7911 123456", "+4407911123456"]],
      ["+5215512345678", ["+52 55 1234 5678", "+52 1 55 1234 5678"]],
      ["+525512345678", ["+5215512345678"]],
      ["+5491123456789", ["+54 11 2345-6789", "+54 11 15-2345-6789"]],
      ["+554187654321", ["+55 41 98765-4321"]],
      ["+5541987654321", ["+55 41 8765-4321"]],
      ["whatsapp:+5215512345678", [
        "whatsapp:+525512345678",
        "WhatsApp:+52 1 55 1234 5678",
        " whatsapp: +525512345678"
      ]],
      ["12345", [" 12345", "12345\n"]],
      ["ACME", ["ACME "]]
    ] as const
  )("is found in the room that is attached in another spelling: %s", ([sender, spellings]) =>
    Effect.gen(function*() {
      for (const spelling of spellings) {
        const kit = yield* makeKit()
        const participant = Address.make(spelling)
        yield* kit.createRoom({ id: "person" })
        yield* kit.attachChannel("person", { channelId: "sms", participant })
        assert.strictEqual(yield* roomOf(kit, message("1", { sender })), "person", spelling)
        yield* kit.attachChannel("person", {
          channelId: "sms",
          participant,
          recipient: Address.make(" +1 514-555-0101")
        })
        assert.strictEqual(yield* roomOf(kit, message("2", { sender, recipient: ourOther })), "person", spelling)
        yield* kit.detachChannel("person", { channelId: "sms", participant, recipient: ourOther })
        yield* kit.detachChannel("person", { channelId: "sms", participant })
        assert.notStrictEqual(yield* roomOf(kit, message("3", { sender })), "person", spelling)
      }
    }))

  it.effect.each([
    "(514) 555-0142",
    "5145550142",
    "15145550142",
    "+15145550142, +15145550143",
    "whatsapp:x",
    " "
  ])(
    "is not attached by what no carrier writes: %j",
    (text) =>
      Effect.gen(function*() {
        const kit = yield* makeKit()
        yield* kit.createRoom({ id: "person" })
        for (const field of ["participant", "recipient"] as const) {
          const attachment = { channelId: "sms", [field]: Address.make(text) }
          for (const change of [kit.attachChannel, kit.detachChannel]) {
            const error = yield* Effect.flip(change("person", attachment))
            assert.strictEqual(error._tag, "InvalidAttachment")
            assert.match(error.message, new RegExp(`^${field}: expected a phone number as \\+ and digits`))
            assert.notInclude(error.message, "5550")
          }
        }
        assert.deepStrictEqual((yield* kit.rooms)[0]?.attachments, [])
      })
  )

  it.effect("has one room, however the carrier writes the number this time", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      for (
        const [one, other] of [
          ["+525512345678", "+5215512345678"],
          ["+5491123456789", "+541123456789"],
          ["+554187654321", "+5541987654321"],
          ["whatsapp:+5215512345678", "whatsapp:+525512345678"]
        ] as const
      ) {
        const room = yield* roomOf(kit, message("1", { sender: one }))
        assert.strictEqual(yield* roomOf(kit, message("2", { sender: other })), room)
        assert.strictEqual(yield* roomOf(kit, message("3", { sender: one })), room)
        const attachments = (yield* kit.rooms).find(({ id }) => id === room)?.attachments
        assert.deepStrictEqual(attachments?.map((attachment) => ({ ...attachment })), [
          { channelId: "sms", participant: Address.make(one), recipient: ours }
        ])
      }
      assert.lengthOf(yield* kit.rooms, 4)
      // A landline with the digits of a mobile number is another phone.
      const landline = yield* roomOf(kit, message("4", { sender: "+551133334444" }))
      assert.notStrictEqual(yield* roomOf(kit, message("5", { sender: "+5511933334444" })), landline)
    }))

  it.effect("has one room, by the number and by the ids that carriers give beside it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [number, userId] = ["whatsapp:+5215512345678", "whatsapp:MX.13491208655302741918"]
      const room = yield* roomOf(kit, message("1", { sender: number, senderAliases: [userId] }))
      assert.strictEqual(yield* roomOf(kit, message("2", { sender: userId })), room)
      assert.strictEqual(yield* roomOf(kit, message("3", { sender: userId, senderAliases: [number] })), room)
      assert.notStrictEqual(yield* roomOf(kit, message("4", { sender: "whatsapp:MX.2" })), room)
    }))

  it.effect("is found in the room that is attached to a user ID, by the ID and by the number beside it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [number, userId] = ["whatsapp:+5215512345678", "whatsapp:MX.13491208655302741918"]
      yield* kit.createRoom({ id: "person" })
      yield* kit.attachChannel("person", { channelId: "sms", participant: Address.make(userId) })
      assert.strictEqual(yield* roomOf(kit, message("1", { sender: userId })), "person")
      assert.strictEqual(yield* roomOf(kit, message("2", { sender: number, senderAliases: [userId] })), "person")
      assert.strictEqual(yield* roomOf(kit, message("3", { sender: number })), "person")
    }))
})

describe("a room", () => {
  it.effect("is created with a new id or the one that is given, and a second time left as it is", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const [one, two] = [yield* kit.createRoom(), yield* kit.createRoom({})]
      assert.notStrictEqual(one.id, two.id)
      yield* kit.createRoom({ id: "a" })
      yield* kit.attachChannel("a", { channelId: "web" })
      const rooms = yield* Effect.replicateEffect(kit.createRoom({ id: "a" }), 5, { concurrency: "unbounded" })
      assert.deepStrictEqual(rooms.map(({ attachments }) => attachments.length), [1, 1, 1, 1, 1])
      assert.lengthOf(yield* kit.rooms, 3)
      assert.lengthOf(yield* changes("RoomCreated"), 3)
    }))

  it.effect("that is created many times at once is one", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const fibers = yield* Effect.replicateEffect(Effect.forkChild(kit.createRoom({ id: "a" })), 50).pipe(
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3)
      )
      const rooms = yield* Fiber.joinAll(fibers)
      assert.strictEqual(new Set(rooms).size, 1)
      assert.lengthOf(yield* kit.rooms, 1)
    }))

  it.effect("has the channels that belong to every room and are registered when it is created", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const attachments = Effect.map(kit.createRoom(), ({ attachments }) => attachments.map((a) => a.channelId))
      yield* kit.registerChannel({ ...recording("one").channel, everyRoom: false })
      yield* kit.registerChannel(recording("all").channel)
      const close = yield* registerUntil(kit.registerChannel(recording("some").channel))
      assert.deepStrictEqual(yield* attachments, ["all", "some"])
      yield* close
      assert.deepStrictEqual(yield* attachments, ["all"])
    }))

  it.effect("stops delivering to a channel that is detached", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("ai")
      yield* kit.registerChannel({ ...channel, everyRoom: false })
      const room = yield* kit.createRoom()
      yield* kit.post(room.id, said("1"))
      yield* kit.attachChannel(room.id, { channelId: "ai" })
      yield* kit.post(room.id, said("2"))
      yield* kit.detachChannel(room.id, { channelId: "ai" })
      yield* kit.detachChannel(room.id, { channelId: "ai" })
      yield* kit.post(room.id, said("3"))
      assert.deepStrictEqual(texts, ["2"])
    }))
})
