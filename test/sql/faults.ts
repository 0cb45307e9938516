/** Faults of an SQLite database: at a statement, also `BEGIN` and `COMMIT`, for one or for many. */
import { Effect } from "effect"
import { DatabaseSync, StatementSync } from "node:sqlite"

export interface Fault {
  /** The statement at which it begins, the first of which is number 1. */
  readonly at: number
  /** How many statements fail. */
  readonly count: number
  /** Whether a statement is executed and fails nevertheless, as when the answer of a database is lost. Begins fail. */
  readonly executed: boolean
  /** The database that has it, the first of which is number 1: see {@link track}. All have it by default. */
  readonly database?: number | undefined
  /** Closes the database, as the end of a process does. What was not committed is gone, and locks are free. */
  readonly closes?: boolean | undefined
}

/** `npm run test:faults` tries all, and `npm test` some that are the same each time. */
export const isLong = process.env["MODE"] === "long"

/** Tries a fault at every statement, in the short form at every 27th. */
export const atEach = <E, R>(
  statements: number,
  survive: (at: number) => Effect.Effect<unknown, E, R>
): Effect.Effect<void, E, R> =>
  Effect.forEach(
    Array.from({ length: statements }, (_, index) => index + 1).filter((at) => isLong || at % 27 === 1),
    (at) => Effect.catchDefect(survive(at), (cause) => Effect.die(new Error(`At statement ${at}`, { cause }))),
    { discard: true }
  )

/** A process that is killed executes nothing from then on. */
export const killed = (at: number): Fault => ({ at, count: Infinity, executed: false })

/** `SQLITE_IOERR`, with what a message of the database might quote. */
const failure = () => Object.assign(new Error("disk I/O error near '+15145550142'"), { errcode: 10 })

const owners = new WeakMap<StatementSync, { readonly database: DatabaseSync; readonly number: number }>()

/** Numbers the databases that are opened until the scope closes. */
export const track = Effect.acquireRelease(
  Effect.sync(() => {
    const { prepare } = DatabaseSync.prototype
    const numbers = new Map<DatabaseSync, number>()
    DatabaseSync.prototype.prepare = function(this: DatabaseSync, ...params: Parameters<typeof prepare>) {
      const statement = prepare.apply(this, params)
      const number = numbers.get(this) ?? numbers.size + 1
      numbers.set(this, number)
      owners.set(statement, { database: this, number })
      return statement
    } as typeof prepare
    return () => void (DatabaseSync.prototype.prepare = prepare)
  }),
  (end) => Effect.sync(end)
)

/** Puts faults into the databases of this process until the scope closes. Those that are tracked count for themselves. */
export const inject = (faults: ReadonlyArray<Fault>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { all } = StatementSync.prototype
      const counts = new Map<number | undefined, number>()
      StatementSync.prototype.all = function(this: StatementSync, ...params: Parameters<typeof all>) {
        const owner = owners.get(this)
        const statements = (counts.get(owner?.number) ?? 0) + 1
        counts.set(owner?.number, statements)
        const fault = faults.find(({ at, count, database = owner?.number }) =>
          database === owner?.number && statements >= at && statements < at + count
        )
        if (fault === undefined) return all.apply(this, params)
        if (fault.executed && !/^(BEGIN|SAVEPOINT|RELEASE|ROLLBACK)/.test(this.sourceSQL)) all.apply(this, params)
        if (fault.closes === true && owner?.database.isOpen === true) owner.database.close()
        throw failure()
      } as typeof all
      return {
        count: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
        end: () => void (StatementSync.prototype.all = all)
      }
    }),
    ({ end }) => Effect.sync(end)
  )
