import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Channel from "../../src/rooms/Channel.ts"
import { fork, makeKit, message, recording, registerUntil, said, settle, watch } from "./kit.ts"

describe("a channel", () => {
  it.effect("gets each event of its rooms one time, however often it is attached, and never its own", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [sms, web, ai] = [recording("sms"), recording("web"), recording("ai", { everyRoom: false })]
      for (const { channel } of [sms, web, ai]) yield* kit.registerChannel(channel)
      yield* kit.createRoom({ id: "room" })
      yield* kit.attachChannel("room", { channelId: "sms" })
      yield* kit.attachChannel("room", { channelId: "web" })
      const inbound = yield* kit.processInbound(message("hello"))
      assert(inbound._tag === "Broadcast")
      assert.deepStrictEqual(inbound.deliveries, [{ channelId: "web", outcome: "delivered" }])
      yield* kit.post("room", said("answer", "web"))
      assert.deepStrictEqual([sms.texts, web.texts, ai.texts], [["answer"], ["hello"], []])
    }))

  for (
    const [what, deliver] of Object.entries(
      {
        "fails": () => Effect.fail("down"),
        "dies": () => Effect.die(new Error("down")),
        "throws": () => {
          throw new Error("down")
        },
        "interrupts itself": () => Effect.interrupt,
        "hangs": () => Effect.never,
        "hangs where it cannot be interrupted": () => Effect.uninterruptible(Effect.never)
      } satisfies Record<string, Channel.Channel["deliver"]>
    )
  ) {
    it.effect(`that ${what} stops no other, and is visible in the result and as a change`, () =>
      Effect.gen(function*() {
        const kit = yield* makeKit({ deliveryTimeout: "2 seconds", shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        const [first, last] = [recording("first"), recording("last")]
        yield* kit.registerChannel(first.channel)
        yield* kit.registerChannel({ ...recording("broken").channel, deliver })
        yield* kit.registerChannel(last.channel)
        const passing = yield* fork(kit.processInbound(message("hello")))
        yield* settle
        assert.deepStrictEqual([first.texts, last.texts], [["hello"], ["hello"]])
        yield* TestClock.adjust("2 seconds")
        const result = yield* Fiber.join(passing)
        assert(result._tag === "Broadcast")
        assert.deepStrictEqual(result.deliveries.map(({ channelId, outcome }) => [channelId, outcome]), [
          ["first", "delivered"],
          ["broken", "failed"],
          ["last", "delivered"]
        ])
        const [failure, ...more] = yield* changes("ChannelFailed")
        assert.deepStrictEqual(more, [])
        assert.deepInclude(failure, {
          channelId: "broken",
          roomId: result.event.roomId,
          eventId: result.event.id
        })
        const delivery = result.deliveries[1]
        assert(delivery?.outcome === "failed")
        assert.deepStrictEqual(delivery.error, Cause.squash(failure!.cause))
        if (what.startsWith("hangs")) assert.isTrue(Cause.isTimeoutError(delivery.error))
      }))
  }

  it.effect("that is attached and not registered gets nothing, and nobody is told that it did", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "room" })
      yield* kit.attachChannel("room", { channelId: "later" })
      const before = yield* kit.post("room", said("1"))
      assert.deepStrictEqual(before._tag === "Broadcast" && before.deliveries, [])
      const { channel, texts } = recording("later")
      const close = yield* registerUntil(kit.registerChannel(channel))
      yield* kit.post("room", said("2"))
      yield* close
      const after = yield* kit.post("room", said("3"))
      assert.deepStrictEqual(after._tag === "Broadcast" && after.deliveries, [])
      assert.deepStrictEqual(texts, ["2"])
    }))

  it.effect("takes the place of another with its id while its scope is open", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const room = yield* kit.createRoom()
      yield* kit.attachChannel(room.id, { channelId: "ai" })
      const [old, young, youngest] = [recording("ai"), recording("ai"), recording("ai")]
      yield* kit.registerChannel(old.channel)
      const closeYoung = yield* registerUntil(kit.registerChannel(young.channel))
      yield* kit.post(room.id, said("1"))
      const closeYoungest = yield* registerUntil(kit.registerChannel(youngest.channel))
      yield* kit.post(room.id, said("2"))
      yield* closeYoung
      yield* kit.post(room.id, said("3"))
      yield* closeYoungest
      yield* kit.post(room.id, said("4"))
      assert.deepStrictEqual([old.texts, young.texts, youngest.texts], [["4"], ["1"], ["2", "3"]])
    }))

  it.effect("runs with the services of the one who registers it, and gets the room", () =>
    Effect.gen(function*() {
      class Prefix extends Context.Service<Prefix, string>()("test/Prefix") {}
      const kit = yield* makeKit()
      const seen: Array<string> = []
      yield* Effect.provideService(
        kit.registerChannel(Channel.make({
          id: "web",
          type: "web",
          everyRoom: true,
          deliver: (event, room) =>
            Effect.map(Prefix, (prefix) => void seen.push(`${prefix} ${room.id === event.roomId}`))
        })),
        Prefix,
        "registered"
      )
      yield* Effect.provideService(kit.processInbound(message("hello")), Prefix, "processing")
      assert.deepStrictEqual(seen, ["registered true"])
    }))

  it.effect("is waited for when its scope closes while it delivers", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const { channel } = recording("web", { deliver: () => Deferred.await(gate) })
      const close = yield* registerUntil(kit.registerChannel(channel))
      const passing = yield* fork(kit.processInbound(message("hello")))
      const closing = yield* fork(close)
      yield* settle
      assert.isUndefined(closing.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      const result = yield* Fiber.join(passing)
      assert.deepStrictEqual(result._tag === "Broadcast" && result.deliveries, [
        { channelId: "web", outcome: "delivered" }
      ])
    }))

  it.effect("is cut off when it still delivers a while after its scope began to close", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ shutdownTimeout: "1 second" })
      const close = yield* registerUntil(
        kit.registerChannel(recording("web", { deliver: () => Effect.never }).channel)
      )
      const passing = yield* fork(kit.processInbound(message("hello")))
      const closing = yield* fork(close)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      const result = yield* Fiber.join(passing)
      assert.strictEqual(result._tag === "Broadcast" && result.deliveries[0]?.outcome, "failed")
    }))
})
