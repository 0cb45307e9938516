/**
 * Helpers that all SQL stores share: error conversion, and the grouping of
 * commits.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError, StatementTimeoutError } from "effect/sql/SqlError"
import { StorageError, UnreadableRow } from "../../StorageError.ts"
import { failureOf } from "./failure.ts"

const isLocked = (error: unknown): boolean => error instanceof SqlError && error.reason._tag === "LockTimeoutError"

/**
 * The retry schedule while another process locks the SQLite file. Waiting here,
 * and not in SQLite, does not block the event loop.
 */
const whileLocked = Schedule.max([
  Schedule.min([Schedule.exponential("5 millis"), Schedule.spaced("100 millis")]),
  Schedule.recurs(60)
])

/** Repeats what fails because another process locks the SQLite file. */
export const whenUnlocked = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(effect, { while: isLocked, schedule: whileLocked })

/** The timeout of the database. */
const patience: Duration.Input = "10 seconds"

/**
 * Fails after the timeout, without waiting for the interruption: a client that
 * cancels a statement would also wait for a database that hangs.
 */
const bounded = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
      restore(Fiber.join(fiber)).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () =>
            Effect.fail(
              new SqlError({
                reason: new StatementTimeoutError({
                  cause: new Error("The database did not respond in time"),
                  operation: "wait"
                })
              })
            )
        }),
        Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
      ))
  )

/**
 * Converts database failures and unreadable rows to `StorageError`, and keeps row contents out of
 * errors and spans. The driver reports a connection lost within a transaction
 * as a defect, which is converted as well.
 */
export const stored = (sql: SqlClient.SqlClient, store: string) => {
  // SQLite statements run synchronously, so they need no timeout.
  const inTime = sql.onDialectOrElse({ sqlite: () => identity, orElse: () => bounded }) as typeof bounded
  return <A, E, R>(
    effect: Effect.Effect<A, E | SqlError, R>
  ): Effect.Effect<A, Exclude<E, SqlError | UnreadableRow> | StorageError, R> =>
    effect.pipe(
      whenUnlocked,
      Effect.withTracerEnabled(false),
      inTime,
      Effect.catchCause((cause): Effect.Effect<never, Exclude<E, SqlError | UnreadableRow> | StorageError> => {
        const error = Cause.squash(cause)
        if (error instanceof UnreadableRow) return Effect.fail(new StorageError({ store, cause: error }))
        return error instanceof SqlError
          ? Effect.fail(new StorageError({ store, cause: failureOf(error) }))
          : Effect.failCause(cause as Cause.Cause<Exclude<E, SqlError | UnreadableRow>>)
      })
    )
}

/** Runs a transaction. The body may only wait for statements. */
export type Transact = <A, E>(body: Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>

interface Waiting {
  readonly body: Effect.Effect<unknown, unknown>
  readonly done: Deferred.Deferred<unknown, unknown>
}

const isDatabaseFailure = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" && Cause.squash(exit.cause) instanceof SqlError

/** As many as share a commit. More would block the event loop for longer. */
const maxGroup = 64

/**
 * Commits what arrives in one turn together on SQLite, a savepoint each: a
 * synced commit takes most of the time of a small transaction. When the database
 * fails meanwhile, and on Postgres, where groups made things slower, each
 * transaction is committed alone.
 */
export const makeTransact = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const isGrouped = sql.onDialectOrElse({ sqlite: () => true, orElse: () => false })
  if (!isGrouped) return ((body) => sql.withTransaction(body)) as Transact

  const waiting: Array<Waiting> = []
  let isRunning = false

  const inTransaction = <A, E>(body: Effect.Effect<A, E>) => Effect.exit(whenUnlocked(sql.withTransaction(body)))

  const alone = ({ body, done }: Waiting) =>
    Effect.flatMap(inTransaction(body), (exit) => Effect.sync(() => Deferred.doneUnsafe(done, exit)))

  const together = Effect.fnUntraced(function*(group: ReadonlyArray<Waiting>) {
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    const committed = yield* inTransaction(Effect.gen(function*() {
      exits.length = 0
      for (const { body } of group) {
        const exit = yield* Effect.exit(sql.withTransaction(body))
        // What the savepoint has kept is uncertain, and SQLite may have rolled everything back.
        if (isDatabaseFailure(exit)) yield* exit
        exits.push(exit)
      }
    }))
    if (exits.length < group.length) yield* Effect.forEach(group, alone, { discard: true })
    else {
      group.forEach(({ done }, index) =>
        Deferred.doneUnsafe(done, committed._tag === "Success" ? exits[index]! : committed)
      )
    }
  })

  const commit = (group: ReadonlyArray<Waiting>) => group.length === 1 ? alone(group[0]!) : together(group)

  const run = Effect.gen(function*() {
    // Lets transactions of the same event-loop turn join the group.
    yield* Effect.yieldNow
    while (waiting.length > 0) yield* commit(waiting.splice(0, maxGroup))
  }).pipe(Effect.ensuring(Effect.sync(() => {
    isRunning = false
  })))

  const transact: Transact = <A, E>(body: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      const done = Deferred.makeUnsafe<A, E | SqlError>()
      waiting.push({ body, done: done as Deferred.Deferred<unknown, unknown> })
      if (isRunning) return Deferred.await(done)
      isRunning = true
      return Effect.andThen(Effect.forkDetach(Effect.uninterruptible(run)), Deferred.await(done))
    })
  return transact
})
