/** A person who is forgotten while a message to the person is with the carrier. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { message, sent } from "./gateway.ts"
import { call, layerStored, receive } from "./storedGateway.ts"

const key = { "idempotency-key": "once" }

const forget = call("DELETE", `/people/${encodeURIComponent(message.to)}`)

/** Sends while the carrier waits, forgets the person, and sends again when the carrier has answered. */
const repeat = Effect.fnUntraced(
  function*(send: ReturnType<typeof call>, asked: Deferred.Deferred<void>, answer: Deferred.Deferred<void>) {
    const sending = yield* Effect.forkChild(send)
    yield* Deferred.await(asked)
    assert.strictEqual((yield* forget).json["sends"], 1)
    yield* Deferred.succeed(answer, undefined)
    return [yield* Fiber.join(sending), yield* send] as const
  }
)

const waiting = Effect.gen(function*() {
  const [asked, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const respond = () => Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer))
  return { asked, answer, layer: layerStored(respond) }
})

describe("a message to a person who is forgotten meanwhile", () => {
  it.live("goes out once for its key, and leaves nothing of the person", () =>
    Effect.gen(function*() {
      const { answer, asked, layer } = yield* waiting
      yield* Effect.gen(function*() {
        const [first, again] = yield* repeat(call("POST", "/messages", message, key), asked, answer)
        assert.deepStrictEqual([first.status, first.json["messageIds"]], [202, ["mock-1"]])
        assert.deepStrictEqual(
          [again.status, again.headers["idempotency-replayed"], again.json["messageIds"]],
          [202, "true", ["mock-1"]]
        )
        assert.lengthOf(yield* sent, 1)
        for (const list of ["/messages", "/deliveries"]) {
          assert.notInclude(JSON.stringify((yield* call("GET", list)).json), message.to, list)
        }
        assert.deepStrictEqual((yield* call("GET", "/messages")).json["items"], [])
      }).pipe(Effect.provide(layer))
    }))

  it.live("is not sent from the room of the person any more, which is gone", () =>
    Effect.gen(function*() {
      const { answer, asked, layer } = yield* waiting
      yield* Effect.gen(function*() {
        yield* receive("hello", message.to)
        const rooms = (yield* call("GET", "/rooms")).json["items"] as ReadonlyArray<{ readonly id: string }>
        const post = call("POST", `/rooms/${rooms[0]!.id}/messages`, { text: "hello" }, key)
        const [first, again] = yield* repeat(post, asked, answer)
        assert.deepStrictEqual([first.status, again.status], [202, 404])
        assert.lengthOf(yield* sent, 1)
        for (const list of ["/messages", "/deliveries", "/rooms"]) {
          assert.notInclude(JSON.stringify((yield* call("GET", list)).json), message.to.slice(1), list)
        }
      }).pipe(Effect.provide(layer))
    }))
})
