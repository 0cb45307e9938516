/**
 * Pages of a table, the newest rows first. Every condition is on the beginning
 * of an index that ends with the time and the position, so a page costs the
 * same wherever it is and however many rows there are.
 */
import * as DateTime from "effect/DateTime"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import type { Place, SearchOptions } from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"

export interface Columns {
  readonly provider: string
  readonly time: string
}

interface Placed {
  readonly position: unknown
  readonly time: unknown
}

/** Returns the place of a row. */
export const placeOf = ({ position, time }: Placed): Place => ({ time: Number(time), position: Number(position) })

/** Builds the end of a query: its conditions, order and limit. */
export const page = (
  sql: SqlClient.SqlClient,
  { after, limit, number, provider, since, until }: SearchOptions,
  others: ReadonlyArray<Fragment> = [],
  columns: Columns = { provider: "provider", time: "created_at" }
): Fragment => {
  const time = sql.literal(columns.time)
  const conditions = [
    ...others,
    ...(after === undefined ? [] : [sql`(${time}, position) < (${after.time}, ${after.position})`]),
    ...(number === undefined ? [] : [sql`person = ${personOf(number)}`]),
    ...(provider === undefined ? [] : [sql`${sql.literal(columns.provider)} = ${provider}`]),
    ...(since === undefined ? [] : [sql`${time} >= ${DateTime.toEpochMillis(since)}`]),
    ...(until === undefined ? [] : [sql`${time} < ${DateTime.toEpochMillis(until)}`])
  ]
  const where = conditions.length === 0 ? sql.literal("") : sql`WHERE ${sql.and(conditions)}`
  return sql`${where} ORDER BY ${time} DESC, position DESC LIMIT ${limit}`
}
