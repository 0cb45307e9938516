/**
 * The error of every store: rooms, inbox, intents.
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
