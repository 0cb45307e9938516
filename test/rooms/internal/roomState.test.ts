import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as fc from "fast-check"
import { Address } from "../../../src/Address.ts"
import { TextContent } from "../../../src/Content.ts"
import { DeliveryStatus } from "../../../src/DeliveryStatus.ts"
import { sizeOf } from "../../../src/internal/sizeOf.ts"
import { EventSource, RoomEvent } from "../../../src/RoomEvent.ts"
import { DeliveryOutcome } from "../../../src/rooms/internal/history.ts"
import { RoomState } from "../../../src/rooms/internal/roomState.ts"
import { opened } from "../../../src/rooms/internal/routes.ts"
import { Attachment, Room } from "../../../src/rooms/Room.ts"

const createdAt = DateTime.makeUnsafe(0)
const maxBytes = 16_000
const maxStatusBytes = 6000
const makeState = () => new RoomState({ maxRooms: 6, maxEventsPerRoom: 4, maxStatuses: 5, maxBytes, maxStatusBytes })

const conversationOf = (person: number, alias: number) => ({
  channelId: "sms",
  sender: Address.make(`+1514555000${person}`),
  recipient: Address.make("+15145550100"),
  senderAliases: [Address.make(`whatsapp:CA.${alias}`)]
})

const eventOf = (roomId: string, id: string, length: number) =>
  new RoomEvent({
    id,
    roomId,
    source: new EventSource({ channelId: "sms", channelType: "sms", direction: "inbound", metadata: {} }),
    content: new TextContent({ text: "x".repeat(length) }),
    createdAt
  })

const statusOf = (id: string, raw: Record<string, unknown>) =>
  new DeliveryStatus({
    provider: "twilio",
    messageId: id,
    status: "sent",
    carrierStatus: "sent",
    idempotencyKey: id,
    raw
  })

/** What the state holds, counted anew. */
const heldBy = (state: RoomState): number => {
  const ofRooms = state.rooms().flatMap((room) => [
    sizeOf(room),
    ...state.history(room.id, {})!.map(({ deliveries, event }) => sizeOf(event) + sizeOf(deliveries))
  ])
  const raws = new Set(state.statuses().map(({ raw }) => raw))
  const ofStatuses = [...state.statuses().map(({ raw: _, ...fields }) => sizeOf(fields)), ...[...raws].map(sizeOf)]
  return [...ofRooms, ...ofStatuses].reduce((sum, bytes) => sum + bytes, 0)
}

const small = fc.nat({ max: 9 })
const step = fc.record({
  what: fc.constantFrom("route", "append", "append", "settle", "attach", "detach", "status"),
  person: small,
  other: small,
  length: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 12_000 }))
})

describe("RoomState", () => {
  it("holds its bounds in bytes, and counts no less than it holds, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const state = makeState()
        for (const [index, { length, other, person, what }] of steps.entries()) {
          const conversation = conversationOf(person, other)
          const attachment = new Attachment({ channelId: `app-${other}`, aliases: [Address.make(`a:${index}`)] })
          const room = state.find(conversation) ?? state.rooms()[0]
          if (what === "route") {
            state.route(
              conversation,
              () => new Room({ id: `room-${index}`, createdAt, attachments: [opened(conversation)] })
            )
          } else if (what === "status") {
            state.addStatus(statusOf(`status-${index}`, { text: "x".repeat(length) }))
          } else if (room !== undefined && what === "append") {
            state.append(eventOf(room.id, `event-${other}-${length}`, length), other < 5 ? `key-${index}` : undefined)
          } else if (room !== undefined && what === "settle") {
            const [last] = state.history(room.id, {})?.slice(-1) ?? []
            const outcome = new DeliveryOutcome({ channelId: "x".repeat(1 + length % 3000), outcome: "delivered" })
            if (last !== undefined) state.settle(last.event, [outcome])
          } else if (room !== undefined && what === "attach") state.attach(room.id, attachment)
          else if (room !== undefined) state.detach(room.id, room.attachments.at(-1) ?? attachment)
          assert.isAtMost(state.bytes, maxBytes + maxStatusBytes)
          assert.isAtLeast(state.bytes, heldBy(state))
        }
      }),
      { numRuns: 300 }
    )
  })

  it("evicts the events of the rooms that were used least recently, oldest first, and keeps the rooms", () => {
    const state = makeState()
    const histories = () =>
      ["one", "two"].map((id) => state.history(id, {})?.map(({ event }) => event.id.split("-")[1]).join())
    for (const id of ["one", "two"]) {
      state.create(new Room({ id, createdAt, attachments: [] }))
      state.append(eventOf(id, `${id}-1`, 1000), undefined)
      state.append(eventOf(id, `${id}-2`, 1000), undefined)
    }
    state.append(eventOf("one", "one-3", 1000), undefined)
    assert.deepStrictEqual(histories(), ["1,2,3", "2"])
    state.append(eventOf("one", "one-4", 3000), undefined)
    assert.deepStrictEqual(histories(), ["2,3,4", ""])
    state.append(eventOf("two", "two-3", 1500), undefined)
    assert.deepStrictEqual(histories(), ["4", "3"])
    assert.deepStrictEqual(state.rooms().map(({ id }) => id), ["two", "one"])
  })

  it("evicts the rooms that were used least recently once no events are left", () => {
    const state = makeState()
    const aliases = Array.from({ length: 12 }, (_, index) => Address.make(`a:${index}`.padEnd(200, "x")))
    for (const id of ["one", "two", "three", "four"]) {
      state.create(new Room({ id, createdAt, attachments: [new Attachment({ channelId: id, aliases })] }))
    }
    assert.deepStrictEqual(state.rooms().map(({ id }) => id), ["four", "three"])
  })

  it("counts a route once, however often rooms take it from one another", () => {
    const state = makeState()
    for (const id of ["one", "two"]) state.create(new Room({ id, createdAt, attachments: [] }))
    const attachment = new Attachment({ channelId: "sms", participant: Address.make("+15145550142") })
    const takeTurns = () => {
      for (const id of ["one", "two"]) state.attach(id, attachment)
      return state.bytes
    }
    assert.strictEqual(takeTurns(), takeTurns())
  })

  it("does not keep an event that exceeds the bound alone, and loses no other for it", () => {
    const state = makeState()
    state.create(new Room({ id: "one", createdAt, attachments: [] }))
    state.append(eventOf("one", "small", 10), undefined)
    assert.strictEqual(state.append(eventOf("one", "large", maxBytes), "key")._tag, "Appended")
    assert.deepStrictEqual(state.history("one", {})?.map(({ event }) => event.id), ["small"])
  })

  it("counts the payload of a report on many recipients once", () => {
    const state = makeState()
    const raw = { text: "x".repeat(1000) }
    for (let index = 0; index < 4; index++) state.addStatus(statusOf(String(index), raw))
    assert.strictEqual(state.statuses().length, 4)
  })
})
