/**
 * Keeps tables bounded: removes what is older than its retention, a batch at a
 * time.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { StorageError } from "../../StorageError.ts"
import { stored, type Transact } from "./storage.ts"

export interface Options {
  /** Payloads of processed webhooks. 7 days by default. */
  readonly payloads?: Duration.Input | undefined
  /** What was said in rooms, delivery statuses and deliveries. 90 days by default. */
  readonly history?: Duration.Input | undefined
  /** Idempotency keys, of webhooks and of sends. 30 days by default. */
  readonly keys?: Duration.Input | undefined
  /** How often old rows are looked for. An hour by default. */
  readonly interval?: Duration.Input | undefined
}

/** A batch is a short transaction: others write between two of them. */
const batch = 500

const millis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

export interface CleanUp {
  /** Removes everything that is old enough now, and gives how many rows that were, by table. */
  readonly run: Effect.Effect<Readonly<Record<string, number>>, StorageError>
  /** Does so until the scope closes. */
  readonly start: Effect.Effect<void, never, Scope.Scope>
}

export const make = Effect.fnUntraced(function*(
  transact: Transact,
  { history = "90 days", interval = "1 hour", keys = "30 days", payloads = "7 days" }: Options = {}
): Effect.fn.Return<CleanUp, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "clean-up")

  /** Repeats a statement that returns what it changed until it changes less than a batch. */
  const inBatches = Effect.fnUntraced(function*(statement: Effect.Effect<ReadonlyArray<unknown>, never>) {
    let total = 0
    while (true) {
      const { length } = yield* statement
      total += length
      if (length < batch) return total
    }
  })

  const remove = (table: string, isOld: ReturnType<typeof sql.literal>) =>
    inBatches(
      asStored(transact(
        sql`DELETE FROM ${sql(table)} WHERE position IN
          (SELECT position FROM ${sql(table)} WHERE ${isOld} LIMIT ${batch}) RETURNING position`.withoutTransform
      )) as Effect.Effect<ReadonlyArray<unknown>, never>
    )

  const before = (column: string, time: number, and = "") => sql.literal(`${column} < ${Math.floor(time)}${and}`)

  const run = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    // The key of a processed webhook outlives what it said.
    const payloadsGone = yield* inBatches(
      asStored(transact(
        sql`UPDATE sms_inbox SET event = '' WHERE position IN
          (SELECT position FROM sms_inbox WHERE state = 'done' AND event <> ''
            AND accepted_at < ${now - millis(payloads)} LIMIT ${batch}) RETURNING position`.withoutTransform
      )) as Effect.Effect<ReadonlyArray<unknown>, never>
    )
    return {
      payloads: payloadsGone,
      sms_inbox: yield* remove("sms_inbox", before("accepted_at", now - millis(keys), " AND state = 'done'")),
      sms_intents: yield* remove(
        "sms_intents",
        before("updated_at", now - millis(keys), " AND state IN ('accepted', 'refused')")
      ),
      sms_room_events: yield* remove("sms_room_events", before("created_at", now - millis(history))),
      sms_statuses: yield* remove("sms_statuses", before("created_at", now - millis(history))),
      sms_deliveries: yield* remove("sms_deliveries", before("updated_at", now - millis(history)))
    }
  })

  return {
    run,
    start: Effect.asVoid(Effect.forkScoped(
      Effect.repeat(
        Effect.catchCause(run, (cause) => Effect.logError("Old rows could not be removed", cause)),
        Schedule.spaced(interval)
      )
    ))
  }
})
