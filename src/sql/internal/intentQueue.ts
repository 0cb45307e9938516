/**
 * The queue of intents in a database, which any number of servers can share.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { settled } from "../../events/internal/changes.ts"
import { compact } from "../../internal/record.ts"
import type { Intent, Priority, Queue } from "../../sending/IntentStore.ts"
import type { SmsError } from "../../SmsError.ts"
import type { StorageError, UnreadableRow } from "../../StorageError.ts"
import type { Recorded } from "../EventLogSql.ts"
import type { makeLogUnreadable } from "./json.ts"
import type { Transact } from "./storage.ts"

/** The priorities, each at the index that its column has. */
export const priorities: ReadonlyArray<Priority> = ["transactional", "bulk"]

/** How long a row that does not decode is left to the servers of another version. */
const unreadableDelay = 10 * 60 * 1000

export interface Options<Row> {
  readonly asStored: <A, E>(
    effect: Effect.Effect<A, E | SqlError>
  ) => Effect.Effect<A, Exclude<E, SqlError | UnreadableRow> | StorageError>
  readonly sql: SqlClient.SqlClient
  readonly transact: Transact
  readonly recorded: Recorded
  readonly columns: Fragment
  /** The id of this process. */
  readonly me: Effect.Effect<string>
  readonly decode: (row: Row) => Effect.Effect<Intent, UnreadableRow>
  readonly logUnreadable: Effect.Success<typeof makeLogUnreadable>
  readonly encode: (outcome: { readonly error?: SmsError }) => Effect.Effect<string>
}

export const make = <Row extends { readonly id: string; readonly priority: unknown; readonly ready_at: unknown }>(
  { asStored, columns, decode, encode, logUnreadable, me, recorded, sql, transact }: Options<Row>
): Queue => {
  /** Makes intents ready that were when the clock, which was set back since, was ahead. */
  const followClock = (now: number) =>
    sql`UPDATE sms_intents SET ready_at = ${now}, queued_at = ${now}
      WHERE state = 'queued' AND queued_at > ${now + 1000} AND (ready_at <= queued_at OR failures > 0 OR deferrals > 0)`

  const ready = (priority: Priority, now: number, limit: number) => {
    const ids = sql`SELECT id FROM sms_intents WHERE state = 'queued' AND priority = ${priorities.indexOf(priority)}
      AND ready_at <= ${now} ORDER BY ready_at, position LIMIT ${limit}`
    return sql.onDialectOrElse({
      pg: () => sql`id = ANY(ARRAY(${ids} FOR UPDATE SKIP LOCKED))`,
      orElse: () => sql`id IN (${ids})`
    })
  }

  const take = Effect.fnUntraced(function*(priority: Priority, token: string, now: number, limit: number) {
    if (limit <= 0) return []
    const rows = yield* sql<Row>`UPDATE sms_intents SET state = 'sending', owner = ${yield* me}, claim = ${token},
      sending_at = ${now}, updated_at = ${now} WHERE ${ready(priority, now, limit)} RETURNING ${columns}`
      .withoutTransform
    // The rows that an update returns have no order.
    return rows.toSorted((one, other) => Number(one.ready_at) - Number(other.ready_at) || (one.id < other.id ? -1 : 1))
  })

  /** The state of an intent that returns to the queue, unless its recipient was forgotten while it was sent. */
  const queued = sql.literal("CASE WHEN forgotten = 'whole' THEN 'cancelled' ELSE 'queued' END")

  const postpone = (id: string, now: number) =>
    sql`UPDATE sms_intents SET state = 'queued', owner = NULL, claim = NULL, deferrals = deferrals + 1,
      ready_at = ${now + unreadableDelay}, queued_at = ${now} WHERE id = ${id}`

  const claim: Queue["claim"] = ({ bulk, limit, token }) =>
    asStored(transact(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* followClock(now)
      const first = yield* take("transactional", token, now, limit)
      const last = yield* take("bulk", token, now, Math.min(bulk, limit - first.length))
      const intents: Array<Intent> = []
      for (const row of [...first, ...last]) {
        const intent = yield* Effect.result(decode(row))
        if (Result.isSuccess(intent)) intents.push(intent.success)
        else {
          yield* logUnreadable(row.id, { table: intent.failure.table, id: row.id })
          yield* postpone(row.id, now)
        }
      }
      return intents
    })))

  return {
    claim,
    unclaim: (token) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE sms_intents SET state = ${queued}, owner = NULL, claim = NULL, queued_at = ${now},
          updated_at = ${now} WHERE state = 'sending' AND owner = ${yield* me} AND claim = ${token}`
      }))),
    requeue: ({ id, token }, { deferrals, delay, error, failures }) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE sms_intents SET state = ${queued}, owner = NULL, claim = NULL, failures = ${failures},
          deferrals = ${deferrals}, outcome = ${yield* encode(compact({ error }))}, ready_at = ${
          now + Math.ceil(Duration.toMillis(delay))
        },
          queued_at = ${now}, updated_at = ${now} WHERE id = ${id} AND state = 'sending' AND claim = ${token}`
      }))),
    cancel: (id) =>
      asStored(recorded(Effect.fnUntraced(function*(record) {
        const now = yield* Clock.currentTimeMillis
        const changed = yield* sql`UPDATE sms_intents SET state = 'cancelled', cancelled_at = ${now},
          updated_at = ${now} WHERE id = ${id} AND state = 'queued' RETURNING id`.withoutTransform
        const [row] = yield* sql<Row>`SELECT ${columns} FROM sms_intents WHERE id = ${id}`.withoutTransform
        if (row === undefined) return undefined
        const intent = yield* decode(row)
        if (changed.length > 0) yield* record(settled(intent, { state: "cancelled" }))
        return intent
      }))),
    nextAt: Effect.map(
      asStored(
        // Each minimum is one entry of the index.
        sql<{ first: unknown; last: unknown }>`SELECT
          (SELECT MIN(ready_at) FROM sms_intents WHERE state = 'queued' AND priority = 0) AS first,
          (SELECT MIN(ready_at) FROM sms_intents WHERE state = 'queued' AND priority = 1) AS last`.withoutTransform
      ),
      ([row]) =>
        Math.min(...[row?.first, row?.last].map((at) => at === null || at === undefined ? Infinity : Number(at)))
    )
  }
}
