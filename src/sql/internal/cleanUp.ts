/**
 * Keeps tables bounded: deletes rows past their retention, in batches. Measures
 * what is left.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "../../StorageError.ts"
import * as Limits from "./limits.ts"
import * as Sizes from "./sizes.ts"
import { stored, type Transact } from "./storage.ts"

export interface Options {
  /** The retention of payloads of processed webhooks. 7 days by default. */
  readonly payloads?: Duration.Input | undefined
  /** The retention of room events, log entries, delivery statuses and deliveries. 90 days by default. */
  readonly history?: Duration.Input | undefined
  /** The retention of idempotency keys of webhooks and sends. 30 days by default. */
  readonly keys?: Duration.Input | undefined
  /** The interval between clean-ups. 1 hour by default. */
  readonly interval?: Duration.Input | undefined
}

/** The maximum number of rows per batch. Each batch is a short transaction, so that other writes can run in between. */
const batch = 500

/** The interval between measurements of what is not done yet. Another one in tests in which hours pass at once. */
export const MeasureInterval = Context.Reference<Duration.Input>("effect-sms/sql/MeasureInterval", {
  defaultValue: () => "15 seconds"
})

/** Keeps measurements, which read whole tables, out of the start. */
const measureDelay = "5 seconds"

const millis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

export interface CleanUp {
  /** Deletes all rows past their retention, and returns their number by table. */
  readonly run: Effect.Effect<Readonly<Record<string, number>>, StorageError>
  /** Runs the clean-up and the measurements repeatedly until the scope closes. */
  readonly start: Effect.Effect<void, never, Scope.Scope>
}

export const make = Effect.fnUntraced(function*(
  transact: Transact,
  { history = "90 days", interval = "1 hour", keys = "30 days", payloads = "7 days" }: Options = {}
): Effect.fn.Return<CleanUp, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "clean-up")
  const sizes = yield* Sizes.make
  const measureInterval = yield* MeasureInterval

  /** Repeats a statement that returns what it changed until it changes less than a batch. */
  const inBatches = Effect.fnUntraced(function*(statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>) {
    let total = 0
    while (true) {
      const { length } = yield* asStored(transact.statement(statement))
      total += length
      if (length < batch) return total
    }
  })

  const remove = (table: string, isOld: ReturnType<typeof sql.literal>) =>
    inBatches(
      sql`DELETE FROM ${sql(table)} WHERE ${isOld} AND position IN
        (SELECT position FROM ${sql(table)} WHERE ${isOld} LIMIT ${batch}) RETURNING position`.withoutTransform
    )

  const before = (column: string, time: number, and = "") => sql.literal(`${column} < ${Math.floor(time)}${and}`)

  const run = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    // The idempotency key of a processed webhook is kept longer than its payload.
    const payloadsGone = yield* inBatches(
      sql`UPDATE sms_inbox SET event = '' WHERE position IN
        (SELECT position FROM sms_inbox WHERE state = 'done' AND event <> ''
          AND accepted_at < ${now - millis(payloads)} LIMIT ${batch}) RETURNING position`.withoutTransform
    )
    return {
      payloads: payloadsGone,
      sms_inbox: yield* remove("sms_inbox", before("accepted_at", now - millis(keys), " AND state = 'done'")),
      sms_forwards: yield* remove(
        "sms_forwards",
        before("accepted_at", now - millis(history), " AND state <> 'pending'")
      ),
      sms_intents: yield* remove(
        "sms_intents",
        before(
          "updated_at",
          now - millis(keys),
          // An unknown outcome is kept until an operator decides about it.
          " AND (state IN ('accepted', 'refused', 'cancelled') OR (state = 'unknown' AND resolved_by IS NOT NULL))"
        )
      ),
      sms_room_events: yield* remove("sms_room_events", before("created_at", now - millis(history))),
      sms_statuses: yield* remove("sms_statuses", before("created_at", now - millis(history))),
      sms_events: yield* remove("sms_events", before("created_at", now - millis(history))),
      sms_limits: yield* remove("sms_limits", before("expires_at", yield* asStored(Limits.timeOf(sql)))),
      sms_sent: yield* remove("sms_sent", before("created_at", now - millis(history))),
      sms_deliveries: yield* remove("sms_deliveries", before("updated_at", now - millis(history)))
    }
  })

  const repeatedly = (task: Effect.Effect<unknown>, every: Duration.Input, delay: Duration.Input = 0) =>
    Effect.forkScoped(Effect.delay(Effect.repeat(task, Schedule.spaced(every)), delay))

  return {
    run,
    start: Effect.gen(function*() {
      const removeOld = Effect.catchCause(run, (cause) => Effect.logError("Deleting expired rows failed", cause))
      // A failure to measure is not worth a line of its own: whatever else uses the database says so.
      yield* repeatedly(removeOld, interval)
      yield* repeatedly(Effect.ignore(sizes.measureTables), interval, measureDelay)
      yield* repeatedly(Effect.ignore(sizes.measureBacklog), measureInterval, measureDelay)
    })
  }
})
