import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import * as Hook from "../../src/rooms/Hook.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { OptedOut, OutcomeUnknown } from "../../src/SmsError.ts"
import { observe } from "../observe.ts"
import { sent } from "./gateway.ts"
import { call, layerStored, receive, type Response } from "./storedGateway.ts"

const ann = "+15145550142"

const roomOf = Effect.fnUntraced(function*(number = ann) {
  const { json } = yield* call("GET", `/rooms?number=${number}`)
  return (json["items"] as ReadonlyArray<{ readonly id: string }>)[0]!.id
})

const answer = (roomId: unknown, text: string, key?: string) =>
  call("POST", `/rooms/${roomId}/messages`, { text }, key === undefined ? {} : { "idempotency-key": key })

const opened = Effect.andThen(receive("Is it on its way?", ann), roomOf())

const texts = Effect.map(sent, (all) => all.map(({ content }) => content._tag === "TextContent" ? content.text : ""))

describe("POST /rooms/:id/messages", () => {
  it.live("goes to the person, from the number that the person wrote to, and is in the history", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      const { json, status } = yield* answer(roomId, "It is.")
      assert.strictEqual(status, 202)
      const { eventId } = json
      assert.deepStrictEqual(json, {
        roomId,
        eventId,
        outcomes: [{ channelId: "sms-mock", outcome: "delivered" }],
        sends: [{ to: ann, state: "accepted", provider: "mock", messageIds: ["mock-1"] }]
      })
      const [message] = yield* sent
      assert.deepStrictEqual([message?.to, message?.from] as ReadonlyArray<string | undefined>, [ann, "+15145550100"])
      const history = (yield* call("GET", `/rooms/${roomId}/events`)).json["items"] as ReadonlyArray<
        { readonly id: string }
      >
      assert.deepStrictEqual([history.length, history[0]!.id], [2, eventId])
      const outbound = (yield* call("GET", "/messages?direction=outbound")).json["items"]
      assert.deepInclude((outbound as ReadonlyArray<object>)[0]!, { roomId, state: "accepted", to: ann })
    }).pipe(Effect.provide(layerStored())))

  it.live("is sent once for a key, however often and however concurrently it is asked for", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      const all = yield* Effect.replicateEffect(answer(roomId, "Once.", "k"), 5, { concurrency: "unbounded" })
      const again = yield* answer(roomId, "Once.", "k")
      assert.deepStrictEqual(yield* texts, ["Once."])
      for (const { json, status } of [...all, again]) assert.deepStrictEqual([status, json], [202, again.json])
      assert.lengthOf(all.filter(({ headers }) => headers["idempotency-replayed"] === "true"), 4)
      const other = yield* answer(roomId, "Something else.", "k")
      assert.deepStrictEqual([other.status, other.json["reason"]], [409, "KeyReused"])
      // A key belongs to its room.
      yield* receive("hello", "+15145550143")
      assert.strictEqual((yield* answer(yield* roomOf("+15145550143"), "Once.", "k")).status, 202)
      assert.strictEqual((yield* answer(roomId, "Once.")).status, 202)
      assert.lengthOf(yield* sent, 3)
    }).pipe(Effect.provide(layerStored())))

  it.live("is the problem of the send when it was refused, also when it is repeated", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      for (const [key, replayed] of [["a"], ["a", "true"], []]) {
        const { headers, json, status } = yield* answer(roomId, "hello", key)
        assert.strictEqual(headers["idempotency-replayed"], replayed)
        assert.deepStrictEqual([status, json["reason"], json["provider"]], [422, "OptedOut", "mock"])
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerStored(() => Effect.fail(new OptedOut({}))))))

  it.live("is never sent again when its outcome is unknown", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      for (let times = 0; times < 2; times++) {
        const { headers, json, status } = yield* answer(roomId, "hello", "a")
        assert.deepStrictEqual([status, json["reason"]], [504, "OutcomeUnknown"])
        assert.strictEqual(headers["idempotency-replayed"], times === 0 ? undefined : "true")
      }
      const unknown = (yield* call("GET", "/messages?state=unknown")).json["items"] as ReadonlyArray<unknown>
      assert.lengthOf(unknown, 1)
    }).pipe(Effect.provide(layerStored(() => Effect.fail(new OutcomeUnknown({ because: "Timeout" }))))))

  it.live("passes the hooks, before the room and before the send", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const roomId = yield* opened
      const blocks = (hook: Hook.Hook) =>
        Effect.scoped(Effect.gen(function*() {
          yield* kit.hook(hook)
          for (let times = 0; times < 2; times++) {
            const { headers, json, status } = yield* answer(roomId, "hello", hook.name)
            assert.strictEqual(headers["idempotency-replayed"], times === 0 ? undefined : "true")
            assert.deepStrictEqual([status, json["reason"]], [422, "Blocked"], hook.name)
          }
        }))
      const blocked = Effect.succeed(Hook.block("not now"))
      yield* blocks(Hook.beforeBroadcast({ name: "room", directions: ["outbound"], run: () => blocked }))
      yield* blocks(Hook.beforeSend({ name: "send", run: () => blocked }))
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerStored())))

  it.live("is answered with what went out, although a channel failed, and goes on when it is repeated", () => {
    let isBroken = true
    const deliver = () => Effect.suspend(() => isBroken ? Effect.fail("broken") : Effect.void)
    return Effect.gen(function*() {
      const kit = yield* RoomKit
      yield* kit.registerChannel({ id: "desk", type: "web", deliver })
      const roomId = yield* opened
      yield* kit.attachChannel(roomId, { channelId: "desk" })
      const outcomesOf = (json: Response["json"]) =>
        (json["outcomes"] as ReadonlyArray<{ readonly channelId: string; readonly outcome: string }>)
          .map(({ channelId, outcome }) => `${channelId} ${outcome}`).sort()
      const first = yield* answer(roomId, "hello", "k")
      assert.deepStrictEqual([first.status, outcomesOf(first.json)], [202, ["desk failed", "sms-mock delivered"]])
      isBroken = false
      for (const status of [202, 202]) assert.strictEqual((yield* answer(roomId, "hello", "k")).status, status)
      const { json } = yield* answer(roomId, "hello", "k")
      assert.deepStrictEqual(outcomesOf(json), ["desk delivered", "sms-mock delivered"])
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(layerStored(), observe().layer)))
  })

  it.live("is refused without content, for an unknown room, and for one that has no channel", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      for (
        const [target, body, status] of [
          [`/rooms/${roomId}/messages`, {}, 422],
          [`/rooms/${roomId}/messages`, { text: " " }, 422],
          [`/rooms/${roomId}/messages`, { text: "x", media: [{ url: "file:///etc/passwd" }] }, 422],
          [`/rooms/${roomId}/messages`, { text: "x", to: ann }, 400],
          ["/rooms/none/messages", { text: "x" }, 404]
        ] as const
      ) assert.strictEqual((yield* call("POST", target, body)).status, status, JSON.stringify(body))
      const kit = yield* RoomKit
      const { id } = yield* kit.createRoom()
      const { json, status } = yield* answer(id, "hello")
      assert.deepStrictEqual([status, json["reason"]], [409, "NoChannel"])
      const history = (yield* call("GET", `/rooms/${roomId}/events`)).json["items"] as ReadonlyArray<unknown>
      assert.lengthOf(history, 1)
    }).pipe(Effect.provide(layerStored())))

  it.live("goes on when its caller is gone", () =>
    Effect.gen(function*() {
      const roomId = yield* opened
      const asking = yield* Effect.forkChild(answer(roomId, "hello", "k"))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(asking)
      const { json, status } = yield* answer(roomId, "hello", "k")
      assert.strictEqual(status, 202, JSON.stringify(json))
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerStored())))
})
