import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { TryAgain } from "../../src/queue/TryAgain.ts"
import type { RoomEvent } from "../../src/RoomEvent.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import { fork, history, makeKit, message, recording, said, settle, textOf, watch } from "./kit.ts"

describe("the events of a room", () => {
  it.effect("pass one at a time, in the order in which they came, for every channel alike", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      let passing = 0
      const slow = (event: RoomEvent) => Effect.sleep(textOf(event) === "0" ? "100 millis" : "1 millis")
      const [web, ai] = [recording("web"), recording("ai")]
      yield* kit.registerChannel(web.channel)
      yield* kit.registerChannel({
        ...ai.channel,
        deliver: (event, room) => Effect.andThen(slow(event), ai.channel.deliver(event, room))
      })
      yield* kit.hook(Hook.beforeBroadcast({
        name: "alone",
        run: (event) =>
          Effect.gen(function*() {
            assert.strictEqual(++passing, 1)
            yield* slow(event)
            return Hook.allow
          })
      }))
      yield* kit.hook(Hook.afterBroadcast({
        name: "done",
        run: (event) => Effect.andThen(slow(event), Effect.sync(() => void passing--))
      }))
      const texts = Array.from({ length: 20 }, (_, index) => String(index))
      const fibers = yield* Effect.forEach(texts, (text) => fork(kit.processInbound(message(text))))
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(web.texts, texts)
      assert.deepStrictEqual(ai.texts, texts)
      assert.deepStrictEqual(yield* history(kit), texts)
    }))

  it.effect("are not held up by a slow one in another room", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      yield* kit.registerChannel(
        recording("web", {
          deliver: (event) => textOf(event) === "slow" ? Deferred.await(gate) : Effect.void
        }).channel
      )
      const slow = yield* fork(kit.processInbound(message("slow")))
      const behind = yield* fork(kit.processInbound(message("behind")))
      assert.strictEqual((yield* kit.processInbound(message("other", { sender: "+15145550143" })))._tag, "Broadcast")
      assert.isUndefined(slow.pollUnsafe())
      assert.isUndefined(behind.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll([slow, behind])
    }))

  it.effect("go on in their order when the callers of some are interrupted", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      yield* kit.hook(Hook.beforeBroadcast({ name: "gate", run: () => Effect.as(Deferred.await(gate), Hook.allow) }))
      const fibers = yield* Effect.forEach(["1", "2", "3"], (text) => fork(kit.processInbound(message(text))))
      yield* Fiber.interruptAll(fibers.slice(0, 2))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fibers[2]!)
      assert.deepStrictEqual(texts, ["1", "2", "3"])
    }))
})

describe("an answer from within", () => {
  it.effect("of a channel passes after the event that it answers, and the channel does not wait for it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const [sms, log] = [recording("sms"), recording("log")]
      const answers: Array<string> = []
      yield* kit.registerChannel(sms.channel)
      yield* kit.registerChannel({
        ...recording("ai").channel,
        deliver: (event, room) =>
          Effect.map(kit.post(room.id, said(`answer to ${textOf(event)}`, "ai")), ({ _tag }) => void answers.push(_tag))
      })
      yield* kit.registerChannel(log.channel)
      for (const text of ["1", "2"]) {
        const result = yield* kit.processInbound(message(text))
        assert(result._tag === "Broadcast")
        assert.deepStrictEqual(result.deliveries.map(({ outcome }) => outcome), ["delivered", "delivered"])
        assert.include(sms.texts, `answer to ${text}`)
      }
      assert.deepStrictEqual(answers, ["Queued", "Queued"])
      assert.deepStrictEqual(sms.texts, ["answer to 1", "answer to 2"])
      assert.sameMembers(log.texts, ["1", "2", "answer to 1", "answer to 2"])
      assert.deepStrictEqual(yield* changes("ChannelFailed"), [])
    }))

  it.effect("of a hook passes too, with the id that the hook was told", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const ids: Array<string> = []
      yield* kit.hook(Hook.beforeBroadcast({
        name: "auto reply",
        directions: ["inbound"],
        run: (_, room) =>
          Effect.gen(function*() {
            const result = yield* kit.post(room.id, said("We are closed"))
            assert(result._tag === "Queued" && result.roomId === room.id)
            ids.push(result.eventId)
            return Hook.allow
          })
      }))
      const result = yield* kit.processInbound(message("hello"))
      assert(result._tag === "Broadcast")
      assert.deepStrictEqual(yield* history(kit), ["hello", "We are closed"])
      assert.strictEqual((yield* kit.events(result.event.roomId))[1]?.id, ids[0])
    }))

  it.effect("passes also where two rooms answer one another, and where a message is received from within", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "a" })
      yield* kit.createRoom({ id: "b" })
      yield* kit.attachChannel("b", { channelId: "sms" })
      for (const [from, to] of [["a", "b"], ["b", "a"]] as const) {
        yield* kit.hook(Hook.afterBroadcast({
          name: `forward to ${to}`,
          roomId: from,
          run: (event) => textOf(event).length < 4 ? kit.post(to, said(`${textOf(event)}.`)) : Effect.void
        }))
      }
      const received: Array<string> = []
      yield* kit.hook(Hook.afterBroadcast({
        name: "receive",
        roomId: "a",
        run: (event) =>
          textOf(event) === "1"
            ? Effect.map(
              Effect.replicateEffect(kit.processInbound(message("in", { idempotencyKey: "SM1" })), 2),
              (results) => void received.push(...results.map(({ _tag }) => _tag))
            )
            : Effect.void
      }))
      const fibers = yield* Effect.all([fork(kit.post("a", said("1"))), fork(kit.post("b", said("2")))])
      for (const result of yield* Fiber.joinAll(fibers)) assert.strictEqual(result._tag, "Broadcast")
      assert.deepStrictEqual(received, ["Queued", "Repeated"])
      assert.sameMembers(yield* history(kit), ["1", "1.", "1..", "1...", "2", "2.", "2..", "2...", "in", "in.", "in.."])
    }))

  it.effect("is waited for by the call that brought the first event, answers to answers included", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("log")
      yield* kit.registerChannel(channel)
      for (const [id, hears] of [["ping", ["sms", "pong"]], ["pong", ["ping"]]] as const) {
        yield* kit.registerChannel({
          ...recording(id).channel,
          deliver: (event, room) =>
            hears.some((channelId) => channelId === event.source.channelId) && textOf(event).length < 6
              ? Effect.andThen(Effect.sleep("1 second"), kit.post(room.id, said(`${textOf(event)}.`, id)))
              : Effect.void
        })
      }
      const first = yield* fork(kit.processInbound(message("0")))
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(first))._tag, "Broadcast")
      assert.deepStrictEqual(texts, ["0", "0.", "0..", "0...", "0....", "0....."])
    }))

  it.effect("that is to be tried again keeps the entry of an inbox that it answers, also when it ends first", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "other" })
      const texts: Array<string> = []
      yield* kit.registerChannel(Channel.make<unknown>({
        id: "flaky",
        type: "other",
        deliver: (event) =>
          Effect.suspend(() => texts.push(textOf(event)) === 1 ? Effect.fail(new TryAgain({})) : Effect.void)
      }))
      yield* kit.attachChannel("other", { channelId: "flaky" })
      yield* kit.hook(Hook.afterBroadcast({
        name: "answer",
        run: ({ roomId }) =>
          roomId === "other" ? Effect.void : Effect.andThen(kit.post("other", said("an answer")), settle)
      }))
      const entry = { id: "entry", event: message("hello") }
      const error = yield* Effect.flip(kit.processEntry(entry))
      assert.deepInclude(error, { _tag: "Unfinished", failed: ["flaky"] })
      yield* kit.processEntry(entry)
      assert.deepStrictEqual(texts, ["an answer", "an answer"])
    }))

  it.effect("does not keep those waiting who were told that the message is a repetition", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      yield* kit.registerChannel({
        ...recording("ai").channel,
        deliver: (_, room) => kit.post(room.id, said("answer", "ai"))
      })
      yield* kit.registerChannel(recording("sms").channel)
      yield* kit.hook(Hook.afterBroadcast({
        name: "slow",
        directions: ["outbound"],
        run: () => Deferred.await(gate)
      }))
      const received = message("hello", { idempotencyKey: "SM1" })
      const first = yield* fork(kit.processInbound(received))
      yield* settle
      assert.strictEqual((yield* kit.processInbound(received))._tag, "Repeated")
      assert.isUndefined(first.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(first))._tag, "Broadcast")
    }))
})
