/**
 * Rooms in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { appended } from "../events/internal/changes.ts"
import { addressOf } from "../internal/eventAddress.ts"
import { wordsOf } from "../internal/listing.ts"
import { personOf } from "../internal/person.ts"
import { RoomEvent } from "../RoomEvent.ts"
import { statusKey } from "../rooms/internal/history.ts"
import {
  aliasRoutesOf,
  attached,
  detached,
  heard,
  leading,
  openedBy,
  type Route,
  routesOf,
  textOf
} from "../rooms/internal/routes.ts"
import { type Attachment, Room } from "../rooms/Room.ts"
import { DeliveryOutcome, type HistoryEntry, RoomStore, type Service } from "../rooms/RoomStore.ts"
import type { Recorded } from "./EventLogSql.ts"
import { compileOnce } from "./internal/compileOnce.ts"
import { json, jsonRemembered, makeReadable } from "./internal/json.ts"
import * as RoomSearch from "./internal/roomSearch.ts"
import * as RoomSummaries from "./internal/roomSummaries.ts"
import * as Search from "./internal/search.ts"
import { stored, type Transact } from "./internal/storage.ts"

const events = json("sms_room_events", RoomEvent)
const outcomes = json("sms_room_events", Schema.Array(DeliveryOutcome))
const statuses = json("sms_statuses", DeliveryStatus)

interface EventRow {
  readonly position: unknown
  readonly id: string
  readonly event: string
  readonly deliveries: string | null
}

const toEntry = Effect.fnUntraced(function*({ deliveries, event, position }: EventRow) {
  const entry: HistoryEntry = {
    position: Number(position),
    event: yield* events.decode(event),
    deliveries: deliveries === null ? undefined : yield* outcomes.decode(deliveries)
  }
  return entry
})

/** The default limit for lists of rooms, events and statuses. */
const defaultLimit = 1000

/** Makes the store. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  recorded: Recorded
): Effect.fn.Return<Service, never, SqlClient.SqlClient> {
  const sql = compileOnce(yield* SqlClient.SqlClient)
  const asStored = stored(sql, "rooms")
  const readable = yield* makeReadable
  // Every message reads its room at least twice, and few change it.
  const rooms = jsonRemembered("sms_rooms", Room)

  const read = Effect.fnUntraced(function*(roomId: string) {
    const [row] = yield* sql<{ room: string }>`SELECT room FROM sms_rooms WHERE id = ${roomId}`.withoutTransform
    return row === undefined ? undefined : yield* rooms.decode(row.room)
  })

  const lock = sql.literal(sql.onDialectOrElse({ pg: () => "FOR UPDATE", orElse: () => "" }))

  /** Reads and locks a room before changing it. */
  const readLocked = Effect.fnUntraced(function*(roomId: string) {
    const [row] = yield* sql<{ room: string }>`SELECT room FROM sms_rooms WHERE id = ${roomId} ${lock}`.withoutTransform
    return row === undefined ? undefined : yield* rooms.decode(row.room)
  })

  const write = Effect.fnUntraced(function*(room: Room) {
    yield* sql`UPDATE sms_rooms SET room = ${yield* rooms.encode(room)} WHERE id = ${room.id}`
    yield* RoomSearch.setPeople(sql, room)
  })

  const nextActivity = sql.literal("(SELECT COALESCE(MAX(activity), 0) + 1 FROM sms_rooms)")

  const insert = Effect.fnUntraced(function*(room: Room) {
    const rows = yield* sql`INSERT INTO sms_rooms (id, room, activity)
      VALUES (${room.id}, ${yield* rooms.encode(room)}, ${nextActivity})
      ON CONFLICT (id) DO NOTHING RETURNING id`.withoutTransform
    if (rows.length === 0) return { room: (yield* read(room.id)) ?? room, created: false }
    yield* RoomSearch.setPeople(sql, room)
    return { room, created: true }
  })

  /** Finds the room that the first known key of a conversation leads to. */
  const findRoom = Effect.fnUntraced(function*(conversation: Parameters<Service["find"]>[0]) {
    const keys = Array.from(leading(conversation), textOf)
    const rows = yield* sql<{ route: string; room: string }>`SELECT route, room FROM sms_routes
      JOIN sms_rooms ON sms_rooms.id = room_id WHERE ${sql.in("route", keys)}`.withoutTransform
    const found = keys.flatMap((key) => rows.find(({ route }) => route === key) ?? [])[0]
    return found === undefined ? undefined : yield* rooms.decode(found.room)
  })

  /** Makes routes lead to a room. */
  const lead = (routes: ReadonlyArray<Route>, roomId: string) =>
    Effect.forEach(
      routes,
      (route) =>
        sql`INSERT INTO sms_routes (route, room_id) VALUES (${textOf(route)}, ${roomId})
        ON CONFLICT (route) DO UPDATE SET room_id = ${roomId}`,
      { discard: true }
    )

  /** Finds the room of a conversation, changes what a message changes about it, or creates it. */
  const findOrCreate = Effect.fnUntraced(function*(
    conversation: Parameters<Service["route"]>[0],
    create: Parameters<Service["route"]>[1]
  ) {
    const room = yield* findRoom(conversation)
    if (room !== undefined) {
      if (heard(room, conversation) === room) return { room, created: false }
      // Read again under a lock, because another server may have changed it meanwhile.
      const after = heard((yield* readLocked(room.id)) ?? room, conversation)
      yield* write(after)
      yield* lead(aliasRoutesOf(after), after.id)
      return { room: after, created: false }
    }
    const made = create()
    const route = openedBy(conversation)
    // If two servers receive the first message of a conversation, only one creates the room.
    const rows = yield* sql<
      { room_id: string }
    >`INSERT INTO sms_routes (route, room_id) VALUES (${textOf(route)}, ${made.id})
      ON CONFLICT (route) DO UPDATE SET room_id = sms_routes.room_id RETURNING room_id`.withoutTransform
    const winner = rows[0]!.room_id
    const other = winner === made.id ? undefined : yield* read(winner)
    if (other !== undefined) return { room: other, created: false }
    yield* lead(winner === made.id ? aliasRoutesOf(made) : [route, ...aliasRoutesOf(made)], made.id)
    return yield* insert(made)
  })

  const attach = (roomId: string, attachment: Attachment) =>
    asStored(transact(Effect.gen(function*() {
      const before = yield* readLocked(roomId)
      if (before === undefined) return undefined
      const after = attached(before, attachment)
      if (after !== before) yield* write(after)
      yield* lead(routesOf(attachment), roomId)
      return after
    })))

  const detach = (roomId: string, attachment: Attachment) =>
    asStored(transact(Effect.gen(function*() {
      const before = yield* readLocked(roomId)
      if (before === undefined) return undefined
      const { left, removed } = detached(before, attachment)
      if (left !== before) yield* write(left)
      for (const route of removed.flatMap(routesOf)) {
        yield* sql`DELETE FROM sms_routes WHERE route = ${textOf(route)} AND room_id = ${roomId}`
      }
      return left
    })))

  return RoomStore.of({
    isShared: true,
    ...RoomSearch.make({ sql, asStored, readable, decodeRoom: rooms.decode, decodeEvent: events.decode }),
    ...RoomSummaries.make({ sql, asStored, readable, toEntry, transact }),
    get: (roomId) => asStored(read(roomId)),
    find: (conversation) => asStored(findRoom(conversation)),
    route: (conversation, create) =>
      asStored(Effect.gen(function*() {
        const known = yield* findRoom(conversation)
        // Most messages change nothing about their room, and need no transaction.
        if (known !== undefined && heard(known, conversation) === known) return { room: known, created: false }
        return yield* transact(findOrCreate(conversation, create))
      })),
    create: (room) => asStored(transact(insert(room))),
    attach,
    detach,
    append: (event, { deliveries, inbound, key } = {}) =>
      asStored(recorded(Effect.fnUntraced(function*(record) {
        const now = yield* Clock.currentTimeMillis
        const { source: { participant } } = event
        const rows = yield* sql`INSERT INTO sms_room_events
          (id, key, room_id, event, deliveries, state, person, provider, words, created_at)
          VALUES (${event.id}, ${key ?? null}, ${event.roomId}, ${yield* events.encode(event)},
            ${deliveries === undefined ? null : yield* outcomes.encode(deliveries)},
            ${RoomSearch.stateOf(event) ?? null}, ${participant === undefined ? null : personOf(participant)},
            ${inbound?.provider ?? null}, ${wordsOf(event.content)}, ${now})
          ON CONFLICT DO NOTHING RETURNING id`.withoutTransform
        if (rows.length > 0) {
          const [row] = yield* sql<{ room: string }>`UPDATE sms_rooms SET activity = ${nextActivity}
            WHERE id = ${event.roomId} RETURNING room`.withoutTransform
          const room = row && (yield* rooms.decode(row.room))
          yield* record(appended(event, inbound, room?.participants))
          return { _tag: "Appended", room } as const
        }
        const room = yield* read(event.roomId)
        const [row] = yield* sql<EventRow>`SELECT position, id, event, deliveries FROM sms_room_events
          WHERE id = ${event.id} OR key = ${key ?? null} ORDER BY position LIMIT 1`.withoutTransform
        const known = yield* toEntry(row!)
        return { _tag: "Repeated", room, event: known.event, deliveries: known.deliveries } as const
      }))),
    settle: ({ id }, deliveries) =>
      transact.joinable(
        Effect.flatMap(
          outcomes.encode(deliveries),
          (text) => Effect.asVoid(sql`UPDATE sms_room_events SET deliveries = ${text} WHERE id = ${id}`)
        ),
        asStored
      ),
    rooms: ({ limit = defaultLimit } = {}) =>
      asStored(Effect.flatMap(
        sql<{ id: string; room: string }>`SELECT id, room FROM sms_rooms ORDER BY activity DESC LIMIT ${limit}`
          .withoutTransform,
        (found) => readable(found, ({ room }) => rooms.decode(room), ({ id }) => id, ({ id }) => ({ id }))
      )),
    history: (roomId, { before = Number.MAX_SAFE_INTEGER, limit = defaultLimit, ...span } = {}) =>
      asStored(Effect.gen(function*() {
        const known = yield* sql`SELECT id FROM sms_rooms WHERE id = ${roomId}`.withoutTransform
        if (known.length === 0) return undefined
        const latest = yield* Search.inFull(
          { limit, after: before },
          Effect.fnUntraced(function*({ after = before, limit }) {
            const isWanted = sql.and([
              sql`room_id = ${roomId}`,
              sql`position < ${after}`,
              ...Search.isIn(sql, "created_at", span)
            ])
            const rows = yield* sql<EventRow>`SELECT position, id, event, deliveries FROM sms_room_events
              WHERE ${isWanted} ORDER BY position DESC LIMIT ${limit}`.withoutTransform
            const found = yield* readable(rows, toEntry, ({ id }) => id, ({ id }) => ({ id }))
            return { found, rows: rows.length, last: Number(rows.at(-1)?.position ?? 0) }
          })
        )
        return latest.toReversed()
      })),
    event: ({ id, roomId }) =>
      asStored(Effect.gen(function*() {
        const [row] = yield* sql<EventRow>`SELECT position, id, event, deliveries FROM sms_room_events
          WHERE id = ${id} AND room_id = ${roomId}`.withoutTransform
        return row === undefined ? undefined : yield* toEntry(row)
      })),
    addStatus: (status) =>
      asStored(transact.statement(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* sql`INSERT INTO sms_statuses (key, status, address, created_at)
          VALUES (${statusKey(status)}, ${yield* statuses.encode(status)}, ${addressOf(status) ?? null}, ${now})
          ON CONFLICT (key) DO NOTHING`
      }))),
    statuses: ({ limit = defaultLimit } = {}) =>
      asStored(Effect.flatMap(
        sql<{ position: unknown; status: string }>`SELECT position, status FROM sms_statuses
          ORDER BY position DESC LIMIT ${limit}`.withoutTransform,
        (rows) =>
          readable(rows.toReversed(), ({ status }) => statuses.decode(status), ({ position }) => String(position))
      ))
  })
})
