/**
 * Pages of a table, the newest rows first. Every condition is on the beginning
 * of an index that ends with the time and the position, so a page costs the
 * same wherever it is and however many rows there are.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import {
  type Place,
  searchable,
  type SearchOptions,
  type Tally,
  type TallyOptions,
  type TimeSpan
} from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"

interface Placed {
  readonly position: unknown
  readonly time: unknown
}

/** Returns the place of a row. */
export const placeOf = ({ position, time }: Placed): Place => ({ time: Number(time), position: Number(position) })

/** Builds the conditions that the time in a column is in a span. */
export const isIn = (
  sql: SqlClient.SqlClient,
  column: string,
  { since, until }: TimeSpan
): ReadonlyArray<Fragment> => [
  ...(since === undefined ? [] : [sql`${sql.literal(column)} >= ${DateTime.toEpochMillis(since)}`]),
  ...(until === undefined ? [] : [sql`${sql.literal(column)} < ${DateTime.toEpochMillis(until)}`])
]

/** Builds the condition that the text in a column contains another, which has no wildcards. */
export const contains = (sql: SqlClient.SqlClient, column: string, text: string): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql`STRPOS(${sql.literal(column)}, ${text}) > 0`,
    orElse: () => sql`INSTR(${sql.literal(column)}, ${text}) > 0`
  })

/** A row of a count by span of time. */
export interface TallyRow {
  readonly span: unknown
  readonly provider: string | null
  readonly count: unknown
}

/** Builds the number of the span that a row is in. A literal, because it is grouped by. */
export const spanOf = (sql: SqlClient.SqlClient, { step }: TallyOptions): Fragment =>
  sql.literal(`created_at / ${Math.trunc(step)}`)

export const tallyOf = ({ step }: TallyOptions) => ({ count, provider, span }: TallyRow): Tally => ({
  at: Number(span) * step,
  provider: provider ?? undefined,
  count: Number(count)
})

/** Builds the end of a query: its conditions, order and limit. */
export const page = (
  sql: SqlClient.SqlClient,
  { after, limit, number, provider, text, ...span }: SearchOptions,
  others: ReadonlyArray<Fragment> = [],
  providerColumn = "provider"
): Fragment => {
  const conditions = [
    ...others,
    ...(after === undefined ? [] : [sql`(created_at, position) < (${after.time}, ${after.position})`]),
    ...(number === undefined ? [] : [sql`person = ${personOf(number)}`]),
    ...(provider === undefined ? [] : [sql`${sql.literal(providerColumn)} = ${provider}`]),
    ...(text === undefined ? [] : [contains(sql, "words", searchable(text))]),
    ...isIn(sql, "created_at", span)
  ]
  const where = conditions.length === 0 ? sql.literal("") : sql`WHERE ${sql.and(conditions)}`
  return sql`${where} ORDER BY created_at DESC, position DESC LIMIT ${limit}`
}

/**
 * Reads on until a page is full. Rows that do not decode are left out of it, and
 * a page that is not full is the last one.
 */
export const inFull = Effect.fnUntraced(function*<A, P, E, R>(
  { after: begin, limit }: { readonly limit: number; readonly after?: P | undefined },
  read: (options: { readonly limit: number; readonly after: P | undefined }) => Effect.Effect<
    { readonly found: ReadonlyArray<A>; readonly rows: number; readonly last: P | undefined },
    E,
    R
  >
) {
  const all: Array<A> = []
  let after = begin
  while (true) {
    const wanted = limit - all.length
    const { found, last, rows } = yield* read({ limit: wanted, after })
    all.push(...found)
    if (rows < wanted || found.length === rows) return all
    after = last
  }
})
