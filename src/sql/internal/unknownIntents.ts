/**
 * The intents in a database about which carriers are asked, on any number of
 * servers.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { messageKeyOf } from "../../internal/deliveryKeys.ts"
import type { Intent, Lookups } from "../../sending/IntentStore.ts"
import type { StorageError, UnreadableRow } from "../../StorageError.ts"

export interface Options<Row> {
  readonly asStored: <A, E>(
    effect: Effect.Effect<A, E | SqlError>
  ) => Effect.Effect<A, Exclude<E, SqlError | UnreadableRow> | StorageError>
  readonly sql: SqlClient.SqlClient
  readonly columns: Fragment
  readonly decodeAll: (rows: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<Intent>>
}

export const make = <Row extends object>(
  { asStored, columns, decodeAll, sql }: Options<Row>
): Omit<Lookups, "recordCandidates" | "recordFound"> => {
  // What was written in the future was written before the clock was set back.
  const due = (now: number) =>
    sql`state = 'unknown' AND ask_at IS NOT NULL AND (ask_at <= ${now} OR updated_at > ${now + 1000})`

  const claimable = (now: number, limit: number) => {
    const ids = sql`SELECT id FROM sms_intents WHERE ${due(now)} ORDER BY ask_at LIMIT ${limit}`
    return sql.onDialectOrElse({
      pg: () => sql`id = ANY(ARRAY(${ids} FOR UPDATE SKIP LOCKED))`,
      orElse: () => sql`id IN (${ids})`
    })
  }

  return {
    claimUnknown: ({ lease, limit }) =>
      asStored(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        // Most times there is none, and nothing to write.
        const some = yield* sql`SELECT id FROM sms_intents WHERE ${due(now)} LIMIT 1`.withoutTransform
        if (some.length === 0) return []
        const rows = yield* sql<Row>`UPDATE sms_intents SET ask_at = ${now + Duration.toMillis(lease)},
          updated_at = ${now} WHERE ${claimable(now, limit)} RETURNING ${columns}`.withoutTransform
        return yield* decodeAll(rows)
      })),
    asked: (id, delay) =>
      asStored(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const at = delay === undefined ? null : now + Math.ceil(Duration.toMillis(delay))
        yield* sql`UPDATE sms_intents SET asked = asked + 1, ask_at = ${at}, updated_at = ${now}
          WHERE id = ${id} AND state = 'unknown' AND resolved_by IS NULL`
      })),
    cannotAsk: (id) =>
      asStored(Effect.asVoid(sql`UPDATE sms_intents SET ask_at = NULL WHERE id = ${id} AND state = 'unknown'`)),
    openTo: (address) =>
      asStored(Effect.flatMap(
        sql<Row>`SELECT ${columns} FROM sms_intents WHERE address = ${address}
          AND state IN ('sending', 'unknown') ORDER BY position`.withoutTransform,
        decodeAll
      )),
    ownerOf: (message) =>
      asStored(Effect.map(
        sql<{ intent_id: string }>`SELECT intent_id FROM sms_sent WHERE message_key = ${messageKeyOf(message)}`
          .withoutTransform,
        ([row]) => row?.intent_id
      ))
  }
}
