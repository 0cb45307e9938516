/**
 * The error of an entry that cannot be processed yet.
 */
import * as Schema from "effect/Schema"

/**
 * Leaves an entry, and what follows in its lane, for later. Nothing was tried,
 * so this counts as no attempt, and is not logged.
 */
export class Postponed extends Schema.TaggedError<Postponed>()("Postponed", {
  delay: Schema.DurationFromMillis
}) {
  override get message(): string {
    return "The entry is processed later"
  }
}
