/**
 * What a list of conversations shows of rooms, in a database.
 */
import * as Effect from "effect/Effect"
import type { HistoryEntry, RoomSummary, Service } from "../../rooms/RoomStore.ts"
import type { UnreadableRow } from "../../StorageError.ts"
import type { Parts } from "./roomSearch.ts"
import * as Search from "./search.ts"
import type { Transact } from "./storage.ts"

interface Row {
  readonly position: unknown
  readonly id: string
  readonly event: string
  readonly deliveries: string | null
}

export const make = (
  { asStored, readable, sql, toEntry, transact }: Pick<Parts, "asStored" | "readable" | "sql"> & {
    readonly transact: Transact
    readonly toEntry: (row: Row) => Effect.Effect<HistoryEntry, UnreadableRow>
  }
): Pick<Service, "summaries" | "markRead" | "tally"> => ({
  tally: (options) =>
    asStored(Effect.map(
      sql<Search.TallyRow>`SELECT ${Search.spanOf(sql, options)} AS span, provider, COUNT(*) AS count
        FROM sms_room_events WHERE state IS NOT NULL AND created_at >= ${options.since}
        GROUP BY 1, provider ORDER BY 1`.withoutTransform,
      (rows) => rows.map(Search.tallyOf(options))
    )),
  summaries: (roomIds) =>
    roomIds.length === 0 ? Effect.succeed(new Map()) : asStored(Effect.gen(function*() {
      const rooms = yield* sql<{ id: string; unread: unknown; provider: string | null }>`SELECT id,
        (SELECT COUNT(*) FROM sms_room_events WHERE room_id = sms_rooms.id AND state IS NOT NULL
          AND position > read_position) AS unread,
        (SELECT provider FROM sms_room_events WHERE room_id = sms_rooms.id AND state IS NOT NULL
          ORDER BY created_at DESC, position DESC LIMIT 1) AS provider
        FROM sms_rooms WHERE ${sql.in("id", roomIds)}`.withoutTransform
      const rows = yield* sql<Row>`SELECT position, id, event, deliveries FROM sms_room_events
        WHERE position IN (SELECT MAX(position) FROM sms_room_events WHERE ${sql.in("room_id", roomIds)}
          GROUP BY room_id)`.withoutTransform
      const entries = yield* readable(rows, toEntry, ({ id }) => id, ({ id }) => ({ id }))
      const last = new Map(entries.map((entry) => [entry.event.roomId, entry]))
      return new Map(rooms.map(({ id, provider, unread }): [string, RoomSummary] => [id, {
        last: last.get(id),
        provider: provider ?? undefined,
        unread: Number(unread)
      }]))
    })),
  markRead: ({ id, roomId }) =>
    asStored(transact.statement(Effect.asVoid(
      sql`UPDATE sms_rooms SET read_position = sms_room_events.position FROM sms_room_events
        WHERE sms_rooms.id = ${roomId} AND room_id = sms_rooms.id AND sms_room_events.id = ${id}
          AND read_position < position`
    )))
})
