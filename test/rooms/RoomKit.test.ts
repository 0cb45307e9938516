import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { fromParts, MediaContent, text } from "../../src/Content.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import { customer, fork, history, makeKit, message, ours, recording, said, settle, watch } from "./kit.ts"

describe("a received message", () => {
  it.effect("is one room event with everything that the carrier said", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const receivedAt = DateTime.makeUnsafe("2026-01-02T03:04:05Z")
      const content = fromParts("look", [new MediaContent({ url: "https://example.com/1", mimeType: "image/png" })])
      const received = new InboundMessage({
        ...message("", { idempotencyKey: "SM1", content }),
        receivedAt,
        metadata: { OptOutType: "STOP" }
      })
      const result = yield* kit.processInbound(received)
      assert(result._tag === "Broadcast")
      assert.deepStrictEqual(result.deliveries, [])
      assert.deepStrictEqual(result.event.content, content)
      assert.deepStrictEqual(result.event.createdAt, receivedAt)
      assert.deepStrictEqual({ ...result.event.source }, {
        channelId: "sms",
        channelType: "mms",
        direction: "inbound",
        participant: customer,
        recipient: ours,
        externalId: "SM1",
        metadata: { OptOutType: "STOP" }
      })
      const [room] = yield* kit.rooms
      assert.strictEqual(room?.id, result.event.roomId)
      assert.deepStrictEqual(yield* kit.events(room!.id), [result.event])
      assert.deepStrictEqual(yield* changes("RoomCreated"), [{ _tag: "RoomCreated", roomId: room!.id }])
    }))

  it.effect("has the time of its arrival when the carrier does not say one", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* TestClock.setTime(1000)
      const result = yield* kit.processInbound(message("hello"))
      assert(result._tag === "Broadcast")
      assert.strictEqual(DateTime.toEpochMillis(result.event.createdAt), 1000)
    }))

  it.effect("keeps its whole text, however long it is", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      const long = `${"long ".repeat(1000)}end`
      const result = yield* kit.processInbound(message(long))
      assert(result._tag === "Broadcast")
      assert.strictEqual(text(result.event.content), long)
      assert.deepStrictEqual(texts, [long])
    }))

  it.effect("that comes ten times at once is one room event, and the others learn which", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      const results = yield* Effect.replicateEffect(
        kit.processInbound(message("hello", { idempotencyKey: "SM1" })),
        10,
        { concurrency: "unbounded" }
      )
      const [first, ...others] = results
      assert(first?._tag === "Broadcast")
      assert.lengthOf(others, 9)
      for (const other of others) {
        assert.deepStrictEqual(other, { _tag: "Repeated", eventId: first.event.id, roomId: first.event.roomId })
      }
      assert.deepStrictEqual(texts, ["hello"])
      assert.deepStrictEqual(yield* history(kit), ["hello"])
    }))

  it.effect("that was blocked is not asked about again when it is repeated", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      let asked = 0
      yield* kit.hook(Hook.beforeBroadcast({
        name: "no",
        run: () => Effect.sync(() => (asked++, Hook.block("no")))
      }))
      const received = message("hello", { idempotencyKey: "SM1" })
      assert.deepStrictEqual(
        (yield* Effect.forEach([received, received], kit.processInbound)).map(({ _tag }) => _tag),
        ["Blocked", "Repeated"]
      )
      assert.strictEqual(asked, 1)
    }))

  it.effect("counts each time when nothing tells a repetition", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* Effect.replicateEffect(kit.processInbound(message("hello")), 3)
      assert.deepStrictEqual(yield* history(kit), ["hello", "hello", "hello"])
    }))

  it.effect("is another one on another channel, whatever the two are called", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const keys = [["a", "b\nc"], ["a\nb", "c"], ["a\",\"b", "c"], ["a", "c"], ["b", "c"]] as const
      for (const [channelId, idempotencyKey] of keys) {
        const result = yield* kit.processInbound(message("hello", { channelId, idempotencyKey }))
        assert.strictEqual(result._tag, "Broadcast")
      }
    }))

  it.effect("is new again when it was forgotten, after its time or beyond the number of keys", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ maxKeys: 2, keyTimeToLive: "1 hour" })
      const tagOf = (idempotencyKey: string) =>
        Effect.map(kit.processInbound(message("hello", { idempotencyKey })), ({ _tag }) => _tag)
      assert.strictEqual(yield* tagOf("1"), "Broadcast")
      assert.strictEqual(yield* tagOf("1"), "Repeated")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* tagOf("1"), "Broadcast")
      yield* tagOf("2")
      yield* tagOf("3")
      assert.strictEqual(yield* tagOf("1"), "Broadcast")
    }))

  it.effect("is finished when its caller is interrupted, so that a repetition reaches no channel twice", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const { channel, texts } = recording("fast")
      yield* kit.registerChannel(channel)
      yield* kit.registerChannel({ ...recording("slow").channel, deliver: () => Deferred.await(gate) })
      const received = message("hello", { idempotencyKey: "SM1" })
      const caller = yield* fork(kit.processInbound(received))
      yield* settle
      assert.deepStrictEqual(texts, ["hello"])
      yield* Fiber.interrupt(caller)
      const again = yield* fork(kit.processInbound(received))
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(again))._tag, "Repeated")
      assert.deepStrictEqual(texts, ["hello"])
      assert.deepStrictEqual(yield* history(kit), ["hello"])
    }))

  it.effect("stays in the kit that received it", () =>
    Effect.gen(function*() {
      const [kit, other] = [yield* makeKit(), yield* makeKit()]
      const received = message("hello", { idempotencyKey: "SM1" })
      yield* kit.processInbound(received)
      assert.deepStrictEqual(yield* other.rooms, [])
      assert.strictEqual((yield* other.processInbound(received))._tag, "Broadcast")
    }))
})

describe("what an application says", () => {
  it.effect("reaches the other channels of the room as an outbound event", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [web, ai] = [recording("web"), recording("ai")]
      yield* kit.registerChannel(web.channel)
      yield* kit.registerChannel(ai.channel)
      const room = yield* kit.createRoom()
      const result = yield* kit.post(room.id, { ...said("hello", "ai"), channelType: "ai", metadata: { model: "x" } })
      assert(result._tag === "Broadcast")
      assert.deepStrictEqual(result.deliveries, [{ channelId: "web", outcome: "delivered" }])
      assert.deepStrictEqual({ ...result.event.source }, {
        channelId: "ai",
        channelType: "ai",
        direction: "outbound",
        metadata: { model: "x" }
      })
      assert.deepStrictEqual([web.texts, ai.texts], [["hello"], []])
    }))

  it.effect("counts each time", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const room = yield* kit.createRoom()
      yield* Effect.replicateEffect(kit.post(room.id, said("hello")), 2)
      assert.deepStrictEqual(yield* history(kit), ["hello", "hello"])
    }))

  it.effect("fails when the room is not there", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const attempts: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>> = [
        kit.post("nowhere", said("hello")),
        kit.events("nowhere"),
        kit.attachChannel("nowhere", { channelId: "web" }),
        kit.detachChannel("nowhere", { channelId: "web" })
      ]
      for (const attempt of attempts) {
        const error = yield* Effect.flip(attempt)
        assert.strictEqual(error._tag, "RoomNotFound")
        assert.strictEqual(error.message, "No room has the id \"nowhere\"")
      }
    }))
})

describe("the history of a room", () => {
  it.effect("holds the latest events, blocked ones marked", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ maxEventsPerRoom: 3 })
      yield* kit.hook(Hook.beforeBroadcast({
        name: "filter",
        run: ({ content }) => Effect.succeed(text(content) === "3" ? Hook.block("three") : Hook.allow)
      }))
      for (const body of ["1", "2", "3", "4"]) yield* kit.processInbound(message(body))
      assert.deepStrictEqual(yield* history(kit), ["2", "3", "4"])
      const [room] = yield* kit.rooms
      assert.deepStrictEqual((yield* kit.events(room!.id)).map(({ blocked }) => blocked), [
        undefined,
        { hook: "filter", reason: "three" },
        undefined
      ])
    }))
})
