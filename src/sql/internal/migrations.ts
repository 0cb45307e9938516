/**
 * Creates the tables of all stores. Migrations only go forward, and all pending
 * ones run in one transaction.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import * as Backfill from "./backfill.ts"
import { discreet } from "./failure.ts"

/** A newer version of the library migrated the database; this version would corrupt it. */
export class NewerSchema extends Schema.TaggedError<NewerSchema>()("NewerSchema", {
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message(): string {
    return `The database has schema version ${this.found}, but this version of the library supports at most ${this.known}`
  }
}

const serial = Effect.map(SqlClient.SqlClient, (sql) =>
  sql.literal(sql.onDialectOrElse({
    pg: () => "BIGSERIAL PRIMARY KEY",
    orElse: () => "INTEGER PRIMARY KEY AUTOINCREMENT"
  })))

/** Creates the tables of a queue: its entries, and its lanes. */
const createQueue = Effect.fnUntraced(function*(entries: string, lanes: string) {
  const sql = yield* SqlClient.SqlClient
  const index = (table: string, name: string) => sql.literal(`${table}_${name}`)
  yield* sql`CREATE TABLE ${sql.literal(lanes)} (
    lane TEXT NOT NULL PRIMARY KEY,
    pending BIGINT NOT NULL,
    ready_at BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    owner TEXT,
    claim BIGINT NOT NULL
  )`
  yield* sql`CREATE INDEX ${index(lanes, "ready")} ON ${sql.literal(lanes)} (ready_at) WHERE owner IS NULL`
  yield* sql`CREATE INDEX ${index(lanes, "owner")} ON ${sql.literal(lanes)} (owner) WHERE owner IS NOT NULL`
  yield* sql`CREATE TABLE ${sql.literal(entries)} (
    position ${yield* serial},
    id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_error TEXT,
    address TEXT,
    accepted_at BIGINT NOT NULL,
    settled_at BIGINT
  )`
  const table = sql.literal(entries)
  yield* sql`CREATE INDEX ${index(entries, "lane")} ON ${table} (lane, position) WHERE state = 'pending'`
  yield* sql`CREATE INDEX ${index(entries, "dead")} ON ${table} (position) WHERE state = 'dead'`
  yield* sql`CREATE INDEX ${index(entries, "accepted")} ON ${table} (accepted_at)`
})

const migrations = {
  "0001_storage": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const position = yield* serial
    yield* sql`CREATE TABLE sms_servers (
      id TEXT NOT NULL PRIMARY KEY,
      host TEXT NOT NULL,
      pid BIGINT NOT NULL,
      beat BIGINT NOT NULL
    )`
    yield* createQueue("sms_inbox", "sms_lanes")
    yield* sql`CREATE TABLE sms_rooms (
      id TEXT NOT NULL PRIMARY KEY,
      room TEXT NOT NULL,
      activity BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_rooms_activity ON sms_rooms (activity)`
    yield* sql`CREATE TABLE sms_routes (route TEXT NOT NULL PRIMARY KEY, room_id TEXT NOT NULL)`
    yield* sql`CREATE INDEX sms_routes_room ON sms_routes (room_id)`
    yield* sql`CREATE TABLE sms_room_events (
      position ${position},
      id TEXT NOT NULL UNIQUE,
      key TEXT UNIQUE,
      room_id TEXT NOT NULL,
      event TEXT NOT NULL,
      deliveries TEXT,
      created_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_room_events_room ON sms_room_events (room_id, position)`
    yield* sql`CREATE TABLE sms_statuses (
      position ${position},
      key TEXT NOT NULL UNIQUE,
      status TEXT NOT NULL,
      address TEXT,
      created_at BIGINT NOT NULL
    )`
    yield* sql`CREATE TABLE sms_deliveries (
      position ${position},
      key TEXT NOT NULL UNIQUE,
      message_key TEXT NOT NULL,
      delivery TEXT NOT NULL,
      status TEXT NOT NULL,
      terminal BIGINT NOT NULL,
      address TEXT,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_deliveries_message ON sms_deliveries (message_key)`
    yield* sql`CREATE INDEX sms_deliveries_open ON sms_deliveries (updated_at) WHERE terminal = 0`
    yield* sql`CREATE INDEX sms_deliveries_updated ON sms_deliveries (updated_at)`
    yield* sql`CREATE TABLE sms_intents (
      position ${position},
      id TEXT NOT NULL UNIQUE,
      key TEXT UNIQUE,
      hash TEXT NOT NULL,
      message TEXT NOT NULL,
      provider TEXT,
      state TEXT NOT NULL,
      owner TEXT,
      priority BIGINT NOT NULL,
      ready_at BIGINT NOT NULL,
      outcome TEXT,
      resolved_by TEXT,
      address TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_intents_queued ON sms_intents (priority, ready_at) WHERE state = 'queued'`
    yield* sql`CREATE INDEX sms_intents_owner ON sms_intents (owner) WHERE state = 'sending'`
    yield* sql`CREATE INDEX sms_intents_unknown ON sms_intents (position) WHERE state = 'unknown'`
    yield* sql`CREATE INDEX sms_intents_updated ON sms_intents (updated_at)`
  }),
  "0002_queue": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE sms_intents ADD COLUMN failures BIGINT NOT NULL DEFAULT 0`
    yield* sql`ALTER TABLE sms_intents ADD COLUMN claim TEXT`
    for (const state of ["queued", "sending", "accepted", "refused", "unknown", "cancelled"]) {
      yield* sql`ALTER TABLE sms_intents ADD COLUMN ${sql(`${state}_at`)} BIGINT`
    }
    yield* sql`UPDATE sms_intents SET sending_at = created_at,
      accepted_at = CASE state WHEN 'accepted' THEN updated_at END,
      refused_at = CASE state WHEN 'refused' THEN updated_at END,
      unknown_at = CASE state WHEN 'unknown' THEN updated_at END`
    yield* sql`CREATE INDEX sms_intents_written ON sms_intents (queued_at) WHERE state = 'queued'`
  }),
  "0003_events": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const position = yield* serial
    // On Postgres an entry gets its position after its commit: see EventLogSql.
    const positions = sql.literal(sql.onDialectOrElse({
      pg: () => "seq BIGSERIAL PRIMARY KEY, position BIGINT UNIQUE",
      orElse: () => "position INTEGER PRIMARY KEY AUTOINCREMENT"
    }))
    yield* sql`CREATE TABLE sms_events (
      ${positions},
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      room_id TEXT,
      person TEXT,
      address TEXT,
      provider TEXT,
      event TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_events_kind ON sms_events (kind, position)`
    yield* sql`CREATE INDEX sms_events_room ON sms_events (room_id, position) WHERE room_id IS NOT NULL`
    yield* sql`CREATE INDEX sms_events_person ON sms_events (person, position) WHERE person IS NOT NULL`
    yield* sql`CREATE INDEX sms_events_created ON sms_events (created_at)`
    yield* sql.onDialectOrElse({
      pg: () =>
        Effect.gen(function*() {
          yield* sql`CREATE INDEX sms_events_fresh ON sms_events (seq) WHERE position IS NULL`
          yield* sql`CREATE TABLE sms_event_head (position BIGINT NOT NULL)`
          yield* sql`INSERT INTO sms_event_head (position) VALUES (0)`
        }),
      orElse: () => Effect.void
    })
    // Leads from a message at its carrier to its send.
    yield* sql`CREATE TABLE sms_sent (
      position ${position},
      message_key TEXT NOT NULL UNIQUE,
      intent_id TEXT NOT NULL,
      room_id TEXT,
      person TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_sent_person ON sms_sent (person)`
    yield* sql`CREATE INDEX sms_sent_created ON sms_sent (created_at)`
    yield* sql`ALTER TABLE sms_intents ADD COLUMN room_id TEXT`
  }),
  "0004_settling": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE sms_intents ADD COLUMN found TEXT`
    yield* sql`ALTER TABLE sms_intents ADD COLUMN ask_at BIGINT`
    yield* sql`ALTER TABLE sms_intents ADD COLUMN asked BIGINT NOT NULL DEFAULT 0`
    yield* sql`UPDATE sms_intents SET ask_at = updated_at WHERE state = 'unknown' AND resolved_by IS NULL`
    yield* sql`ALTER TABLE sms_deliveries ADD COLUMN check_at BIGINT`
    yield* sql`UPDATE sms_deliveries SET check_at = updated_at WHERE terminal = 0`
    yield* sql`CREATE INDEX sms_deliveries_check ON sms_deliveries (check_at) WHERE terminal = 0`
    yield* sql`CREATE INDEX sms_intents_ask ON sms_intents (ask_at) WHERE ask_at IS NOT NULL`
  }),
  "0005_lists": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const add = (table: string, columns: ReadonlyArray<string>) =>
      Effect.forEach(columns, (column) => sql`ALTER TABLE ${sql(table)} ADD COLUMN ${sql(column)} TEXT`, {
        discard: true
      })
    /** An index for each filter of a list, in the order of the list. */
    const index = (table: string, columns: ReadonlyArray<string>, where = "") =>
      Effect.forEach(
        ["", ...columns],
        (column) =>
          sql`CREATE INDEX ${sql(`${table}_by_${column || "time"}`)} ON ${sql(table)}
          (${sql.literal(column && `${column}, `)}created_at, position) ${sql.literal(where)}`,
        { discard: true }
      )
    yield* add("sms_room_events", ["state", "person", "provider"])
    yield* add("sms_intents", ["event_id", "person", "via"])
    yield* add("sms_deliveries", ["person", "provider"])
    yield* sql`CREATE TABLE sms_room_people (
      person TEXT NOT NULL,
      room_id TEXT NOT NULL,
      PRIMARY KEY (person, room_id)
    )`
    yield* sql`CREATE INDEX sms_room_people_room ON sms_room_people (room_id)`
    yield* Backfill.lists
    yield* index("sms_room_events", ["state", "person", "provider"], "WHERE state IS NOT NULL")
    yield* index("sms_intents", ["state", "person", "via"])
    yield* index("sms_deliveries", ["status", "person", "provider"])
    yield* sql`CREATE INDEX sms_intents_event ON sms_intents (event_id) WHERE event_id IS NOT NULL`
    yield* sql`DROP INDEX sms_rooms_activity`
    yield* sql`CREATE INDEX sms_rooms_activity ON sms_rooms (activity, id)`
  }),
  "0006_limits": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE sms_intents ADD COLUMN deferrals BIGINT NOT NULL DEFAULT 0`
    yield* sql`CREATE TABLE sms_limits (
      position ${yield* serial},
      key TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      expires_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_limits_expires ON sms_limits (expires_at)`
  }),
  "0007_forwards": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* createQueue("sms_forwards", "sms_forward_lanes")
    yield* sql`CREATE TABLE sms_forward_endpoints (
      endpoint TEXT NOT NULL PRIMARY KEY,
      position BIGINT NOT NULL,
      failing_since BIGINT,
      paused_at BIGINT
    )`
  }),
  "0008_ages": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    // The clean-up finds what is old without reading what is not.
    yield* sql`CREATE INDEX sms_inbox_payloads ON sms_inbox (accepted_at) WHERE state = 'done' AND event <> ''`
    yield* sql`CREATE INDEX sms_room_events_created ON sms_room_events (created_at)`
    yield* sql`CREATE INDEX sms_statuses_created ON sms_statuses (created_at)`
  }),
  "0009_messages_of_rooms": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE INDEX sms_room_events_by_room ON sms_room_events (room_id, created_at, position)
      WHERE state IS NOT NULL`
    yield* sql`CREATE INDEX sms_intents_by_room ON sms_intents (room_id, created_at, position)
      WHERE room_id IS NOT NULL`
  }),
  "0010_consents": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE sms_consents (
      position ${yield* serial},
      id TEXT NOT NULL UNIQUE,
      key TEXT UNIQUE,
      person TEXT NOT NULL,
      sender TEXT NOT NULL,
      provider TEXT NOT NULL,
      action TEXT NOT NULL,
      said_at BIGINT NOT NULL,
      entry TEXT NOT NULL,
      recorded_at BIGINT NOT NULL
    )`
    yield* sql`CREATE INDEX sms_consents_person ON sms_consents (person, position)`
    yield* sql`CREATE TABLE sms_consent_keys (id TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL)`
  }),
  "0011_forgotten_sends": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    // Whether the recipient is forgotten, or a member of the group: see forgottenSends.ts.
    yield* sql`ALTER TABLE sms_intents ADD COLUMN forgotten TEXT`
  }),
  "0012_conversations": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE sms_rooms ADD COLUMN read_position BIGINT NOT NULL DEFAULT 0`
    // What was there before messages could be marked as read is not new.
    yield* sql`UPDATE sms_rooms SET read_position =
      COALESCE((SELECT MAX(position) FROM sms_room_events WHERE room_id = sms_rooms.id), 0)`
    yield* sql`ALTER TABLE sms_room_events ADD COLUMN words TEXT`
    yield* sql`ALTER TABLE sms_intents ADD COLUMN words TEXT`
    yield* Backfill.words
  }),
  "0013_routes": Backfill.routes,
  "0014_resends": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    // The processes that resend a message: see resends.ts.
    yield* sql`CREATE INDEX sms_intents_resending ON sms_intents (owner) WHERE state = 'unknown' AND owner IS NOT NULL`
  }),
  "0015_pending": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    // With their time, what is pending is counted without reading the entries.
    for (const entries of ["sms_inbox", "sms_forwards"]) {
      yield* sql`DROP INDEX ${sql(`${entries}_lane`)}`
      yield* sql`CREATE INDEX ${sql(`${entries}_lane`)} ON ${sql(entries)} (lane, position, accepted_at)
        WHERE state = 'pending'`
    }
  })
}

const known = Object.keys(migrations).length

/** The version of the schema in a database, or `undefined` where there is none, and the one of this library. */
export interface SchemaVersion {
  readonly found: number | undefined
  readonly known: number
}

/** Reads the version of the schema, and changes nothing. */
export const schemaVersion = discreet(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [table] = yield* sql.onDialectOrElse({
    pg: () => sql`SELECT 1 AS found WHERE to_regclass('sms_migrations') IS NOT NULL`,
    orElse: () => sql`SELECT 1 AS found FROM sqlite_master WHERE name = 'sms_migrations'`
  }).withoutTransform
  if (table === undefined) return { found: undefined, known }
  const [row] = yield* sql<{ found: unknown }>`SELECT MAX(migration_id) AS found FROM sms_migrations`.withoutTransform
  return { found: Number(row?.found ?? 0), known }
}))

/**
 * Creates the tables, or migrates those of an older version. Safe to run in
 * several processes concurrently. Fails if a newer version has migrated the
 * database.
 */
export const migrate = discreet(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* Migrator.make({})({ table: "sms_migrations", loader: Migrator.fromRecord(migrations) })
  const [row] = yield* sql<{ found: unknown }>`SELECT MAX(migration_id) AS found FROM sms_migrations`.withoutTransform
  const found = Number(row?.found ?? 0)
  if (found > known) return yield* new NewerSchema({ found, known })
}))
