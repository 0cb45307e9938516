/**
 * A failure of the database without its own words: they may quote a row, and
 * in the rows are the numbers of people and what they wrote.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SqlError } from "effect/sql/SqlError"

export class DatabaseFailure extends Schema.TaggedError<DatabaseFailure>()("DatabaseFailure", {
  /** The kind of failure, as in `SqlErrorReason`. */
  reason: Schema.String,
  /** The code of the database (a SQLSTATE, a result code of SQLite) or of the connection. */
  code: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.code === undefined ? this.reason : `${this.reason}, ${this.code}`
  }
}

const codeOf = (cause: unknown): { readonly code?: string } => {
  for (let error = cause; typeof error === "object" && error !== null;) {
    const code = "errcode" in error ? error.errcode : "code" in error ? error.code : undefined
    if (typeof code === "string" || typeof code === "number") return { code: String(code) }
    error = "cause" in error ? error.cause : undefined
  }
  return {}
}

export const failureOf = ({ reason }: SqlError): DatabaseFailure =>
  new DatabaseFailure({ reason: reason._tag, ...codeOf(reason.cause) })

/** Nor is it in a trace: the span of a statement ends with the error of the statement. */
export const discreet = <A, E, R>(
  effect: Effect.Effect<A, E | SqlError, R>
): Effect.Effect<A, Exclude<E, SqlError> | DatabaseFailure, R> =>
  effect.pipe(
    Effect.withTracerEnabled(false),
    Effect.mapError((error) => error instanceof SqlError ? failureOf(error) : error as Exclude<E, SqlError>)
  )
