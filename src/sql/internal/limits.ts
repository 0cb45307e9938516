/**
 * The states of rate limits and circuits in a database: one row a key, changed
 * in one atomic step. Several servers that share the database change the same
 * state.
 *
 * A Postgres database is the clock of all its servers, because a limit must not
 * depend on how well their clocks agree. The processes that share an SQLite
 * file share a clock.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "../../StorageError.ts"
import { json } from "./json.ts"
import { stored, type Transact } from "./storage.ts"

/** What becomes of a state. */
export interface Step<S, A> {
  readonly answer: A
  /** The new state. Absent if it does not change. */
  readonly state?: S | undefined
  /** When the new state is the same as none, in milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
}

export interface Limits {
  /**
   * Builds a function that changes the state of a key. It passes the state, or
   * `undefined` when there is none, and the time in milliseconds.
   */
  readonly modify: <S>(
    prefix: string,
    schema: Schema.Codec<S, unknown>
  ) => <A>(key: string, step: (state: S | undefined, now: number) => Step<S, A>) => Effect.Effect<A, StorageError>
}

export const table = "sms_limits"

/** Returns the time of the clock that all servers share. */
export const timeOf = (sql: SqlClient.SqlClient): Effect.Effect<number, SqlError> =>
  sql.onDialectOrElse({
    pg: () =>
      Effect.map(
        sql<{ now: unknown }>`SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS now`.withoutTransform,
        ([row]) => Number(row?.now)
      ),
    orElse: () => Clock.currentTimeMillis
  })

/** The row of a key. */
interface Row {
  readonly state: string
  readonly expires_at: unknown
}

/** Creates and locks the row of a key, so that the time is read in the order of the changes. */
export const lockRow = (sql: SqlClient.SqlClient, key: string): Effect.Effect<Row | undefined, SqlError> =>
  Effect.map(
    sql<Row>`INSERT INTO sms_limits (key, state, expires_at)
      VALUES (${key}, '', 0) ON CONFLICT (key) DO UPDATE SET state = sms_limits.state
      RETURNING state, expires_at`.withoutTransform,
    ([row]) => row
  )

/** Returns the state that a row has at a time, as text. */
export const stateOf = (row: Row | undefined, now: number): string | undefined =>
  row === undefined || row.state === "" || Number(row.expires_at) <= now ? undefined : row.state

/** Changes a locked row. */
export const changeRow = (sql: SqlClient.SqlClient, key: string, state: string, expiresAt: number) =>
  sql`UPDATE sms_limits SET state = ${state}, expires_at = ${Math.ceil(expiresAt)} WHERE key = ${key}`

/** How far the clocks of the processes that share a file may differ, in milliseconds. */
const clockTolerance = 1000

/**
 * Returns whether a wait of this length is over. One that began in the future
 * began before the clock was set back, and is over too.
 */
export const isOver = (until: number, length: number, now: number): boolean =>
  until <= now || until - length > now + clockTolerance

/** Makes the table's functions. The table must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  /** The clock of all servers. That of the database by default, where it has one. */
  clock?: Effect.Effect<number>
): Effect.fn.Return<Limits, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "limits")
  const time = clock ?? timeOf(sql)

  return {
    modify: (prefix, schema) => {
      const { decode, encode } = json(table, schema)
      return (name, step) => {
        const key = `${prefix} ${name}`
        return asStored(transact(Effect.gen(function*() {
          const row = yield* lockRow(sql, key)
          const now = yield* time
          const known = stateOf(row, now)
          const { answer, expiresAt = 0, state } = step(known === undefined ? undefined : yield* decode(known), now)
          if (state !== undefined) yield* changeRow(sql, key, yield* encode(state), expiresAt)
          return answer
        })))
      }
    }
  }
})
