/**
 * Metrics of the database: its size, the rows of its tables, the backlog of the
 * inbox and the sends by state. They describe the whole database, so each
 * process reports the same values.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "../../StorageError.ts"
import { stored } from "./storage.ts"

const rows = Metric.gauge("sms_storage_rows", {
  description: "Rows by table. On Postgres an estimate of the database"
})

const bytes = Metric.gauge("sms_storage_bytes", {
  description: "Bytes by table, with its indexes. Only on Postgres"
})

const databaseBytes = Metric.gauge("sms_storage_database_bytes", { description: "The size of the database" })

const entries = Metric.gauge("sms_queue_entries", {
  description: "Entries of a queue by state: pending, and dead for dead letters"
})

const oldest = Metric.gauge("sms_queue_oldest_seconds", {
  description: "The age of the oldest pending entry of a queue, 0 without one"
})

const intents = Metric.gauge("sms_intents", {
  description: "Sends that wait for their outcome or for a decision, by state: queued, sending, unknown"
})

const set = (gauge: Metric.Gauge<number>, attributes: Readonly<Record<string, string>>, value: unknown) =>
  Metric.update(Metric.withAttributes(gauge, attributes), Number(value ?? 0))

/** The states of sends that are not over. Each has a partial index. */
const openStates = ["queued", "sending", "unknown"] as const

export interface Sizes {
  /** Measures the database and its tables, which takes the longer the more rows there are. */
  readonly measureTables: Effect.Effect<void, StorageError>
  /** Measures what is not done yet. */
  readonly measureBacklog: Effect.Effect<void, StorageError>
}

export const make: Effect.Effect<Sizes, never, SqlClient.SqlClient> = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "sizes")

  const countRows = Effect.fnUntraced(function*(table: string) {
    const [row] = yield* sql<{ count: unknown }>`SELECT COUNT(*) AS count FROM ${sql(table)}`.withoutTransform
    yield* set(rows, { table }, row?.count)
  })

  const onSqlite: Effect.Effect<void, SqlError> = Effect.gen(function*() {
    const tables = yield* sql<{ name: string }>`SELECT name FROM sqlite_master
      WHERE type = 'table' AND name LIKE 'sms\\_%' ESCAPE '\\'`.withoutTransform
    // One statement each, so that others can run in between.
    for (const { name } of tables) yield* countRows(name)
    const [size] = yield* sql<{ bytes: unknown }>`SELECT page_count * page_size AS bytes
      FROM pragma_page_count(), pragma_page_size()`.withoutTransform
    yield* Metric.update(databaseBytes, Number(size?.bytes ?? 0))
  })

  const onPostgres: Effect.Effect<void, SqlError> = Effect.gen(function*() {
    const tables = yield* sql<{ name: string; count: unknown; bytes: unknown }>`SELECT relname AS name,
      n_live_tup AS count, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables
      WHERE schemaname = current_schema() AND relname LIKE 'sms\\_%'`.withoutTransform
    for (const { bytes: size, count, name: table } of tables) {
      yield* set(rows, { table }, count)
      yield* set(bytes, { table }, size)
    }
    const [size] = yield* sql<{ bytes: unknown }>`SELECT pg_database_size(current_database()) AS bytes`.withoutTransform
    yield* Metric.update(databaseBytes, Number(size?.bytes ?? 0))
  })

  const measureInbox = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* sql<{ pending: unknown; dead: unknown; oldest: unknown }>`SELECT
      (SELECT COUNT(*) FROM sms_inbox WHERE state = 'pending') AS pending,
      (SELECT COUNT(*) FROM sms_inbox WHERE state = 'dead') AS dead,
      (SELECT MIN(+accepted_at) FROM sms_inbox WHERE state = 'pending') AS oldest`.withoutTransform
    const queue = "inbox"
    yield* set(entries, { queue, state: "pending" }, row?.pending)
    yield* set(entries, { queue, state: "dead" }, row?.dead)
    yield* set(oldest, { queue }, Math.max(0, now - Number(row?.oldest ?? now)) / 1000)
  })

  const measureIntents = Effect.forEach(openStates, (state) =>
    Effect.flatMap(
      // The state is part of the text of the statement, so that its partial index is used.
      sql<{ count: unknown }>`SELECT COUNT(*) AS count FROM sms_intents WHERE state = ${
        sql.literal(`'${state}'`)
      } AND (state <> 'unknown' OR resolved_by IS NULL)`.withoutTransform,
      ([row]) => set(intents, { state }, row?.count)
    ), { discard: true })

  return {
    measureTables: asStored(sql.onDialectOrElse({ pg: () => onPostgres, orElse: () => onSqlite })),
    measureBacklog: asStored(Effect.andThen(measureInbox, measureIntents))
  }
})
