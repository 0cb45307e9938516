/**
 * Delivery statuses of messages that we sent.
 *
 * Each carrier has its own status names. They are mapped to one set here, and
 * the carrier's name is kept beside it. An unrecognized name maps to `unknown`,
 * so that a new one never breaks a webhook.
 *
 * **Example** (Combining the statuses of parts)
 *
 * ```ts run
 * import { DeliveryStatus } from "effect-sms"
 *
 * DeliveryStatus.isTerminal("sent") // => false
 * DeliveryStatus.isTerminal("delivered") // => true
 * DeliveryStatus.isFailure("expired") // => true
 * DeliveryStatus.combine(["delivered", "sent"]) // => "sent"
 * DeliveryStatus.combine(["delivered", "failed"]) // => "failed"
 * DeliveryStatus.order.at(-1) // => "read"
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Cost } from "./Cost.ts"
import { terminal } from "./internal/terminal.ts"
import { Payload } from "./Payload.ts"
import { SendReference } from "./SendReference.ts"

/**
 * A normalized delivery status.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = typeof Status.Type

/**
 * Schema of {@link Status}.
 *
 * - `accepted`, `scheduled`, `queued`, `sending`: the carrier has the message
 *   and has not sent it yet
 * - `sent`: handed to the next network. The last status where no delivery
 *   report follows
 * - `delivered`, `read`: the message arrived; the recipient opened it
 * - `undelivered`: the network or the handset rejected the message
 * - `failed`: the message never left the carrier
 * - `expired`, `canceled`: the validity period ended; the message was canceled
 * - `unconfirmed`: terminal, without confirmation of whether the message
 *   arrived: the carrier does not know it, or reported nothing for too long. A
 *   later report of another terminal status replaces it
 * - `unknown`: a status name that this library does not recognize
 *
 * @category schemas
 * @since 0.1.0
 */
export const Status = Schema.Literals([
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "delivered",
  "read",
  "undelivered",
  "failed",
  "expired",
  "canceled",
  "unconfirmed",
  "unknown"
])

/**
 * Schema of the terminal statuses.
 *
 * **Example** (Telling terminal statuses)
 *
 * ```ts run
 * import { Schema } from "effect"
 * import { DeliveryStatus } from "effect-sms"
 *
 * Schema.is(DeliveryStatus.Terminal)("delivered") // => true
 * Schema.is(DeliveryStatus.Terminal)("sent") // => false
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const Terminal = Status.pick([...terminal])

const terminals: ReadonlySet<Status> = new Set(terminal)

/** The order in which a failure decides, when several parts of a message failed. */
const failures: ReadonlyArray<Status> = ["failed", "undelivered", "expired", "canceled"]

/**
 * The statuses in the order in which a message passes them. Every status has a
 * place of its own, including `accepted`, `scheduled` and the terminal ones: with
 * equal places, the order in which reports arrive would decide.
 *
 * @category models
 * @since 0.1.0
 */
export const order: ReadonlyArray<Status> = [
  "unknown",
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "unconfirmed",
  "canceled",
  "expired",
  "failed",
  "undelivered",
  "delivered",
  "read"
]

/**
 * Returns whether the status is terminal. Only `read` can follow `delivered`,
 * and any other terminal status `unconfirmed`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTerminal = (status: Status): boolean => terminals.has(status)

/**
 * Returns whether the message is known not to have arrived.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFailure = (status: Status): boolean => failures.includes(status)

/**
 * Combines the statuses of the parts of one message. A message of which a part
 * failed has failed, as its text is not whole. Otherwise, it is as far as the
 * part that is least far: delivered when all parts are.
 *
 * @category combinators
 * @since 0.1.0
 */
export const combine = (statuses: readonly [Status, ...Array<Status>]): Status =>
  [...failures, ...order].find((status) => statuses.includes(status))!

/**
 * A status change of one message to one recipient, as reported by the carrier.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryStatus extends Schema.TaggedClass<DeliveryStatus>()("DeliveryStatus", {
  /** The provider's name in the registry. */
  provider: Schema.NonEmptyString,
  /** The carrier's id of the message. For Sinch, the id of the batch. */
  messageId: Schema.NonEmptyString,
  status: Status,
  /** The carrier's own status name, as sent. */
  carrierStatus: Schema.String,
  /** The recipient. Absent in a Sinch report that only contains counts. */
  recipient: Schema.optionalKey(Address),
  sender: Schema.optionalKey(Address),
  /** The carrier's error code as text, if any. */
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's own description of the error. */
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  /** When the status changed or was reported. Absent for Twilio, which sends no timestamp. */
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** Identical for every webhook delivery of this status of this message. */
  idempotencyKey: Schema.NonEmptyString,
  /** The number of recipients in this status, for a Sinch report that only contains counts. */
  count: Schema.optionalKey(Schema.Int),
  /** The reference that the message was sent with. */
  reference: Schema.optionalKey(Schema.NonEmptyString),
  /** The send that the report belongs to, if its reference travelled with the message. */
  intent: Schema.optionalKey(SendReference),
  /** The number of segments, as counted by the carrier. */
  segments: Schema.optionalKey(Schema.Int),
  /** The carrier's charge for the message. */
  cost: Schema.optionalKey(Cost),
  /** When the carrier sent the message, which may be before the reported status. */
  sentAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /**
   * Additional fields under the carrier's own names: operator, encoding, times,
   * … Also contains the carrier's form of the typed fields above.
   * `docs/payload-fields.md` lists them. Absent if there are none.
   */
  metadata: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /** The payload as received: the JSON value, or the form with repeated fields as arrays. */
  raw: Payload
}) {
  /**
   * Whether the status is terminal. Only `read` can follow `delivered`, and any
   * other terminal status `unconfirmed`.
   *
   * @since 0.1.0
   */
  get isTerminal(): boolean {
    return isTerminal(this.status)
  }

  /**
   * Whether the message is known not to have arrived.
   *
   * @since 0.1.0
   */
  get isFailure(): boolean {
    return isFailure(this.status)
  }
}
