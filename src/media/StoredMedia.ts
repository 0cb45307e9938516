/**
 * A file in a media store.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * A file in the store.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredMedia {
  /** Made from the bytes, so that the same bytes are stored once, and not to be guessed from them. */
  readonly id: string
  /** Where it can be fetched. It may expire: see the layer of the store. */
  readonly url: string
  readonly contentType: string
  /** In bytes. */
  readonly size: number
  /** When it was stored, or stored again. Its age counts from then. */
  readonly storedAt: DateTime.Utc
}

/**
 * A part of a file: from `start`, to `end` inclusive or to the last byte.
 *
 * @category models
 * @since 0.1.0
 */
export interface Range {
  readonly start: number
  readonly end?: number | undefined
}

/**
 * How long a store keeps its files.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgeOptions {
  /** When a file is not served any more, counted from the last time that it was stored. 30 days by default. */
  readonly maxAge?: Duration.Input | undefined
  /** How often old files are removed. An hour by default, and with `Infinity` only when `cleanUp` is run. */
  readonly cleanUpInterval?: Duration.Input | undefined
}
