/**
 * An Effect `SqlClient` for SQLite, built on Node's `node:sqlite`.
 *
 * A database has one connection, which is used by one fiber at a time: for the
 * duration of a statement, a transaction or a stream. A stream must therefore
 * not wait for another statement of the same client. Several processes can
 * share a file; for many concurrent writers, use a database server.
 *
 * Statements run on the main thread: one takes 3 microseconds there where a
 * message to a thread and back takes 17, and a synced commit takes a fraction of
 * a millisecond on a solid-state disk. What takes longer does not block the
 * event loop. SQLite never waits for a lock: a statement that finds the file
 * locked by another process is tried again after a timer, for at most
 * `busyTimeout`. Another thread copies the write-ahead log into the file, for
 * which commits took 4 milliseconds a megabyte: under a load of small
 * transactions the 99th percentile of the event-loop delay was 60 milliseconds
 * before and is 12, at 5,900 and 15,000 rows a second.
 *
 * **Example** (A database in memory)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { SqlClient } from "effect/sql"
 * import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
 *
 * const one = SqlClient.SqlClient.use((sql) => sql<{ one: number }>`SELECT 1 AS one`)
 * const rows = await Effect.runPromise(Effect.provide(one, NodeSqliteClient.layer({ filename: ":memory:" })))
 * rows.map(({ one }) => one) // => [1]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { closeSync, openSync } from "node:fs"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import * as Checkpointer from "./internal/checkpointer.ts"

/**
 * Options of the client.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The path of the file, or `:memory:`. A missing file is created and is readable only by its owner. */
  readonly filename: string
  /** Opens an existing file without write access. */
  readonly readonly?: boolean | undefined
  /**
   * Enables write-ahead logging, which allows reads during a write. `true` by
   * default. The file must then not be on a network file system.
   */
  readonly writeAheadLog?: boolean | undefined
  /**
   * `full` by default: a committed transaction survives a power failure. With
   * `normal` it survives only the end of the process.
   */
  readonly synchronous?: "full" | "normal" | undefined
  /**
   * How long a statement or the begin of a transaction waits for a file that
   * another process has locked. 5 seconds by default.
   */
  readonly busyTimeout?: Duration.Input | undefined
  /** The maximum number of cached prepared statements. 128 by default. */
  readonly preparedStatements?: number | undefined
  /** The number of rows that a stream reads at a time. 64 by default. */
  readonly streamRows?: number | undefined
}

/** `SQLITE_ERROR`: during preparation it means a syntax error. */
const genericError = 1

const sqlError = (operation: string) => (cause: unknown): SqlError.SqlError => {
  if (!Predicate.hasProperty(cause, "errcode")) {
    if (operation === "connect") {
      return new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause, operation }) })
    }
    return new SqlError.SqlError({ reason: new SqlError.UnknownError({ cause, operation }) })
  }
  if (operation === "prepare" && cause.errcode === genericError) {
    return new SqlError.SqlError({ reason: new SqlError.SqlSyntaxError({ cause, operation }) })
  }
  // The classifier reads the code from `errno`, where another driver stores it.
  const known = Object.assign(cause, { errno: cause.errcode })
  return new SqlError.SqlError({ reason: SqlError.classifySqliteError(known, { operation }) })
}

const isLocked = (error: unknown): boolean =>
  error instanceof SqlError.SqlError && error.reason._tag === "LockTimeoutError"

/** The waits between attempts while another process holds the lock: 1, 2, 4, 8, 16, then 20 milliseconds. */
const whileLocked = (timeout: Duration.Duration) =>
  Schedule.max([
    Schedule.min([Schedule.exponential("1 millis"), Schedule.spaced("20 millis")]),
    Schedule.during(timeout)
  ])

/**
 * Converts a parameter. SQLite has no booleans, and an object as the first
 * parameter would be taken for named parameters.
 */
const toInput = (value: unknown): SQLInputValue => {
  switch (typeof value) {
    case "boolean":
      return value ? 1 : 0
    case "undefined":
      return null
    case "string":
    case "number":
    case "bigint":
      return value
    default:
      if (value === null || value instanceof Uint8Array) return value
      throw new TypeError("Expected a parameter that is text, a number, a boolean, bytes or null")
  }
}

/** Builds an LRU cache of prepared statements. */
const makePrepared = (database: DatabaseSync, capacity: number) => {
  const statements = new InsertionOrderedMap<StatementSync>({ maxEntries: capacity })
  return (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? database.prepare(sql)
    // The oldest is the least recently used.
    statements.put(sql, statement)
    statements.trim()
    return statement
  }
}

type Run<A> = (statement: StatementSync, params: Array<SQLInputValue>) => A

const all: Run<ReadonlyArray<object>> = (statement, params) => statement.all(...params)

const values: Run<ReadonlyArray<ReadonlyArray<unknown>>> = (statement, params) => {
  statement.setReturnArrays(true)
  try {
    // The declared type covers only rows as objects.
    return statement.all(...params) as unknown as ReadonlyArray<ReadonlyArray<unknown>>
  } finally {
    statement.setReturnArrays(false)
  }
}

/** Returns the rows of a statement that has columns, otherwise the counts. */
const raw: Run<unknown> = (statement, params) =>
  statement.columns().length > 0 ? statement.all(...params) : statement.run(...params)

const take = (iterator: Iterator<object>, count: number): ReadonlyArray<object> => {
  const rows: Array<object> = []
  while (rows.length < count) {
    const { done, value } = iterator.next()
    if (done === true) break
    rows.push(value)
  }
  return rows
}

const makeConnection = (database: DatabaseSync, options: Options, committed: () => void): Connection => {
  const prepared = makePrepared(database, Math.max(0, options.preparedStatements ?? 128))
  const streamRows = Math.max(1, options.streamRows ?? 64)

  const prepare = (sql: string, keep: boolean) =>
    Effect.withFiber<StatementSync, SqlError.SqlError>((fiber) =>
      Effect.try({
        try: () => {
          const statement = keep ? prepared(sql) : database.prepare(sql)
          statement.setReadBigInts(Context.get(fiber.context, SqlClient.SafeIntegers))
          return statement
        },
        catch: sqlError("prepare")
      })
    )

  const run = <A>(sql: string, params: ReadonlyArray<unknown>, how: Run<A>, keep = true) =>
    Effect.flatMap(prepare(sql, keep), (statement) =>
      Effect.try({
        try: () => {
          const result = how(statement, params.map(toInput))
          if (!database.isTransaction) committed()
          return result
        },
        catch: sqlError("execute")
      }))

  const rows = (keep: boolean): Connection["execute"] => (sql, params, transformRows) =>
    transformRows === undefined
      ? run(sql, params, all, keep)
      : Effect.map(run(sql, params, all, keep), transformRows)

  return {
    execute: rows(true),
    executeUnprepared: rows(false),
    executeRaw: (sql, params) => run(sql, params, raw),
    executeValues: (sql, params) => run(sql, params, values),
    executeValuesUnprepared: (sql, params) => run(sql, params, values, false),
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(Effect.gen(function*() {
        // Uses its own statement: the cached one may run again before the stream ends.
        const statement = yield* prepare(sql, false)
        const iterator = yield* Effect.acquireRelease(
          Effect.try({ try: () => statement.iterate(...params.map(toInput)), catch: sqlError("execute") }),
          // An unfinished statement would hold its snapshot of the database.
          (iterator) => Effect.sync(() => iterator.return?.())
        )
        const read = Effect.try({ try: () => take(iterator, streamRows), catch: sqlError("execute") })
        return Stream.paginate(undefined, () =>
          Effect.map(read, (rows) => [
            transformRows === undefined ? rows : transformRows(rows),
            rows.length < streamRows ? Option.none() : Option.some(undefined)
          ]))
      }))
  }
}

/**
 * Creates the file with access for the owner only. SQLite creates its log files
 * with the same mode. The error of the system says why a file cannot be opened,
 * where SQLite has one code for all reasons.
 */
const makeFile = (filename: string): void => closeSync(openSync(filename, "a", 0o600))

const isFile = (filename: string): boolean => filename !== "" && !/^(:memory:|file:)/.test(filename)

const open = (options: Options) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        if (options.readonly !== true && isFile(options.filename)) makeFile(options.filename)
        return new DatabaseSync(options.filename, { readOnly: options.readonly === true })
      },
      catch: sqlError("connect")
    }),
    (database) => Effect.sync(() => database.close())
  )

const configure = (database: DatabaseSync, options: Options) =>
  Effect.try({
    try: () => {
      if (options.readonly !== true && options.writeAheadLog !== false) database.exec("PRAGMA journal_mode = WAL")
      // Deleted texts would stay in the bytes of the file. It takes no time that can be measured but for deletions.
      database.exec("PRAGMA secure_delete = ON")
      database.exec(`PRAGMA synchronous = ${options.synchronous === "normal" ? "NORMAL" : "FULL"}`)
    },
    catch: sqlError("connect")
  })

/**
 * Opens the database and closes it with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity> {
  const database = yield* open(options)
  const schedule = whileLocked(Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds"))
  const untilUnlocked = <A, E, R>(effect: Effect.Effect<A, E, R>, isSafe = () => true): Effect.Effect<A, E, R> =>
    Effect.retry(effect, { while: (error) => isLocked(error) && isSafe(), schedule })
  yield* untilUnlocked(configure(database, options))

  const semaphore = yield* Semaphore.make(1)
  const hasLog = options.readonly !== true && options.writeAheadLog !== false && isFile(options.filename)
  const committed = hasLog ? yield* Checkpointer.make(database, options.filename, semaphore) : () => {}
  const connection = makeConnection(database, options, committed)
  const { borrower, ...acquirers } = SqlClient.makeSqliteAcquirers({
    // Nobody else has the connection: a transaction that is open is one whose rollback failed.
    connection: Effect.suspend(() =>
      database.isOpen && database.isTransaction
        ? Effect.as(connection.executeUnprepared("ROLLBACK", [], undefined), connection)
        : Effect.succeed(connection)
    ),
    semaphore,
    isTransaction: () => database.isTransaction
  })
  const client = yield* SqlClient.make({
    ...acquirers,
    // SQLite itself would block the thread while it waits. Others can use the connection between two attempts.
    borrower: (use) => untilUnlocked(borrower(use)),
    driver: "node:sqlite",
    compiler: Statement.makeCompilerSqlite(),
    // A transaction that starts with a read could not write after another process wrote in the meantime.
    beginTransaction: options.readonly === true ? "BEGIN" : "BEGIN IMMEDIATE",
    // Readers can hold up a commit only without a write-ahead log.
    commit: (connection) => Effect.asVoid(untilUnlocked(connection.execute("COMMIT", [], undefined))),
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })

  const { withTransaction } = client
  const waitingTransaction: typeof withTransaction = (body) =>
    Effect.suspend(() => {
      let hasBegun = false
      const begun = Effect.suspend(() => {
        hasBegun = true
        return body
      })
      return untilUnlocked(withTransaction(begun), () => !hasBegun)
    })
  return Object.assign(client, { withTransaction: waitingTransaction })
})

/**
 * Provides `SqlClient`. The database is closed with the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.provide(Layer.effect(SqlClient.SqlClient, make(options)), Reactivity.layer)
