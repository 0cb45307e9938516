/**
 * A database error without the database's own message, which may quote rows
 * that contain phone numbers and message text.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SqlError } from "effect/sql/SqlError"

export class DatabaseFailure extends Schema.TaggedError<DatabaseFailure>()("DatabaseFailure", {
  /** The kind of failure, as in `SqlErrorReason`. */
  reason: Schema.String,
  /** The error code of the database (a SQLSTATE or an SQLite result code) or of the connection. */
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

/** Replaces database errors, and keeps them out of traces, where the span of a statement would record them. */
export const discreet = <A, E, R>(
  effect: Effect.Effect<A, E | SqlError, R>
): Effect.Effect<A, Exclude<E, SqlError> | DatabaseFailure, R> =>
  effect.pipe(
    Effect.withTracerEnabled(false),
    Effect.mapError((error) => error instanceof SqlError ? failureOf(error) : error as Exclude<E, SqlError>)
  )
