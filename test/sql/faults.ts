/** Faults of an SQLite database: at a statement, also `BEGIN` and `COMMIT`, for one or for many. */
import { Effect } from "effect"
import { StatementSync } from "node:sqlite"

export interface Fault {
  /** The statement at which it begins, the first of which is number 1. */
  readonly at: number
  /** How many statements fail. */
  readonly count: number
  /** Whether a statement is executed and fails nevertheless, as when the answer of a database is lost. Begins fail. */
  readonly executed: boolean
}

/** A process that is killed executes nothing from then on. */
export const killed = (at: number): Fault => ({ at, count: Infinity, executed: false })

/** `SQLITE_IOERR`, with what a message of the database might quote. */
const failure = () => Object.assign(new Error("disk I/O error near '+15145550142'"), { errcode: 10 })

/** Puts faults into every database of this process until the scope closes. */
export const inject = (faults: ReadonlyArray<Fault>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { all } = StatementSync.prototype
      let statements = 0
      StatementSync.prototype.all = function(this: StatementSync, ...params: Parameters<typeof all>) {
        statements++
        const fault = faults.find(({ at, count }) => statements >= at && statements < at + count)
        if (fault === undefined) return all.apply(this, params)
        if (fault.executed && !/^(BEGIN|SAVEPOINT|RELEASE|ROLLBACK)/.test(this.sourceSQL)) all.apply(this, params)
        throw failure()
      } as typeof all
      return { count: () => statements, end: () => void (StatementSync.prototype.all = all) }
    }),
    ({ end }) => Effect.sync(end)
  )
