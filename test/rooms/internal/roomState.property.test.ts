import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as fc from "fast-check"
import { Address } from "../../../src/Address.ts"
import { TextContent } from "../../../src/Content.ts"
import { EventSource, RoomEvent } from "../../../src/RoomEvent.ts"
import { DeliveryOutcome, type HistoryEntry } from "../../../src/rooms/internal/history.ts"
import { RoomState } from "../../../src/rooms/internal/roomState.ts"
import {
  aliasRoutesOf,
  attached,
  type Conversation,
  detached,
  heard,
  leading,
  opened,
  openedBy,
  type Route,
  routesOf,
  textOf
} from "../../../src/rooms/internal/routes.ts"
import { Attachment, Room } from "../../../src/rooms/Room.ts"

const createdAt = DateTime.makeUnsafe(0)
const ours = [Address.make("+15145550100"), Address.make("+15145550101")]
const people = [
  "+15145550140",
  "+15145550141",
  "+5215512345678",
  "+525512345678",
  "whatsapp:MX.1",
  "[\"a\",\"b\"]",
  "null"
].map((text) => Address.make(text))
const person = fc.constantFrom(...people)
const conversation: fc.Arbitrary<Conversation> = fc.record({
  channelId: fc.constantFrom("sms", "wa"),
  sender: person,
  recipient: fc.constantFrom(...ours),
  senderAliases: fc.oneof(fc.constant(undefined), fc.array(person, { maxLength: 2 })),
  participants: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    fc.subarray([...people.slice(0, 4), ...ours], { minLength: 2 })
  )
}).map(({ participants, senderAliases, ...rest }) => ({
  ...rest,
  ...(senderAliases && { senderAliases }),
  ...(participants && { participants: [...participants, rest.sender] })
}))

const nth = fc.nat({ max: 9 })
const step = fc.record({
  what: fc.constantFrom("route", "route", "create", "append", "append", "append", "settle", "attach", "detach", "read"),
  conversation,
  nth,
  id: fc.constantFrom("a", "b", "0", "zz", "01H"),
  key: fc.constantFrom(undefined, "k1", "k2"),
  own: fc.boolean()
})

interface Kept {
  event: RoomEvent
  key: string | undefined
  position: number
  deliveries: ReadonlyArray<DeliveryOutcome> | undefined
}
interface ModelRoom {
  room: Room
  events: Array<Kept>
  next: number
  read: number
}

class Model {
  rooms: Array<ModelRoom> = []
  routes = new Map<string, ModelRoom>()
  readonly maxRooms: number
  constructor(maxRooms: number) {
    this.maxRooms = maxRooms
  }
  get(id: string) {
    return this.rooms.find(({ room }) => room.id === id)
  }
  find(conversation: Conversation) {
    for (const route of leading(conversation)) {
      const found = this.routes.get(textOf(route))
      if (found !== undefined) return found
    }
    return undefined
  }
  use(one: ModelRoom) {
    this.rooms = [...this.rooms.filter((other) => other !== one), one]
    while (this.rooms.length > this.maxRooms) {
      const gone = this.rooms.shift()!
      for (const [key, to] of this.routes) if (to === gone) this.routes.delete(key)
    }
  }
  lead(one: ModelRoom, routes: ReadonlyArray<Route>) {
    for (const route of routes) this.routes.set(textOf(route), one)
  }
}

it("the rooms in memory are those of a plain model, whatever happens", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (steps, maxRooms, maxEvents) => {
        const state = new RoomState({
          maxRooms,
          maxEventsPerRoom: maxEvents,
          maxStatuses: 1,
          maxBytes: 1e9,
          maxStatusBytes: 1e6
        })
        const model = new Model(maxRooms)
        for (const [index, { what, conversation, nth, id, key, own }] of steps.entries()) {
          const chosen = model.rooms[nth % Math.max(1, model.rooms.length)]
          const roomId = chosen?.room.id ?? "none"
          const attachment = own
            ? new Attachment({
              channelId: conversation.channelId,
              ...(nth % 2 === 0 && { participant: conversation.sender }),
              ...(nth % 3 === 0 && { recipient: conversation.recipient })
            })
            : chosen?.room.attachments[nth % Math.max(1, chosen.room.attachments.length)] ??
              new Attachment({ channelId: "sms" })
          if (what === "route") {
            const make = () => new Room({ id: `room-${index}`, createdAt, attachments: [opened(conversation)] })
            const result = state.route(conversation, make)
            const found = model.find(conversation)
            assert.strictEqual(result.created, found === undefined)
            if (found !== undefined) {
              const after = heard(found.room, conversation)
              if (after !== found.room) {
                found.room = after
                model.lead(found, aliasRoutesOf(after))
              }
              assert.deepStrictEqual(result.room, found.room)
            } else {
              const one = { room: make(), events: [], next: 1, read: 0 }
              model.use(one)
              model.lead(one, [openedBy(conversation), ...aliasRoutesOf(one.room)])
            }
          } else if (what === "create") {
            const room = new Room({ id: `new-${nth}`, createdAt, attachments: [] })
            const { created } = state.create(room)
            assert.strictEqual(created, model.get(room.id) === undefined)
            if (created) model.use({ room, events: [], next: 1, read: 0 })
          } else if (what === "append") {
            const event = new RoomEvent({
              id: own ? id : `event-${index}`,
              roomId,
              source: new EventSource({
                channelId: "sms",
                channelType: "sms",
                direction: nth % 2 === 0 ? "inbound" : "outbound",
                metadata: {}
              }),
              content: new TextContent({ text: "x" }),
              createdAt
            })
            const result = state.append(event, key, { now: index, provider: nth % 4 === 0 ? "twilio" : undefined })
            if (chosen === undefined) assert.deepStrictEqual(result, { _tag: "Appended", room: undefined })
            else {
              const known = chosen.events.find((kept) => kept.event.id === event.id) ??
                chosen.events.find((kept) => key !== undefined && kept.key === key)
              assert.strictEqual(result._tag, known === undefined ? "Appended" : "Repeated")
              if (known !== undefined && result._tag === "Repeated") {
                assert.strictEqual(result.event, known.event)
                assert.strictEqual(result.deliveries, known.deliveries)
              }
              if (known === undefined) {
                chosen.events.push({ event, key, position: chosen.next++, deliveries: undefined })
                chosen.events = chosen.events.slice(Math.max(0, chosen.events.length - maxEvents))
                model.use(chosen)
              }
            }
          } else if (what === "settle") {
            const kept = chosen?.events[nth % Math.max(1, chosen.events.length)]
            const deliveries = [new DeliveryOutcome({ channelId: "a", outcome: "delivered" })]
            state.settle({ id: kept?.event.id ?? id, roomId }, deliveries)
            const settled = kept ?? chosen?.events.find((one) => one.event.id === id)
            if (settled !== undefined) settled.deliveries = deliveries
          } else if (what === "attach") {
            const room = state.attach(roomId, attachment)
            if (chosen !== undefined) {
              chosen.room = attached(chosen.room, attachment)
              model.lead(chosen, routesOf(attachment))
            }
            assert.deepStrictEqual(room, chosen?.room)
          } else if (what === "detach") {
            const room = state.detach(roomId, attachment)
            if (chosen !== undefined) {
              const { left, removed } = detached(chosen.room, attachment)
              for (const route of removed.flatMap(routesOf)) {
                if (model.routes.get(textOf(route)) === chosen) {
                  model.routes.delete(textOf(route))
                }
              }
              chosen.room = left
            }
            assert.deepStrictEqual(room, chosen?.room)
          } else if (what === "read") {
            const kept = chosen?.events.at(nth % 3)
            if (chosen !== undefined && kept !== undefined) {
              state.markRead(kept.event)
              chosen.read = Math.max(chosen.read, kept.position)
            }
          }
          assert.deepStrictEqual(state.rooms(), model.rooms.map(({ room }) => room).reverse())
          const summaries = state.summaries(model.rooms.map(({ room }) => room.id))
          for (const { events, room, read } of model.rooms) {
            const wanted: ReadonlyArray<HistoryEntry> = events.map(({ event, position, deliveries }) => ({
              event,
              position,
              deliveries
            }))
            assert.deepStrictEqual(state.history(room.id, {}), wanted)
            const summary = summaries.get(room.id)!
            assert.deepStrictEqual(summary.last, wanted.at(-1))
            assert.strictEqual(
              summary.unread,
              events.filter(({ event, position }) => event.source.direction === "inbound" && position > read).length
            )
          }
          for (const one of [conversation, ...steps.map((step) => step.conversation)]) {
            assert.strictEqual(state.find(one)?.id, model.find(one)?.room.id)
          }
        }
      }
    ),
    { numRuns: 300 }
  )
})

const heavyStep = fc.record({
  what: fc.constantFrom("create", "append", "append", "append", "append", "settle", "attach"),
  room: fc.nat({ max: 5 }),
  length: fc.oneof(fc.nat({ max: 500 }), fc.nat({ max: 4000 })),
  nth: fc.nat({ max: 5 })
})
it("beyond the bytes, the events of the rooms that were used least recently go first, and then those rooms", () => {
  const maxBytes = 20_000
  fc.assert(
    fc.property(fc.array(heavyStep, { maxLength: 80 }), (steps) => {
      const state = new RoomState({ maxRooms: 5, maxEventsPerRoom: 100, maxStatuses: 1, maxBytes, maxStatusBytes: 1e6 })
      let before: Array<[string, ReadonlyArray<string>]> = []
      for (const [index, { what, room: n, length, nth }] of steps.entries()) {
        const id = `room-${n}`
        if (what === "create") state.create(new Room({ id, createdAt, attachments: [] }))
        else if (what === "append") {
          state.append(
            new RoomEvent({
              id: `e-${index}`,
              roomId: id,
              source: new EventSource({ channelId: "sms", channelType: "sms", direction: "inbound", metadata: {} }),
              content: new TextContent({ text: "x".repeat(length) }),
              createdAt
            }),
            undefined
          )
        } else if (what === "attach") state.attach(id, new Attachment({ channelId: "x".repeat(1 + length / 4) }))
        else {
          const kept = state.history(id, {})?.at(nth)
          if (kept) {
            state.settle(kept.event, [
              new DeliveryOutcome({ channelId: "x".repeat(1 + length / 4), outcome: "delivered" })
            ])
          }
        }
        // least recent first
        const now = state.rooms().map(({ id }) =>
          [id, state.history(id, {})!.map(({ event }) => event.id)] as [string, ReadonlyArray<string>]
        ).reverse()
        const map = new Map(now)
        for (const [other, events] of before) {
          if (other === id) continue
          const left = map.get(other)
          const lost = left === undefined ? events.length : events.length - left.length
          if (left !== undefined) assert.deepStrictEqual(left, events.slice(lost))
          if (lost > 0) {
            for (const [earlier] of before) {
              if (earlier === other) break
              if (earlier !== id) assert.deepStrictEqual(map.get(earlier) ?? [], [])
            }
          }
          if (left === undefined && now.length < 5) {
            for (const [, events] of now) assert.deepStrictEqual(events, [], "a room went although events were left")
          }
        }
        assert.isAtMost(state.bytes, maxBytes)
        assert.isAtLeast(state.bytes, 0)
        before = now
      }
    }),
    { numRuns: 300 }
  )
})
