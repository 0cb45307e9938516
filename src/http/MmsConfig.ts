/**
 * The aggregator of split messages from the environment: in memory, or in a
 * database, where what waits survives the server and is shared by several.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { layerMemory, type MmsAggregator, type MmsAggregatorError, type Options } from "../mms/MmsAggregator.ts"
import { invalid, type InvalidVariable, secret, text } from "../provider/Environment.ts"

/**
 * A layer of the aggregator of split messages. Its error is of the variable
 * that names the database.
 *
 * @category models
 * @since 0.1.0
 */
export type AggregatorLayer = Layer.Layer<MmsAggregator, InvalidVariable>

/**
 * How split messages are made one.
 *
 * @category models
 * @since 0.1.0
 */
export interface MmsConfig {
  /** In memory, unless a database is configured. */
  readonly aggregator: (options: Pick<Options, "shutdownTimeout">) => AggregatorLayer
}

const name = "DATABASE_URL"

// Nobody loads a database who has none.
const loadAggregator = Effect.promise(() => import("../sql/MmsAggregatorSql.ts"))
const loadFailure = Effect.promise(() => import("../sql/internal/failure.ts"))
const loadSqlite = Effect.promise(() => import("../sql/NodeSqliteClient.ts"))
const loadPostgres = Effect.tryPromise({
  try: () => import("./internal/postgres.ts"),
  catch: () => invalid(name, "needs the package @effect/sql-pg: npm install @effect/sql-pg")
})

/** Names the reason, and the code of the system or the database. Messages of drivers can name hosts and users. */
const blame = Effect.fnUntraced(function*(what: string, error: SqlError | MmsAggregatorError) {
  const { DatabaseFailure, failureOf } = yield* loadFailure
  const failure = error._tag === "SqlError" ? failureOf(error) : error.cause
  const told = failure instanceof DatabaseFailure ? ` (${failure.message})` : ""
  return yield* Effect.fail(invalid(name, `must name ${what} that can be used${told}`))
})

const layerSql = (
  what: string,
  client: Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError>, InvalidVariable>
) =>
(options: Options): AggregatorLayer =>
  Layer.unwrap(Effect.gen(function*() {
    const MmsAggregatorSql = yield* loadAggregator
    return Layer.catch(
      Layer.provide(MmsAggregatorSql.layer(options), yield* client),
      (error) => Layer.unwrap(blame(what, error))
    )
  }))

const layerSqlite = (filename: string) =>
  layerSql(
    "an SQLite file",
    Effect.map(loadSqlite, (NodeSqliteClient) => NodeSqliteClient.layer({ filename }))
  )

const layerPostgres = (url: Redacted.Redacted) =>
  layerSql(
    "a Postgres database",
    Effect.map(loadPostgres, (Postgres) => Postgres.layer(url))
  )

const timeout = Effect.gen(function*() {
  const name = "MMS_TIMEOUT_SECONDS"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^\d{1,4}$/.test(value) && Number(value) > 0
    ? Duration.seconds(Number(value))
    : yield* invalid(name, "must be a number of seconds, 1 to 9999")
})

const store = Effect.gen(function*() {
  const value = yield* secret(name)
  if (value === undefined) return layerMemory
  const url = Redacted.value(value)
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return layerPostgres(value)
  // sqlite:data.db, sqlite:///var/lib/data.db, file:data.db
  const path = /^(?:sqlite|file):(?:\/\/)?([^?#]+)$/.exec(url)?.[1]
  return path === undefined
    ? yield* invalid(name, "must begin with postgres://, or name an SQLite file, as in sqlite:/var/lib/sms.db")
    : layerSqlite(path)
})

/**
 * Reads the environment.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<MmsConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const options = { timeout: yield* timeout }
  const layer = yield* store
  return { aggregator: ({ shutdownTimeout }) => layer({ ...options, shutdownTimeout }) }
})
