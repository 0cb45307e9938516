/**
 * The errors of every store: rooms, inbox, intents.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A store could not be read or written. The cause names the kind of failure and
 * the database's code, never a row: rows hold phone numbers and texts.
 *
 * @category errors
 * @since 0.1.0
 */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  /** What failed, for example `rooms`. */
  store: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `The store of ${this.store} failed`
  }
}

/**
 * A row does not decode: another version of the library may have written it.
 * It is the cause of a `StorageError`, and does not repeat the row's content.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnreadableRow extends Schema.TaggedError<UnreadableRow>()("UnreadableRow", {
  table: Schema.String
}) {
  override get message(): string {
    return `A row of ${this.table} does not decode; another version of the library may have written it`
  }
}
