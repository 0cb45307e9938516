/**
 * One database for receiving, sending, rooms and tracking.
 *
 * The layer creates the tables, and provides the SQL implementation of every
 * store. Any number of servers can share a Postgres database; processes on one
 * machine can share an SQLite file.
 *
 * **Example** (Every store in one database)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
 * import * as SqlStorage from "effect-sms/sql/SqlStorage"
 * import { Inbox } from "effect-sms"
 *
 * const Storage = SqlStorage.layer().pipe(
 *   Layer.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])
 * )
 * const waiting = Inbox.Inbox.use(({ list }) => list({ state: "pending", limit: 10 }))
 *
 * const entries = await Effect.runPromise(Effect.provide(waiting, Storage))
 * entries.length // => 0
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CircuitBreakerStore } from "effect/persistence/CircuitBreaker"
import { RateLimiterStore } from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { ConsentLedger } from "../consent/ConsentLedger.ts"
import { DeliveryStore } from "../delivery/DeliveryStore.ts"
import { EventLog } from "../events/EventLog.ts"
import { ForwardStore } from "../forward/ForwardStore.ts"
import { GuardStore } from "../guards/GuardStore.ts"
import { Inbox } from "../inbox/Inbox.ts"
import { RoomStore } from "../rooms/RoomStore.ts"
import { IntentStore } from "../sending/IntentStore.ts"
import { StorageError } from "../StorageError.ts"
import * as CircuitBreakerStoreSql from "./CircuitBreakerStoreSql.ts"
import * as ConsentLedgerSql from "./ConsentLedgerSql.ts"
import * as DeliveryStoreSql from "./DeliveryStoreSql.ts"
import * as EventLogSql from "./EventLogSql.ts"
import * as ForwardStoreSql from "./ForwardStoreSql.ts"
import * as GuardStoreSql from "./GuardStoreSql.ts"
import * as InboxSql from "./InboxSql.ts"
import * as IntentStoreSql from "./IntentStoreSql.ts"
import * as CleanUp from "./internal/cleanUp.ts"
import * as Limits from "./internal/limits.ts"
import { migrate, type SchemaVersion, schemaVersion as readSchemaVersion } from "./internal/migrations.ts"
import { migrate as migrateMms } from "./internal/mmsStore.ts"
import * as Servers from "./internal/servers.ts"
import { makeTransact, stored } from "./internal/storage.ts"
import * as People from "./People.ts"
import * as RateLimiterStoreSql from "./RateLimiterStoreSql.ts"
import * as RoomStoreSql from "./RoomStoreSql.ts"

/**
 * Options of the storage.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The interval between heartbeats of a server. 2 seconds by default. */
  readonly beat?: Duration.Input | undefined
  /** How long after the last heartbeat other servers take over its work. 10 seconds by default. */
  readonly deadAfter?: Duration.Input | undefined
  /** The retention of rows. */
  readonly retention?: CleanUp.Options | undefined
}

/**
 * The stores that the layer provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Stores =
  | Inbox
  | EventLog
  | RoomStore
  | DeliveryStore
  | IntentStore
  | ForwardStore
  | ConsentLedger
  | GuardStore
  | People.People
  | RateLimiterStore
  | CircuitBreakerStore

const migrated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (cause) => new StorageError({ store: "migrations", cause }))

/** Creates the tables. Those of split messages have their own migrations, which predate the others. */
const migrateAll = Effect.andThen(migrated(migrateMms), migrated(migrate))

/**
 * Creates the tables in the database of the context, and makes every store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<
  Context.Context<Stores>,
  StorageError,
  SqlClient.SqlClient | SecureRandom.SecureRandom | Mac.Mac | Scope.Scope
> {
  yield* migrateAll
  const transact = yield* makeTransact
  const { log, recorded } = yield* EventLogSql.make(transact)
  const limits = yield* Limits.make(transact)
  const consents = yield* ConsentLedgerSql.make(transact, recorded)
  const servers = yield* Servers.make(recorded, options)
  const context = Context.make(Inbox, yield* InboxSql.make(transact, servers)).pipe(
    Context.add(RoomStore, yield* RoomStoreSql.make(transact, recorded)),
    Context.add(DeliveryStore, yield* DeliveryStoreSql.make(transact, recorded)),
    Context.add(IntentStore, yield* IntentStoreSql.make(transact, servers, recorded)),
    Context.add(EventLog, log),
    Context.add(ForwardStore, yield* ForwardStoreSql.make(transact, servers)),
    Context.add(RateLimiterStore, RateLimiterStoreSql.make(limits)),
    Context.add(CircuitBreakerStore, CircuitBreakerStoreSql.make(limits)),
    Context.add(ConsentLedger, consents.ledger),
    Context.add(GuardStore, yield* GuardStoreSql.make(recorded)),
    Context.add(People.People, yield* People.make(transact, log, consents))
  )
  // Started last: every store must have registered how it takes over the work of a dead process.
  yield* servers.start
  const cleanUp = yield* CleanUp.make(transact, options.retention)
  yield* cleanUp.start
  return context
})

/**
 * Provides only the deletion of personal data: for a program that is no server,
 * and takes nothing over from one.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPeople: Layer.Layer<
  People.People,
  StorageError,
  SqlClient.SqlClient | SecureRandom.SecureRandom | Mac.Mac
> = Layer.effect(
  People.People,
  Effect.gen(function*() {
    yield* migrateAll
    const transact = yield* makeTransact
    const { log, recorded } = yield* EventLogSql.make(transact)
    return yield* People.make(transact, log, yield* ConsentLedgerSql.make(transact, recorded))
  })
)

/** As much as a webhook may need: more than one page of an SQLite file. */
const pingSize = 16 * 1024

/**
 * Writes a row and deletes it, to see whether the database of the context
 * answers and can store something: its disk may be full, it may be read-only, or
 * another process may have locked it. The tables must exist.
 *
 * @category accessors
 * @since 0.1.0
 */
export const ping: Effect.Effect<void, StorageError, SqlClient.SqlClient> = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => {
    // A row that is over goes with the clean-up, should the process end here.
    const write = sql`INSERT INTO sms_limits (key, state, expires_at) VALUES ('ping', ${" ".repeat(pingSize)}, 0)
      ON CONFLICT (key) DO UPDATE SET state = excluded.state`
    return stored(sql, "ping")(Effect.asVoid(Effect.andThen(write, sql`DELETE FROM sms_limits WHERE key = 'ping'`)))
  }
)

/**
 * Reads the version of the schema in the database of the context, and that of
 * this library. `found` is `undefined` where there are no tables. Changes
 * nothing.
 *
 * **Example** (Looking at a database)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
 * import * as SqlStorage from "effect-sms/sql/SqlStorage"
 *
 * const Database = Layer.provideMerge(
 *   SqlStorage.layer(),
 *   Layer.merge(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer)
 * )
 * const look = Effect.gen(function*() {
 *   const { found, known } = yield* SqlStorage.schemaVersion
 *   // Fails when nothing can be stored.
 *   yield* SqlStorage.ping
 *   return found === known
 * })
 *
 * await Effect.runPromise(Effect.provide(look, Database)) // => true
 * ```
 *
 * @category accessors
 * @since 0.1.0
 */
export const schemaVersion: Effect.Effect<SchemaVersion, StorageError, SqlClient.SqlClient> = migrated(
  readSchemaVersion
)

/**
 * Provides every store, using the database of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<Stores, StorageError, SqlClient.SqlClient | SecureRandom.SecureRandom | Mac.Mac> =>
  Layer.effectContext(make(options))
