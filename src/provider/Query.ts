/**
 * The contract of asking a carrier about messages that were sent: whether it
 * has a message whose response was lost, and which status a message has. And of
 * asking where it posts received messages.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type { Address } from "../Address.ts"
import type { Status } from "../DeliveryStatus.ts"
import type { OutboundMessage } from "../Message.ts"
import type { SendReference } from "../SendReference.ts"

/**
 * A send whose response was lost.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lookup {
  /** The id under which it was sent. */
  readonly intentId: string
  readonly message: OutboundMessage
  /** The earliest time of the request. */
  readonly since: DateTime.Utc
  /** The latest time of the request. */
  readonly until: DateTime.Utc
  /** How long the request for one part may take. 30 seconds by default. */
  readonly timeout?: Duration.Duration | undefined
}

/**
 * A message of a carrier that is a part of a send.
 *
 * @category models
 * @since 0.1.0
 */
export interface Match {
  /** The number of the part, the first of which is 1. */
  readonly part: number
  /** The number of parts. */
  readonly of: number
  readonly messageId: string
  readonly sender?: Address | undefined
  /**
   * What matches. `reference`: the id of the send, which proves it. `content`:
   * recipient, text and files, and the carrier got it while the request was made.
   * `similar`: the same content, within 5 minutes of the request.
   */
  readonly by: "reference" | "content" | "similar"
}

/**
 * A message in a carrier's answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidate {
  readonly messageId: string
  /** The reference that travelled with the message. */
  readonly reference?: SendReference | undefined
  readonly sender?: Address | undefined
  readonly text: string
  readonly files: number
  readonly createdAt?: DateTime.Utc | undefined
}

/**
 * The message whose status is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusKey {
  readonly messageId: string
  readonly recipient?: string | undefined
}

/**
 * Where a carrier posts received messages, or why it does not tell.
 *
 * @category models
 * @since 0.1.0
 */
export type Callback =
  | {
    /** What receives messages, such as `the messaging profile`. */
    readonly of: string
    /** The URL, which may have a secret in it. `undefined` when none is set. */
    readonly url: string | undefined
  }
  | {
    readonly of: string
    /** Why the URL is not known, such as `none is configured`. */
    readonly unknown: string
  }

/**
 * Times since a status was reached, in ascending order, by status.
 *
 * @category models
 * @since 0.1.0
 */
export type StatusWaits = Readonly<Partial<Record<Status, ReadonlyArray<Duration.Input>>>>

const beforeSent = ["15 minutes", "1 hour", "6 hours", "1 day", "3 days"] as const

/**
 * When a carrier is asked that has no times of its own.
 *
 * @category defaults
 * @since 0.1.0
 */
export const defaultStatusWaits: StatusWaits = {
  unknown: beforeSent,
  accepted: beforeSent,
  queued: beforeSent,
  sending: beforeSent,
  scheduled: ["1 day", "7 days", "36 days"],
  sent: ["1 hour", "6 hours", "1 day", "3 days"]
}
