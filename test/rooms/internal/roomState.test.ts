import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as fc from "fast-check"
import { Address } from "../../../src/Address.ts"
import { RoomState } from "../../../src/rooms/internal/roomState.ts"
import { Attachment } from "../../../src/rooms/Room.ts"
import { EventSource, RoomEvent } from "../../../src/rooms/RoomEvent.ts"
import { textContent } from "../kit.ts"

const now = DateTime.makeUnsafe(0)
const [ann, bob] = [Address.make("+15145550142"), Address.make("+15145550143")]
const [first, second] = [Address.make("+15145550100"), Address.make("+15145550101")]

const stateOf = (bounds: { readonly maxRooms?: number; readonly maxEventsPerRoom?: number } = {}) =>
  new RoomState({ maxRooms: bounds.maxRooms ?? 100, maxEventsPerRoom: bounds.maxEventsPerRoom ?? 100 })

const attachment = (channelId: string, recipient?: Address, participant?: Address) =>
  new Attachment({
    channelId,
    ...(recipient !== undefined && { recipient }),
    ...(participant !== undefined && { participant })
  })

const event = (id: string, roomId: string) =>
  new RoomEvent({
    id,
    roomId,
    source: new EventSource({ channelId: "sms", channelType: "sms", direction: "inbound", metadata: {} }),
    content: textContent("hello"),
    createdAt: now
  })

const routed = (state: RoomState, channelId: string, recipient: Address, sender: Address) =>
  state.route({ channelId, recipient, sender })?.room.id

describe("the rooms of a kit", () => {
  it("are found by the conversation first, then the participant, the number and the channel", () => {
    const state = stateOf()
    const attach = (roomId: string, to: Attachment) => state.attach(state.create(roomId, now, []), to)
    assert.isUndefined(routed(state, "sms", first, ann))
    attach("channel", attachment("sms"))
    assert.strictEqual(routed(state, "sms", first, ann), "channel")
    attach("number", attachment("sms", first))
    assert.strictEqual(routed(state, "sms", first, ann), "number")
    assert.strictEqual(routed(state, "sms", second, ann), "channel")
    attach("participant", attachment("sms", undefined, ann))
    assert.strictEqual(routed(state, "sms", first, ann), "participant")
    assert.strictEqual(routed(state, "sms", first, bob), "number")
    attach("conversation", attachment("sms", first, ann))
    assert.strictEqual(routed(state, "sms", first, ann), "conversation")
    assert.strictEqual(routed(state, "sms", second, ann), "participant")
    assert.isUndefined(routed(state, "other", first, ann))
  })

  it("take over the route of another room, and do not give it up when that one lets go", () => {
    const state = stateOf()
    const [a, b] = [state.create("a", now, []), state.create("b", now, [])]
    state.attach(a, attachment("sms"))
    state.attach(b, attachment("sms"))
    assert.strictEqual(routed(state, "sms", first, ann), "b")
    state.detach(a, attachment("sms"))
    assert.strictEqual(routed(state, "sms", first, ann), "b")
    state.detach(b, attachment("sms"))
    assert.isUndefined(routed(state, "sms", first, ann))
  })

  it("hold an attachment one time, however often it is attached", () => {
    const state = stateOf()
    const room = state.create("a", now, ["sms", "web"])
    state.attach(room, attachment("sms"))
    state.attach(room, attachment("sms"))
    state.attach(room, attachment("sms", first))
    assert.deepStrictEqual(room.room.attachments, [attachment("sms"), attachment("web"), attachment("sms", first)])
    state.detach(room, attachment("sms", second))
    assert.lengthOf(room.room.attachments, 3)
    state.detach(room, attachment("sms"))
    assert.deepStrictEqual(room.room.attachments, [attachment("web"), attachment("sms", first)])
  })

  it("do not route to a room that merely has the channel of every room", () => {
    const state = stateOf()
    state.create("a", now, ["sms"])
    assert.isUndefined(routed(state, "sms", first, ann))
  })

  it("cannot be mistaken for one another by what an address says", () => {
    const state = stateOf()
    const room = state.create("a", now, [])
    const tricky = fc.constantFrom("a", "\n", "\"", ",", "a\nb", "a\",\"b", "null", "undefined", "[]")
    fc.assert(fc.property(fc.tuple(tricky, tricky, tricky), fc.tuple(tricky, tricky, tricky), (one, other) => {
      const to = attachment(one[0], Address.make(one[1]), Address.make(one[2]))
      state.attach(room, to)
      const found = routed(state, other[0], Address.make(other[1]), Address.make(other[2]))
      assert.strictEqual(found, one.join("\0") === other.join("\0") ? "a" : undefined)
      state.detach(room, to)
    }))
  })

  it("are forgotten with their routes, the least recently active first", () => {
    const state = stateOf({ maxRooms: 2 })
    const a = state.create("a", now, [])
    state.attach(a, attachment("sms", first, ann))
    state.attach(state.create("b", now, []), attachment("sms", first, bob))
    state.append(a, event("1", "a"))
    assert.deepStrictEqual(state.all().map(({ id }) => id), ["a", "b"])
    state.create("c", now, [])
    assert.deepStrictEqual(state.all().map(({ id }) => id), ["c", "a"])
    assert.isUndefined(state.get("b"))
    assert.isUndefined(routed(state, "sms", first, bob))
    assert.strictEqual(routed(state, "sms", first, ann), "a")
  })

  it("do not come back when an event or an attachment reaches one that was forgotten", () => {
    const state = stateOf({ maxRooms: 1 })
    const old = state.create("a", now, [])
    const current = state.create("b", now, [])
    state.append(old, event("1", "a"))
    state.attach(old, attachment("sms", first, ann))
    assert.deepStrictEqual(state.all(), [current.room])
    assert.isUndefined(routed(state, "sms", first, ann))
    const again = state.create("a", now, [])
    state.append(old, event("2", "a"))
    assert.deepStrictEqual(again.events.toArray(), [])
    assert.strictEqual(state.get("a"), again)
  })

  it("keep their latest events, oldest first", () => {
    for (const maxEventsPerRoom of [0, 1, 3]) {
      const state = stateOf({ maxEventsPerRoom })
      const room = state.create("a", now, [])
      for (const id of ["1", "2", "3", "4", "5"]) state.append(room, event(id, "a"))
      const ids = room.events.toArray().map(({ id }) => id)
      assert.deepStrictEqual(ids, ["1", "2", "3", "4", "5"].slice(5 - maxEventsPerRoom))
    }
  })
})
