/**
 * Entries of the consent ledger, which the event log knows too.
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"

/**
 * What an entry says.
 *
 * - `stop`: no more messages
 * - `start`: messages are welcome again
 * - `help`: the person asked for help
 * - `suggestion`: the person seems to want no more messages, and nothing
 *   follows from it
 * - `answer`: the one message that answers another entry went out, or was about
 *   to
 *
 * @category models
 * @since 0.1.0
 */
export type Action = typeof Action.Type

/**
 * Schema of {@link Action}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Action = Schema.Literals(["stop", "start", "help", "suggestion", "answer"])

/**
 * The source of an entry.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = typeof Source.Type

/**
 * Schema of {@link Source}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Source = Schema.Literals([
  "keyword",
  "carrier flag",
  "free text",
  "carrier refusal",
  "api",
  "import",
  "server"
])

const fields = {
  action: Action,
  source: Source,
  /** Our number or sender id that it concerns. Absent when it concerns all of them. */
  sender: Schema.optionalKey(Address),
  /** The provider that it concerns. Absent when it concerns all of them. */
  provider: Schema.optionalKey(Schema.NonEmptyString),
  /**
   * The words that were said, the carrier's error code, or the remark of an
   * operator: at most 160 characters, without long numbers.
   */
  words: Schema.optionalKey(Schema.String),
  /** When it was said, as far as that is known. */
  saidAt: Schema.DateTimeUtcFromString,
  /** The entry that an `answer` answers. */
  answers: Schema.optionalKey(Schema.NonEmptyString),
  /** The send of an `answer`. */
  intentId: Schema.optionalKey(Schema.NonEmptyString)
}

/**
 * An entry of the ledger.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/consent/Entry")({
  id: Schema.NonEmptyString,
  /** Greater than that of every earlier entry. */
  position: Schema.Finite,
  /** The person's address. Absent once the person is forgotten. */
  person: Schema.optionalKey(Address),
  ...fields,
  recordedAt: Schema.DateTimeUtcFromString
}) {}
