/**
 * Helpers that all SQL stores share: error conversion, and the grouping of
 * commits.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError, StatementTimeoutError } from "effect/sql/SqlError"
import { IsBackground } from "../../internal/background.ts"
import { StorageError, UnreadableRow } from "../../StorageError.ts"
import { failureOf } from "./failure.ts"

/** The default timeout of the database: callers must not wait longer for the answer that it is unavailable. */
const defaultPatience: Duration.Input = "4 seconds"

/** The timeout of the database. Another one where time passes faster than the database works, as in a test. */
export const Patience = Context.Reference<Duration.Input>("effect-sms/sql/Patience", {
  defaultValue: () => defaultPatience
})

/**
 * Fails after the timeout, without waiting for the interruption: a client that
 * cancels a statement would also wait for a database that hangs.
 */
const bounded =
  (patience: Duration.Input) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
        // All of the waiting can be interrupted, so that neither a caller that goes away nor a shutdown waits.
        restore(Effect.timeoutOrElse(Fiber.join(fiber), {
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
        })).pipe(Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))))
    )

/** Limits the time of an operation. SQLite statements run synchronously, so they need no limit. */
export const timeLimit = (
  sql: SqlClient.SqlClient,
  patience: Duration.Input = defaultPatience
): ReturnType<typeof bounded> =>
  sql.onDialectOrElse({ sqlite: () => identity, orElse: () => bounded(patience) }) as ReturnType<typeof bounded>

/**
 * Converts database failures and unreadable rows to `StorageError`, and keeps row contents out of
 * errors and spans. The driver reports a connection lost within a transaction
 * as a defect, which is converted as well.
 */
export const stored = (sql: SqlClient.SqlClient, store: string) => {
  const inTime = timeLimit(sql)
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

export interface Transact {
  /** Runs a transaction. The body may only wait for statements, and may run a second time. */
  <A, E>(body: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError>
  /** Runs one statement that writes. It needs no transaction, and shares a commit where there are groups. */
  readonly statement: <A, E>(statement: Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>
  /** As `statement`, for an operation that can also be part of a transaction of its caller: see `bodyOf`. */
  readonly joinable: <A, E, A2, E2>(
    statement: Effect.Effect<A, E>,
    operation: (changed: Effect.Effect<A, E | SqlError>) => Effect.Effect<A2, E2>
  ) => Effect.Effect<A2, E2>
  /** Returns the statement of a joinable operation of this database, to run it within a transaction. */
  readonly bodyOf: (operation: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown> | undefined
}

/** Adds what is the same for all databases. */
const makeJoinable = (
  transact: <A, E>(body: Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>,
  statement: Transact["statement"]
): Transact => {
  const bodies = new WeakMap<Effect.Effect<unknown, unknown>, Effect.Effect<unknown, unknown>>()
  return Object.assign(transact, {
    statement,
    joinable: <A, E, A2, E2>(
      body: Effect.Effect<A, E>,
      operation: (changed: Effect.Effect<A, E | SqlError>) => Effect.Effect<A2, E2>
    ) => {
      const joinable = operation(statement(body))
      bodies.set(joinable, body)
      return joinable
    },
    bodyOf: (operation: Effect.Effect<unknown, unknown>) => bodies.get(operation)
  })
}

interface Waiting {
  readonly body: Effect.Effect<unknown, unknown>
  readonly done: Deferred.Deferred<unknown, unknown>
}

/** The maximum number of transactions that share a commit. */
const maxGroup = 256

/** A group takes what arrives while it runs for at most so many milliseconds: the first ones wait for the last. */
const maxMillis = 10

/**
 * How many transactions of requests a group has for each one of background
 * work, while both wait. A carrier repeats within seconds what is not
 * acknowledged, and processing can follow later.
 */
const requestsPerBackground = 4

/**
 * Which part of the time of a commit background work may take in addition. A
 * slow disk leaves the processor idle, and otherwise background work would get
 * as few turns as there are commits.
 */
const backgroundPerCommit = 0.5

/**
 * Commits what arrives in one turn of the event loop together on SQLite: a
 * synced commit takes most of the time of a small transaction. On Postgres,
 * where groups made things slower, each transaction is committed alone.
 *
 * The transactions of requests come first. Each group that has some also takes a
 * fair share of those of background work, and at least one, so that neither
 * waits for the other's end. The share grows with the time that commits take.
 *
 * When one of a group fails, all are rolled back, and each runs alone. Failures
 * are rare, and a savepoint for each would double the number of statements.
 *
 * A group is taken once its transaction has begun, so that what arrives while
 * another process holds the lock shares the next commit. When the lock is not
 * released in time, all of it fails: nothing waits for the lock twice.
 */
export const makeTransact = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const isGrouped = sql.onDialectOrElse({ sqlite: () => true, orElse: () => false })
  if (!isGrouped) {
    return makeJoinable((body) => sql.withTransaction(body), identity)
  }

  let requests: Array<Waiting> = []
  let background: Array<Waiting> = []
  let isRunning = false
  /** The nanoseconds that the last commit took. */
  let commitTime = 0

  const finish = ({ done }: Waiting, exit: Exit.Exit<unknown, unknown>) => Deferred.doneUnsafe(done, exit)

  const alone = (one: Waiting) => Effect.map(Effect.exit(sql.withTransaction(one.body)), (exit) => finish(one, exit))

  /** Takes the transactions of a group, one by one. `isFull` is whether it only takes what is due to background work. */
  const makeGroup = (now: () => number) => {
    let ofRequests = 0
    let ofBackground = 0
    let begin = 0
    const hasShare = (isFull: boolean) => {
      if (ofBackground === 0) return true
      if (isFull) return false
      return ofRequests === 0 || ofBackground + 1 <= ofRequests / requestsPerBackground ||
        now() - begin < commitTime * backgroundPerCommit
    }
    return {
      next: (isFull: boolean): Waiting | undefined => {
        if (!isFull && ofRequests < requests.length) return requests[ofRequests++]
        if (ofBackground === 0) begin = now()
        return ofBackground < background.length && hasShare(isFull) ? background[ofBackground++] : undefined
      },
      /** Removes those that were taken from those that wait. */
      leave: () => {
        requests = requests.slice(ofRequests)
        background = background.slice(ofBackground)
      }
    }
  }

  const commit = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const { currentTimeMillis } = clock
    const now = () => Number(clock.monotonicTimeNanosUnsafe())
    const taken = makeGroup(now)
    const group: Array<Waiting> = []
    const values: Array<unknown> = []
    let executed = 0
    const committed = yield* Effect.exit(sql.withTransaction(Effect.gen(function*() {
      const end = (yield* currentTimeMillis) + maxMillis
      let isFull = false
      for (let one = taken.next(isFull); one !== undefined; one = taken.next(isFull)) {
        group.push(one)
        values.push(yield* one.body)
        isFull ||= group.length >= maxGroup || (yield* currentTimeMillis) > end
      }
      executed = now()
    })))
    commitTime = executed === 0 ? 0 : now() - executed
    if (group.length === 0) {
      // The transaction did not begin.
      const all = [...requests, ...background]
      requests = []
      background = []
      for (const one of all) finish(one, committed)
      return
    }
    taken.leave()
    const hasFailed = values.length < group.length
    if (hasFailed && group.length > 1) return yield* Effect.forEach(group, alone, { discard: true })
    group.forEach((one, index) => finish(one, committed._tag === "Success" ? Exit.succeed(values[index]) : committed))
  })

  const run = Effect.gen(function*() {
    while (requests.length + background.length > 0) {
      // Lets the event loop turn: answers go out, and what arrives meanwhile joins the group.
      yield* Effect.yieldNow
      yield* commit
    }
  }).pipe(Effect.ensuring(Effect.sync(() => {
    isRunning = false
  })))

  const transact = <A, E>(body: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError> =>
    Effect.withFiber((fiber) => {
      const done = Deferred.makeUnsafe<A, E | SqlError>()
      const waiting = fiber.getRef(IsBackground) ? background : requests
      waiting.push({ body, done: done as Deferred.Deferred<unknown, unknown> })
      if (isRunning) return Deferred.await(done)
      isRunning = true
      return Effect.andThen(Effect.forkDetach(Effect.uninterruptible(run)), Deferred.await(done))
    })
  return makeJoinable(transact, transact)
})
