/**
 * Files in a media store.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * A file in a media store.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredMedia {
  /** Derived from the bytes and a secret: the same bytes are stored once, and the id cannot be guessed from them. */
  readonly id: string
  /** The URL of the file. It may expire: see the layer of the store. */
  readonly url: string
  readonly contentType: string
  /** The size in bytes. */
  readonly size: number
  /** When the file was last stored. Its age counts from then. */
  readonly storedAt: DateTime.Utc
}

/**
 * A part of a file, from `start` to `end` inclusive, or to the last byte.
 *
 * @category models
 * @since 0.1.0
 */
export interface Range {
  readonly start: number
  readonly end?: number | undefined
}

/**
 * Options that determine how long a store keeps files.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgeOptions {
  /** The age at which a file expires, counted from when it was last stored. 30 days by default. */
  readonly maxAge?: Duration.Input | undefined
  /**
   * The interval between removals of expired files. An hour by default. With
   * `Infinity`, only `cleanUp` removes files.
   */
  readonly cleanUpInterval?: Duration.Input | undefined
}
