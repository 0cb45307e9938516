/**
 * Reads the storage configuration from environment variables: an SQLite file, a
 * Postgres database that several servers can share, or memory.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as ConsentLedger from "../consent/ConsentLedger.ts"
import * as DeliveryStore from "../delivery/DeliveryStore.ts"
import * as EventLog from "../events/EventLog.ts"
import * as ForwardStore from "../forward/ForwardStore.ts"
import * as GuardStore from "../guards/GuardStore.ts"
import type { InboxProcessor } from "../inbox/Inbox.ts"
import { layerMemory, type MmsAggregator, type MmsAggregatorError, type Options } from "../mms/MmsAggregator.ts"
import { invalid, type InvalidVariable, secret, text } from "../provider/Environment.ts"
import * as RoomInbox from "../rooms/RoomInbox.ts"
import type { RoomKit } from "../rooms/RoomKit.ts"
import * as RoomStore from "../rooms/RoomStore.ts"
import type * as IntentStore from "../sending/IntentStore.ts"
import * as IntentStoreMemory from "../sending/IntentStoreMemory.ts"
import * as LimitsMemory from "../sending/internal/limitsMemory.ts"
import type { People } from "../sql/People.ts"
import type { StorageError } from "../StorageError.ts"
import { type Database, problemOf } from "./internal/databaseProblem.ts"
import { Readiness } from "./Readiness.ts"
import type { Stores as SendPolicyStores } from "./SendPolicyConfig.ts"

/**
 * Every store of the server except the inbox.
 *
 * @category models
 * @since 0.1.0
 */
export type Stores =
  | EventLog.EventLog
  | ForwardStore.ForwardStore
  | RoomStore.RoomStore
  | DeliveryStore.DeliveryStore
  | IntentStore.IntentStore
  | ConsentLedger.ConsentLedger
  | GuardStore.GuardStore
  | MmsAggregator
  | SendPolicyStores

/**
 * The storage of the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface StorageConfig {
  /** A description for the log, such as `SQLite file ./effect-sms.db`. It contains no credentials. */
  readonly description: string
  /** Provides the stores. Its error names the invalid variable. */
  readonly layer: (
    options: Pick<Options, "shutdownTimeout">
  ) => Layer.Layer<Stores, InvalidVariable, SecureRandom.SecureRandom | Mac.Mac>
  /** The processor of the inbox. Absent in memory, where a webhook is processed before it is acknowledged. */
  readonly processor:
    | ((
      options: Pick<Options, "shutdownTimeout">
    ) => Layer.Layer<InboxProcessor, InvalidVariable, RoomKit | SecureRandom.SecureRandom | Mac.Mac>)
    | undefined
  /** The path of an SQLite file. It is created if it is missing. */
  readonly file: string | undefined
  /** Opens the database, reads the version of its schema, and changes nothing. Absent in memory. */
  readonly schemaVersion:
    | Effect.Effect<{ readonly found: number | undefined; readonly known: number }, InvalidVariable>
    | undefined
  /** The deletion of personal data alone, for a program that is no server. Absent in memory. */
  readonly people: Layer.Layer<People, InvalidVariable, SecureRandom.SecureRandom | Mac.Mac> | undefined
  /** Provides the stores that sending needs, to a process that is no server. Absent in memory. */
  readonly sends:
    | Layer.Layer<
      | IntentStore.IntentStore
      | DeliveryStore.DeliveryStore
      | ConsentLedger.ConsentLedger
      | GuardStore.GuardStore
      | SendPolicyStores,
      InvalidVariable,
      SecureRandom.SecureRandom | Mac.Mac
    >
    | undefined
}

const name = "DATABASE_URL"

/**
 * How long a media part waits for a text part that may arrive later: the two
 * webhooks of a message can arrive out of order, or reach two servers
 * concurrently.
 */
const reorderWindow = Duration.seconds(1)

/** The default file of a server with carriers but no configured database. */
const defaultFile = "effect-sms.db"

// Loaded on demand: a server with in-memory storage needs no database module.
const loadStorage = Effect.promise(() => import("../sql/SqlStorage.ts"))
const loadAggregator = Effect.promise(() => import("../sql/MmsAggregatorSql.ts"))
const loadFailure = Effect.promise(() => import("../sql/internal/failure.ts"))
const loadSqlite = Effect.promise(() => import("../sql/NodeSqliteClient.ts"))
const loadPostgres = Effect.tryPromise({
  try: () => import("./internal/postgres.ts"),
  catch: () => invalid(name, "needs the package @effect/sql-pg: npm install @effect/sql-pg")
})

/** Builds the error about a database that cannot be used. */
const blame = Effect.fnUntraced(function*(
  database: Database,
  error: SqlError | MmsAggregatorError | StorageError
) {
  const { DatabaseFailure, failureOf } = yield* loadFailure
  const failure = error._tag === "SqlError" ? failureOf(error) : error.cause
  if (failure instanceof Error && "_tag" in failure && failure._tag === "NewerSchema") {
    return yield* invalid(name, `cannot be used. ${failure.message}`)
  }
  const problem = problemOf(database, failure instanceof DatabaseFailure ? failure : undefined)
  return yield* invalid(name, `cannot be used: ${problem}`)
})

const sqlStorage = (
  description: string,
  database: Database,
  client: Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError>, InvalidVariable>,
  mms: Options
): StorageConfig => {
  const blamed = <A, R>(
    layer: Layer.Layer<A, SqlError | MmsAggregatorError | StorageError | InvalidVariable, R>
  ): Layer.Layer<A, InvalidVariable, R> =>
    Layer.catch(
      layer,
      (error) => Layer.unwrap(error._tag === "InvalidVariable" ? Effect.fail(error) : blame(database, error))
    )
  // Built once and shared.
  const layerClient = Layer.unwrap(client)
  const layerStores = blamed(
    Layer.provide(Layer.unwrap(Effect.map(loadStorage, (SqlStorage) => SqlStorage.layer())), layerClient)
  )
  const layerReadiness = Layer.effect(
    Readiness,
    Effect.gen(function*() {
      const { ping } = yield* loadStorage
      const sql = yield* SqlClient.SqlClient
      const check = Effect.provideService(ping, SqlClient.SqlClient, sql)
      return [{ reason: "The database does not answer or cannot be written", check }]
    })
  )
  return {
    description,
    layer: ({ shutdownTimeout }) =>
      Layer.mergeAll(
        layerStores,
        blamed(Layer.provide(layerReadiness, layerClient)),
        blamed(Layer.provide(
          Layer.unwrap(
            Effect.map(loadAggregator, (MmsAggregatorSql) => MmsAggregatorSql.layer({ ...mms, shutdownTimeout }))
          ),
          layerClient
        ))
      ),
    processor: ({ shutdownTimeout }) => Layer.provide(RoomInbox.layer({ shutdownTimeout }), layerStores),
    file: database._tag === "SQLite" ? database.filename : undefined,
    schemaVersion: Effect.flatMap(loadStorage, ({ schemaVersion }) => schemaVersion).pipe(
      Effect.provide(layerClient),
      Effect.catch((error) => error._tag === "InvalidVariable" ? Effect.fail(error) : blame(database, error))
    ),
    people: blamed(
      Layer.provide(Layer.unwrap(Effect.map(loadStorage, (SqlStorage) => SqlStorage.layerPeople)), layerClient)
    ),
    sends: layerStores
  }
}

const sqlite = (filename: string, mms: Options) =>
  sqlStorage(
    `SQLite file ${filename}`,
    { _tag: "SQLite", filename },
    Effect.map(loadSqlite, (NodeSqliteClient) => NodeSqliteClient.layer({ filename })),
    mms
  )

const postgres = (url: Redacted.Redacted, mms: Options) =>
  sqlStorage(
    `Postgres at ${URL.parse(Redacted.value(url))?.host ?? "its default host"}`,
    { _tag: "Postgres" },
    Effect.map(loadPostgres, (Postgres) => Postgres.layer(url)),
    mms
  )

/**
 * Provides the stores of a server in memory, except that of split messages.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStoresMemory: Layer.Layer<
  Exclude<Stores, MmsAggregator>,
  never,
  SecureRandom.SecureRandom
> = Layer.mergeAll(
  RoomStore.layerMemory(),
  DeliveryStore.layerStoreMemory(),
  IntentStoreMemory.layer(),
  ForwardStore.layerMemory,
  ConsentLedger.layerMemory(),
  GuardStore.layerMemory(),
  LimitsMemory.layerRateLimiterStore,
  LimitsMemory.layerCircuitBreakerStore
).pipe(Layer.provideMerge(EventLog.layerMemory()))

const memory = (mms: Options): StorageConfig => ({
  description: "memory (lost on restart)",
  layer: ({ shutdownTimeout }) => Layer.merge(layerStoresMemory, layerMemory({ ...mms, shutdownTimeout })),
  processor: undefined,
  file: undefined,
  schemaVersion: undefined,
  people: undefined,
  sends: undefined
})

const timeout = Effect.gen(function*() {
  const name = "MMS_TIMEOUT_SECONDS"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^\d{1,4}$/.test(value) && Number(value) > 0
    ? Duration.seconds(Number(value))
    : yield* invalid(name, "must be a number of seconds, 1 to 9999")
})

/**
 * Reads the configuration. Without `DATABASE_URL`, a server with carriers uses
 * the file `./effect-sms.db`, and a server without carriers uses memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(
  hasCarriers: boolean
): Effect.fn.Return<StorageConfig, InvalidVariable | Config.ConfigError> {
  const mms = { timeout: yield* timeout, reorderWindow }
  const value = yield* secret(name)
  if (value === undefined) return hasCarriers ? sqlite(defaultFile, mms) : memory(mms)
  const url = Redacted.value(value)
  if (url === "memory:") return memory(mms)
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return postgres(value, mms)
  // sqlite:data.db, sqlite:///var/lib/data.db, file:data.db
  const path = /^(?:sqlite|file):(?:\/\/)?([^?#]+)$/.exec(url)?.[1]
  return path === undefined
    ? yield* invalid(
      name,
      "must begin with postgres://, name an SQLite file, as in sqlite:/var/lib/sms.db, or be memory:"
    )
    : sqlite(path, mms)
})
