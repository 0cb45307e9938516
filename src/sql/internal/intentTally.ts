/**
 * Counts the intents of a database by span of time, provider and state, and
 * refused ones by who refused them.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { TallyOptions } from "../../internal/listing.ts"
import type { IntentTally, State } from "../../sending/IntentStore.ts"
import { refuserOf } from "../../sending/internal/refusals.ts"
import * as Search from "./search.ts"
import type { stored } from "./storage.ts"

interface Row extends Search.TallyRow {
  readonly state: State
  readonly reason: string | null
  readonly answered: unknown
  readonly listed: unknown
}

interface Options {
  readonly asStored: ReturnType<typeof stored>
  readonly sql: SqlClient.SqlClient
}

/** Builds the text of a field of the reason of a refusal. Of other outcomes nothing is read. */
const reasonField = (sql: SqlClient.SqlClient, name: string): string =>
  sql.onDialectOrElse({
    pg: () => `CASE WHEN state = 'refused' THEN outcome::json -> 'error' -> 'reason' ->> '${name}' END`,
    orElse: () =>
      `CASE WHEN state = 'refused' AND json_valid(outcome) THEN json_extract(outcome, '$.error.reason.${name}') END`
  })

/** Adds up the rows that differ only in the reason of the refusal. */
const merge = (all: ReadonlyArray<IntentTally>): ReadonlyArray<IntentTally> => {
  const merged = new Map<string, IntentTally>()
  for (const one of all) {
    const key = JSON.stringify([one.at, one.provider, one.state, one.refuser])
    const known = merged.get(key)
    merged.set(key, { ...one, count: one.count + (known?.count ?? 0) })
  }
  return Array.from(merged.values())
}

export const make = ({ asStored, sql }: Options) => {
  const field = (name: string) => reasonField(sql, name)
  const facts = sql.literal([
    `${field("_tag")} AS reason`,
    `CASE WHEN COALESCE(${field("code")}, CAST(${field("status")} AS TEXT)) IS NULL THEN 0 ELSE 1 END AS answered`,
    `CASE WHEN ${field("entry")} IS NULL THEN 0 ELSE 1 END AS listed`
  ].join(", "))
  return (options: TallyOptions) =>
    asStored(Effect.map(
      sql<Row>`SELECT ${Search.spanOf(sql, options)} AS span, via AS provider, state, ${facts}, COUNT(*) AS count
        FROM sms_intents WHERE created_at >= ${options.since} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1`.withoutTransform,
      (rows) =>
        merge(rows.map((row): IntentTally => ({
          ...Search.tallyOf(options)(row),
          state: row.state,
          ...(row.state === "refused" && {
            refuser: refuserOf({
              reason: row.reason ?? undefined,
              isAnswered: Number(row.answered) === 1,
              isInLedger: Number(row.listed) === 1
            })
          })
        })))
    ))
}
