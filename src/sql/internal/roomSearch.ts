/**
 * Searches rooms and received messages in a database.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Listing from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import { peopleOf } from "../../rooms/internal/routes.ts"
import type { Room } from "../../rooms/Room.ts"
import type { Service } from "../../rooms/RoomStore.ts"
import type { StorageError, UnreadableRow } from "../../StorageError.ts"
import type { makeReadable } from "./json.ts"
import * as Search from "./search.ts"

export interface Parts {
  readonly sql: SqlClient.SqlClient
  readonly asStored: <A, E>(
    effect: Effect.Effect<A, E | SqlError>
  ) => Effect.Effect<A, Exclude<E, SqlError | UnreadableRow> | StorageError>
  readonly readable: Effect.Success<typeof makeReadable>
  readonly decodeRoom: (text: string) => Effect.Effect<Room, UnreadableRow>
  readonly decodeEvent: (text: string) => Effect.Effect<RoomEvent, UnreadableRow>
}

/** The state of a received message in its column. Other events have none. */
export const stateOf = ({ blocked, source: { direction } }: RoomEvent): "received" | "blocked" | undefined => {
  if (direction !== "inbound") return undefined
  return blocked === undefined ? "received" : "blocked"
}

/** Stores by whom a room is found. */
export const setPeople = Effect.fnUntraced(function*(sql: SqlClient.SqlClient, room: Room) {
  const people = Array.from(peopleOf(room))
  yield* people.length === 0
    ? sql`DELETE FROM sms_room_people WHERE room_id = ${room.id}`
    : sql`DELETE FROM sms_room_people WHERE room_id = ${room.id} AND NOT (${sql.in("person", people)})`
  for (const person of people) {
    yield* sql`INSERT INTO sms_room_people (person, room_id) VALUES (${person}, ${room.id})
      ON CONFLICT (person, room_id) DO NOTHING`
  }
})

/** Builds the condition that a room has a message with a text, or a person with a part of a number. */
const isFound = (sql: SqlClient.SqlClient, find: string) => {
  const said = sql`id IN (SELECT room_id FROM sms_room_events WHERE ${
    Search.contains(sql, "words", Listing.searchable(find))
  })`
  const digits = Listing.digitsOf(find)
  return digits === undefined ? said : sql.or([
    said,
    sql`id IN (SELECT room_id FROM sms_room_people WHERE ${Search.contains(sql, "person", digits)})`
  ])
}

export const make = (
  { asStored, decodeEvent, decodeRoom, readable, sql }: Parts
): Pick<Service, "search" | "searchReceived"> => ({
  search: ({ find, number, said, ...options }) =>
    asStored(Search.inFull(
      options,
      Effect.fnUntraced(function*({ after, limit }) {
        const conditions = [
          ...(after === undefined ? [] : [sql`(activity, id) < (${after.activity}, ${after.id})`]),
          ...(number === undefined
            ? []
            : [sql`id IN (SELECT room_id FROM sms_room_people WHERE person = ${personOf(number)})`]),
          ...(said === undefined
            ? []
            : [
              sql`id IN (SELECT room_id FROM sms_room_events WHERE ${sql.and(Search.isIn(sql, "created_at", said))})`
            ]),
          ...(find === undefined ? [] : [isFound(sql, find)])
        ]
        const where = conditions.length === 0 ? sql.literal("") : sql`WHERE ${sql.and(conditions)}`
        // The rooms of a person or of a time are few: sorting them is cheaper than searching all rooms in order.
        const isAll = number === undefined && said === undefined && find === undefined
        const order = sql.literal(isAll ? "activity DESC, id DESC" : "activity + 0 DESC, id DESC")
        const rows = yield* sql<{ id: string; room: string; activity: unknown }>`SELECT id, room, activity
          FROM sms_rooms ${where} ORDER BY ${order} LIMIT ${limit}`.withoutTransform
        const placeOf = ({ activity, id }: typeof rows[number]) => ({ activity: Number(activity), id })
        const found = yield* readable(
          rows,
          (row) => Effect.map(decodeRoom(row.room), (room) => ({ room, place: placeOf(row) })),
          ({ id }) => id,
          ({ id }) => ({ id })
        )
        return { found, rows: rows.length, last: rows.length === 0 ? undefined : placeOf(rows.at(-1)!) }
      })
    )),
  searchReceived: ({ blocked, room, ...options }) =>
    asStored(Search.inFull(
      options,
      Effect.fnUntraced(function*(page) {
        const isState = blocked === undefined
          ? sql.literal("state IS NOT NULL")
          : sql`state IS NOT NULL AND state = ${blocked ? "blocked" : "received"}`
        const conditions = room === undefined ? [isState] : [isState, sql`room_id = ${room}`]
        const rows = yield* sql<
          { id: string; event: string; provider: string | null; position: unknown; time: unknown }
        >`SELECT id, event, provider, position, created_at AS time FROM sms_room_events
          ${Search.page(sql, { ...options, ...page }, conditions)}`.withoutTransform
        const found = yield* readable(
          rows,
          (row) =>
            Effect.map(decodeEvent(row.event), (event) => ({
              value: { event, time: DateTime.makeUnsafe(Number(row.time)), provider: row.provider ?? undefined },
              place: Search.placeOf(row)
            })),
          ({ id }) => id,
          ({ id }) => ({ id })
        )
        return { found, rows: rows.length, last: rows.length === 0 ? undefined : Search.placeOf(rows.at(-1)!) }
      })
    ))
})
