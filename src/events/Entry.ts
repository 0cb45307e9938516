/**
 * Entries of the event log, and how they are read.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import type { StorageError } from "../StorageError.ts"
import { Event, Kind } from "./Event.ts"

/**
 * An entry of the log.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/events/Entry")({
  position: Schema.Int.annotate({ description: "Increases from entry to entry, not always by one" }),
  id: Schema.NonEmptyString.annotate({ description: "The id of the event, a ULID" }),
  time: Schema.DateTimeUtcFromString,
  kind: Kind,
  roomId: Schema.optionalKey(Schema.NonEmptyString),
  address: Schema.optionalKey(Address.annotate({ description: "The person" })),
  provider: Schema.optionalKey(Schema.NonEmptyString),
  event: Event
}) {}

/**
 * Restricts entries. An absent field matches everything.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly roomId?: string | undefined
  readonly kinds?: ReadonlyArray<Kind> | undefined
  /** The person's number, in any form. */
  readonly number?: Address | undefined
  /** Only entries from this time on. */
  readonly since?: DateTime.Utc | undefined
  /** Only entries before this time. */
  readonly until?: DateTime.Utc | undefined
}

/**
 * A page of the log.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly entries: ReadonlyArray<Entry>
  /** The position up to which the log was searched. The next page begins after it. */
  readonly position: number
}

/**
 * Options of following the log.
 *
 * @category models
 * @since 0.1.0
 */
export interface FollowOptions {
  readonly after?: number | undefined
  readonly filter?: Filter | undefined
  /** After how long without entries a page is empty. Never by default. */
  readonly heartbeat?: Duration.Input | undefined
}

/**
 * How the log is read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reader {
  /**
   * Reads entries after a position, oldest first. From position 0, begins with
   * the oldest entry that is kept. An entry is never added before one that was
   * read.
   */
  readonly read: (options: {
    readonly after: number
    readonly limit: number
    readonly filter?: Filter | undefined
  }) => Effect.Effect<Page, StorageError>
  /** The position of the latest entry. */
  readonly head: Effect.Effect<number, StorageError>
}
