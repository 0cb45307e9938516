/**
 * Why a database cannot be used, in one line for the operator. It contains the
 * kind of the failure and its code, never the message of a driver, which may
 * contain hosts, users and rows.
 */
import type { DatabaseFailure } from "../../sql/internal/failure.ts"

/** The database of the configuration, as far as a message may name it. */
export type Database =
  | { readonly _tag: "SQLite"; readonly filename: string }
  | { readonly _tag: "Postgres" }

/** SQLite result codes and system errors, by the problem that they mean. */
const sqliteProblems: ReadonlyArray<readonly [codes: ReadonlyArray<string>, problem: string]> = [
  [["ENOENT"], "is in a directory that does not exist"],
  [["EISDIR"], "is a directory"],
  [["EACCES", "EPERM"], "may not be read and written, or created, by this user"],
  [["EROFS"], "is on a file system that is read-only"],
  [["ENOSPC", "13"], "is on a disk that is full"],
  // https://sqlite.org/rescode.html
  [["5", "6"], "is locked by another process"],
  [["8"], "may not be written to"],
  [["10"], "cannot be read or written"],
  [["11", "26"], "is damaged, or is no SQLite database"],
  [["14"], "cannot be opened, or its directory may not be written to"]
]

/** SQLSTATE codes and system errors: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const postgresProblems: ReadonlyArray<readonly [codes: ReadonlyArray<string>, problem: string]> = [
  [["28P01", "28000"], "refuses the user or the password"],
  [["3D000"], "has no database of this name"],
  [["42501"], "does not let this user create tables"],
  [["25006"], "is read-only"],
  [["53300"], "has no connection left"],
  [["57P03"], "is starting or ending"]
]

/** The extended result codes of SQLite have the basic one in their last byte. */
const basicCode = (code: string): string => /^\d+$/.test(code) ? String(Number(code) & 0xff) : code

const find = (problems: typeof sqliteProblems, code: string) => problems.find(([codes]) => codes.includes(code))?.[1]

/** Returns what is wrong with the database. */
export const problemOf = (database: Database, failure: DatabaseFailure | undefined): string => {
  const code = failure?.code ?? ""
  const details = failure === undefined ? "" : ` (${failure.message})`
  switch (database._tag) {
    case "SQLite":
      return `the SQLite file ${database.filename} ${
        find(sqliteProblems, basicCode(code)) ?? "cannot be used"
      }${details}`
    case "Postgres":
      return `the Postgres server ${
        find(postgresProblems, code) ?? (failure?.reason === "ConnectionError" ? "does not answer" : "cannot be used")
      }${details}`
  }
}
