/**
 * What became of a message that we sent, one step at a time.
 *
 * Each carrier has its own words. They are mapped to one set here, and the
 * carrier's word is kept beside it. A word that nobody has seen yet is
 * `unknown`: new words must never break a webhook.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { Cost } from "./Cost.ts"
import { Payload } from "./Payload.ts"

/**
 * One normalised step.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = typeof Status.Type

/**
 * Schema of {@link Status}.
 *
 * - `accepted`, `scheduled`, `queued`, `sending`: with the carrier, not yet out
 * - `sent`: handed to the next network. The last word where no receipt exists
 * - `delivered`, `read`: it arrived; it was opened
 * - `undelivered`: the network or the handset did not take it
 * - `failed`: it never left the carrier
 * - `expired`, `canceled`: its time ran out; it was withdrawn
 * - `unconfirmed`: final, and nobody knows whether it arrived
 * - `unknown`: a word that this library does not know
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

const terminal: ReadonlySet<Status> = new Set([
  "delivered",
  "read",
  "undelivered",
  "failed",
  "expired",
  "canceled",
  "unconfirmed"
])

const failure: ReadonlySet<Status> = new Set(["undelivered", "failed", "expired", "canceled"])

/**
 * Whether nothing but `read` can follow.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTerminal = (status: Status): boolean => terminal.has(status)

/**
 * Whether the message is known not to have arrived.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFailure = (status: Status): boolean => failure.has(status)

/**
 * One step in the life of one message to one recipient, as a carrier reported
 * it.
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
  /** The carrier's own word, as sent. */
  carrierStatus: Schema.String,
  /** To whom. Absent in a Sinch report that only counts. */
  recipient: Schema.optionalKey(Address),
  sender: Schema.optionalKey(Address),
  /** The carrier's error code, as text, when it gave one. */
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's own words about the error. */
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  /** When it happened, or was reported. Twilio does not say. */
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The same for every delivery of this step of this message. */
  idempotencyKey: Schema.NonEmptyString,
  /** For a Sinch report that only counts: how many recipients are in this state. */
  count: Schema.optionalKey(Schema.Int),
  /** The reference that the message was sent with. */
  reference: Schema.optionalKey(Schema.NonEmptyString),
  /** How many segments the carrier counts. */
  segments: Schema.optionalKey(Schema.Int),
  /** What the carrier charges for the message. */
  cost: Schema.optionalKey(Cost),
  /** When the carrier sent the message, which is before the step that is reported. */
  sentAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /**
   * What the carrier adds, under the carrier's names: operator, encoding, times,
   * … What has a field above is here too, as the carrier wrote it.
   * `docs/payload-fields.md` lists them.
   */
  metadata: Schema.Record(Schema.String, Schema.String).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed({})),
    Schema.withConstructorDefault(Effect.succeed({}))
  ),
  /** The payload as received: the JSON value, or the form with repeated fields as arrays. */
  raw: Payload
}) {
  /**
   * Whether nothing but `read` can follow.
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
