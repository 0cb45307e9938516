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
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError, StatementTimeoutError } from "effect/sql/SqlError"
import { StorageError, UnreadableRow } from "../../StorageError.ts"
import { failureOf } from "./failure.ts"

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

const isDatabaseFailure = (exit: Exit.Exit<unknown, unknown>): exit is Exit.Failure<never, unknown> =>
  exit._tag === "Failure" && Cause.squash(exit.cause) instanceof SqlError

/** The maximum number of transactions that share a commit. More would delay the answers of the first ones. */
const maxGroup = 64

/**
 * Commits what arrives in one turn of the event loop together on SQLite, a
 * savepoint each: a synced commit takes most of the time of a small transaction.
 * When the database fails meanwhile, and on Postgres, where groups made things
 * slower, each transaction is committed alone.
 *
 * A group is taken once its transaction has begun, so that what arrives while
 * another process holds the lock shares the next commit. When the lock is not
 * released in time, all of it fails: nothing waits for the lock twice.
 */
export const makeTransact = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const isGrouped = sql.onDialectOrElse({ sqlite: () => true, orElse: () => false })
  if (!isGrouped) return ((body) => sql.withTransaction(body)) as Transact

  let waiting: Array<Waiting> = []
  let isRunning = false

  const finish = (group: ReadonlyArray<Waiting>, exitOf: (index: number) => Exit.Exit<unknown, unknown>) =>
    group.forEach(({ done }, index) => Deferred.doneUnsafe(done, exitOf(index)))

  const alone = (one: Waiting) =>
    Effect.map(Effect.exit(sql.withTransaction(one.body)), (exit) => finish([one], () => exit))

  /** Runs the bodies of a group. Stops when the database fails, because it may have rolled everything back. */
  const runAll = Effect.fnUntraced(function*(
    group: ReadonlyArray<Waiting>
  ): Effect.fn.Return<ReadonlyArray<Exit.Exit<unknown, unknown>>, unknown> {
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    for (const { body } of group) {
      const exit = yield* Effect.exit(sql.withTransaction(body))
      if (isDatabaseFailure(exit)) return yield* exit
      exits.push(exit)
    }
    return exits
  })

  const commit = Effect.gen(function*() {
    let group: ReadonlyArray<Waiting> = []
    let exits: ReadonlyArray<Exit.Exit<unknown, unknown>> | undefined
    const committed = yield* Effect.exit(sql.withTransaction(Effect.suspend((): Effect.Effect<unknown, unknown> => {
      group = waiting.splice(0, maxGroup)
      return group.length === 1
        ? group[0]!.body
        : Effect.map(runAll(group), (all) => void (exits = all))
    })))
    if (group.length === 0) {
      // The transaction did not begin.
      group = waiting
      waiting = []
      finish(group, () => committed)
    } else if (group.length === 1) finish(group, () => committed)
    else if (exits === undefined) yield* Effect.forEach(group, alone, { discard: true })
    else {
      const each = exits
      finish(group, (index) => committed._tag === "Success" ? each[index]! : committed)
    }
  })

  const run = Effect.gen(function*() {
    while (waiting.length > 0) {
      // Lets the event loop turn: answers go out, and what arrives meanwhile joins the group.
      yield* Effect.yieldNow
      yield* commit
    }
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
