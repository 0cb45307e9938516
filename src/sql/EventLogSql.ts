/**
 * The event log in a database, which any number of servers can share.
 *
 * A reader continues after the last position that it read, so no entry may
 * become visible before that position later. On SQLite, transactions that write
 * run one after the other, and the position is given on insertion. On Postgres
 * they overlap: a serial number is drawn before its transaction commits, and
 * entries could become visible in another order. Entries are therefore inserted
 * without a position, and get it after their commit: every read first gives
 * positions to the committed entries that have none, under the lock of a row,
 * so that positions become visible in order. The writers themselves do not
 * wait for each other.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Address } from "../Address.ts"
import { aboutOf, Event, type Kind } from "../events/Event.ts"
import { Entry, EventLog, type Filter, type Service } from "../events/EventLog.ts"
import * as Followers from "../events/internal/followers.ts"
import { personOf } from "../internal/person.ts"
import { compact } from "../internal/record.ts"
import { compileOnce } from "./internal/compileOnce.ts"
import { json, makeReadable } from "./internal/json.ts"
import { stored, type Transact } from "./internal/storage.ts"

const events = json("sms_events", Event)

interface Row {
  readonly position: unknown
  readonly id: string
  readonly kind: Kind
  readonly room_id: string | null
  readonly address: string | null
  readonly provider: string | null
  readonly event: string
  readonly created_at: unknown
}

const toEntry = (row: Row) =>
  Effect.map(events.decode(row.event), (event) =>
    new Entry({
      position: Number(row.position),
      id: row.id,
      time: DateTime.makeUnsafe(Number(row.created_at)),
      kind: row.kind,
      event,
      ...compact({
        roomId: row.room_id ?? undefined,
        address: row.address === null ? undefined : Address.make(row.address),
        provider: row.provider ?? undefined
      })
    }))

/** Appends an event in the current transaction. */
export type RecordEvent = (event: Event) => Effect.Effect<void, SqlError>

/** Runs a transaction that appends events. The followers of this process read them after the commit. */
export type Recorded = <A, E>(body: (record: RecordEvent) => Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>

/** The number of entries that get their position in one transaction. */
const batch = 1000

/** Makes the log, and what the stores append with. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact
): Effect.fn.Return<
  { readonly log: Service; readonly recorded: Recorded },
  never,
  SqlClient.SqlClient | SecureRandom.SecureRandom | Scope.Scope
> {
  const sql = compileOnce(yield* SqlClient.SqlClient)
  const random = yield* SecureRandom.SecureRandom
  const asStored = stored(sql, "events")
  const readable = yield* makeReadable
  const columns = sql.literal("position, id, kind, room_id, address, provider, event, created_at")

  /** Gives positions on Postgres. The statement after the lock sees all that was committed before it. */
  const giveAll = transact(Effect.gen(function*() {
    const [head] = yield* sql<{ position: unknown }>`SELECT position FROM sms_event_head FOR UPDATE`.withoutTransform
    const rows = yield* sql`UPDATE sms_events SET position = ${Number(head!.position)} + fresh.number
      FROM (SELECT seq, ROW_NUMBER() OVER (ORDER BY seq) AS number FROM
        (SELECT seq FROM sms_events WHERE position IS NULL ORDER BY seq LIMIT ${batch}) AS next) AS fresh
      WHERE sms_events.seq = fresh.seq RETURNING id`.withoutTransform
    yield* sql`UPDATE sms_event_head SET position = position + ${rows.length}`
    return rows.length
  }))

  const givePositions: Effect.Effect<void, SqlError> = sql.onDialectOrElse({
    pg: () =>
      Effect.gen(function*() {
        const fresh = yield* sql`SELECT 1 FROM sms_events WHERE position IS NULL LIMIT 1`.withoutTransform
        if (fresh.length === 0) return
        while ((yield* giveAll) === batch);
      }),
    orElse: () => Effect.void
  })

  const selectHead = sql.onDialectOrElse({
    pg: () => sql<{ head: unknown }>`SELECT position AS head FROM sms_event_head`,
    orElse: () => sql<{ head: unknown }>`SELECT seq AS head FROM sqlite_sequence WHERE name = 'sms_events'`
  })

  const headOf = Effect.andThen(
    givePositions,
    Effect.map(selectHead.withoutTransform, ([row]) => Number(row?.head ?? 0))
  )

  const isWanted = ({ kinds, number, roomId, since, until }: Filter) => [
    ...(roomId === undefined ? [] : [sql`room_id = ${roomId}`]),
    ...(kinds === undefined ? [] : [sql.in("kind", kinds)]),
    ...(number === undefined ? [] : [sql`person = ${personOf(number)}`]),
    ...(since === undefined ? [] : [sql`created_at >= ${DateTime.toEpochMillis(since)}`]),
    ...(until === undefined ? [] : [sql`created_at < ${DateTime.toEpochMillis(until)}`])
  ]

  const read: Service["read"] = ({ after, filter = {}, limit }) =>
    asStored(Effect.gen(function*() {
      const head = yield* headOf
      const conditions = [sql`position > ${after}`, sql`position <= ${head}`, ...isWanted(filter)]
      const rows = yield* sql<Row>`SELECT ${columns} FROM sms_events WHERE ${sql.and(conditions)}
        ORDER BY position LIMIT ${limit}`.withoutTransform
      return {
        entries: yield* readable(rows, toEntry, ({ id }) => id, ({ id }) => ({ id })),
        position: rows.length === limit ? Number(rows.at(-1)!.position) : Math.max(after, head)
      }
    }))

  const head = asStored(headOf)
  const followers = yield* Followers.make({ read, head })

  const insert = Effect.fnUntraced(function*(event: Event) {
    const id = yield* random.ulid
    const now = yield* Clock.currentTimeMillis
    const { address, provider, roomId } = aboutOf(event)
    yield* sql`INSERT INTO sms_events (id, kind, room_id, person, address, provider, event, created_at)
      VALUES (${id}, ${event._tag}, ${roomId ?? null}, ${address === undefined ? null : personOf(address)},
        ${address ?? null}, ${provider ?? null}, ${yield* events.encode(event)}, ${now})`
  })

  const recorded: Recorded = (body) =>
    Effect.suspend(() => {
      let hasNews = false
      const record: RecordEvent = (event) => {
        hasNews = true
        return insert(event)
      }
      return Effect.tap(transact(body(record)), () =>
        Effect.sync(() => {
          if (hasNews) followers.wake()
        }))
    })

  return {
    recorded,
    log: EventLog.of({
      read,
      head,
      pages: followers.pages,
      append: (event) => asStored(recorded((record) => record(event))),
      get: (id) =>
        asStored(Effect.gen(function*() {
          yield* givePositions
          const [row] = yield* sql<Row>`SELECT ${columns} FROM sms_events WHERE id = ${id}`.withoutTransform
          return row === undefined ? undefined : yield* toEntry(row)
        }))
    })
  }
})
