import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RoomStore from "../../src/rooms/RoomStore.ts"
import { ann, attachment, bob, event, first, room, suite } from "../suites/RoomStoreSuite.ts"

suite("memory", RoomStore.layerMemory())

describe("RoomStore (memory), within its bounds", () => {
  it.effect("forgets the least recently active room, with its routes", () =>
    Effect.gen(function*() {
      const store = yield* RoomStore.makeMemory({ maxRooms: 2 })
      yield* store.create(room("a"))
      yield* store.attach("a", attachment("sms", first, ann))
      yield* store.create(room("b"))
      yield* store.attach("b", attachment("sms", first, bob))
      yield* store.append(event("1", "a"))
      assert.deepStrictEqual((yield* store.rooms()).map(({ id }) => id), ["a", "b"])
      yield* store.create(room("c"))
      assert.deepStrictEqual((yield* store.rooms()).map(({ id }) => id), ["c", "a"])
      assert.isUndefined(yield* store.get("b"))
      assert.isUndefined(yield* store.find({ channelId: "sms", recipient: first, sender: bob }))
      assert.strictEqual((yield* store.find({ channelId: "sms", recipient: first, sender: ann }))?.id, "a")
    }))

  it.effect("does not bring back a forgotten room when an event or an attachment reaches it", () =>
    Effect.gen(function*() {
      const store = yield* RoomStore.makeMemory({ maxRooms: 1 })
      yield* store.create(room("a"))
      yield* store.create(room("b"))
      assert.deepStrictEqual(yield* store.append(event("1", "a")), { _tag: "Appended", room: undefined })
      assert.isUndefined(yield* store.attach("a", attachment("sms", first, ann)))
      assert.deepStrictEqual(yield* store.rooms(), [room("b")])
    }))

  it.effect("keeps the latest events, oldest first", () =>
    Effect.gen(function*() {
      for (const maxEventsPerRoom of [0, 1, 3]) {
        const store = yield* RoomStore.makeMemory({ maxEventsPerRoom })
        yield* store.create(room("a"))
        for (const id of ["1", "2", "3", "4", "5"]) yield* store.append(event(id, "a"))
        const ids = (yield* store.history("a"))!.map(({ event }) => event.id)
        assert.deepStrictEqual(ids, ["1", "2", "3", "4", "5"].slice(5 - maxEventsPerRoom))
      }
    }))
})
