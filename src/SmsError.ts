/**
 * Errors of a send: why a message was not sent, or may not have been.
 *
 * A send has three outcomes. With a receipt, the carrier accepted the message.
 * With a refusal, the message provably did not go out, and the reason says why.
 * With {@link OutcomeUnknown}, the request was written but its result is
 * unknown. No carrier here accepts an idempotency key for messages, so a send
 * with an unknown outcome is never retried and never failed over: either could
 * deliver the message twice.
 *
 * Every reason carries the carrier's error code and description. Errors never
 * contain a secret, a phone number or the text of a message; carriers often
 * echo those, so they are masked in `detail`.
 *
 * **Example** (Handling one reason)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { SmsError } from "effect-sms"
 *
 * const send = Effect.fail(new SmsError.SmsError({ provider: "mock", reason: new SmsError.RateLimited({}) }))
 * const handled = send.pipe(
 *   Effect.catchReason("SmsError", "OptedOut", () => Effect.succeed("opted out")),
 *   Effect.catchTag("SmsError", ({ isRetryable }) => Effect.succeed(isRetryable ? "later" : "never"))
 * )
 *
 * Effect.runSync(handled) // => "later"
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { SendReceipt } from "./Message.ts"

/** Fields that describe the carrier's response. */
const answer = {
  /** The carrier's error code, as text. */
  code: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's description of the error, with phone numbers and message text masked. */
  detail: Schema.optionalKey(Schema.NonEmptyString),
  /** The HTTP status of the carrier's response. */
  status: Schema.optionalKey(Schema.Int)
}

const because = (sentence: string, { code, status }: { readonly code?: string; readonly status?: number }): string => {
  const facts = [code === undefined ? [] : [`code ${code}`], status === undefined ? [] : [`HTTP ${status}`]].flat()
  return facts.length === 0 ? sentence : `${sentence} (${facts.join(", ")})`
}

/**
 * The message is invalid for every carrier: it has no content, no valid text or
 * no valid URL. Also used when the carrier reports a malformed request.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidMessage extends Schema.TaggedError<InvalidMessage>()("InvalidMessage", {
  ...answer,
  /** The invalid field, for example `content`, where it is known. */
  field: Schema.optionalKey(Schema.NonEmptyString),
  /** The constraint that the field violates. */
  expected: Schema.optionalKey(Schema.NonEmptyString)
}) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    const { expected, field = "message" } = this
    return because(expected === undefined ? "The message is not valid" : `${field}: expected ${expected}`, this)
  }
}

/**
 * The message exceeds the capabilities of this provider, though another
 * provider may support it: it is too long, has too many files, uses a kind of
 * sender or an option that the carrier lacks, or names no sender where the
 * provider has no default.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", {
  ...answer,
  /** The field that exceeds the provider's capabilities, for example `content.media`. */
  field: Schema.NonEmptyString,
  /** The provider's limit for that field, for example `at most 10 files`. */
  expected: Schema.NonEmptyString
}) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because(`${this.field}: expected ${this.expected}`, this)
  }
}

/** A field of the message that was refused before any request. */
const misfit = {
  /** The invalid field, where no carrier was asked. */
  field: Schema.optionalKey(Schema.NonEmptyString),
  /** The form that the field must have. */
  expected: Schema.optionalKey(Schema.NonEmptyString)
}

interface Misfit {
  readonly code?: string
  readonly status?: number
  readonly field?: string
  readonly expected?: string
}

const misfitOr = (sentence: string, reason: Misfit): string =>
  because(reason.expected === undefined ? sentence : `${reason.field}: expected ${reason.expected}`, reason)

/**
 * The recipient cannot receive messages: the number does not exist or is a
 * landline. Also used for a recipient that is not written as an address, with
 * the field and the form that is expected.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRecipient extends Schema.TaggedError<InvalidRecipient>()("InvalidRecipient", {
  ...answer,
  ...misfit
}) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return misfitOr("The recipient cannot receive messages", this)
  }
}

/**
 * The account may not use this sender, or not for this kind of message. Also
 * used for a sender that cannot reach the recipient, such as a phone number for
 * a WhatsApp address, before any request.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSender extends Schema.TaggedError<InvalidSender>()("InvalidSender", { ...answer, ...misfit }) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return misfitOr("The sender cannot be used", this)
  }
}

/**
 * The recipient has opted out of messages from this sender. Never work around
 * it by sending through another carrier.
 *
 * @category errors
 * @since 0.1.0
 */
export class OptedOut extends Schema.TaggedError<OptedOut>()("OptedOut", {
  ...answer,
  /** The entry of the consent ledger that opts the recipient out. Absent when the carrier refused. */
  entry: Schema.optionalKey(Schema.Struct({
    id: Schema.NonEmptyString,
    /** How it became known: `keyword`, `carrier flag`, … */
    source: Schema.NonEmptyString,
    saidAt: Schema.DateTimeUtcFromString
  }))
}) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    const { entry } = this
    return because(
      entry === undefined
        ? "The recipient has opted out"
        : `The recipient has opted out (${entry.source}, ${DateTime.formatIso(entry.saidAt)}, entry ${entry.id})`,
      this
    )
  }
}

/**
 * A guard of this library refused the message, before any request: quiet hours,
 * or a limit of frequency and cost. Never work around it by sending through
 * another carrier.
 *
 * @category errors
 * @since 0.1.0
 */
export class GuardRefused extends Schema.TaggedError<GuardRefused>()("GuardRefused", {
  ...answer,
  /** The guard. */
  guard: Schema.Literals(["quietHours", "frequency", "budget", "country", "velocity", "replies"]),
  /** The rule that refused, without anything about the recipient but the country. */
  rule: Schema.NonEmptyString,
  /** How long to wait until the rule may let the message pass. Absent where the refusal is final. */
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  readonly canFailOver = false
  /** Whether the message can be sent later. */
  get isRetryable(): boolean {
    return this.retryAfter !== undefined
  }
  override get message(): string {
    return because(`Refused by ${this.guard}: ${this.rule}`, this)
  }
}

/**
 * The carrier rejected the content: it looks like spam, matches a filter or
 * includes a file that the carrier does not support.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContentRejected extends Schema.TaggedError<ContentRejected>()("ContentRejected", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The content was rejected", this)
  }
}

/**
 * The carrier already has an identical message.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateMessage extends Schema.TaggedError<DuplicateMessage>()("DuplicateMessage", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The carrier already has an identical message", this)
  }
}

/**
 * The sender is not registered for this traffic (10DLC, toll-free or
 * alphanumeric sender registration).
 *
 * @category errors
 * @since 0.1.0
 */
export class UnregisteredSender extends Schema.TaggedError<UnregisteredSender>()("UnregisteredSender", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The sender is not registered for this traffic", this)
  }
}

/**
 * The carrier has no route to this recipient, or the destination network
 * refuses the message.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The recipient cannot be reached through this carrier", this)
  }
}

/**
 * The credentials are wrong, or belong to another account or region.
 *
 * @category errors
 * @since 0.1.0
 */
export class Authentication extends Schema.TaggedError<Authentication>()("Authentication", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The carrier rejected the credentials", this)
  }
}

/**
 * The account is closed, blocked, out of funds or over its spending limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountSuspended extends Schema.TaggedError<AccountSuspended>()("AccountSuspended", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The account is suspended or out of funds", this)
  }
}

/**
 * The account is not set up for this message: the destination country is not
 * enabled, a feature is not purchased or a profile is disabled. Also used when
 * the provider is not configured for sending at all.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotEnabled extends Schema.TaggedError<NotEnabled>()("NotEnabled", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The provider is not set up for this message", this)
  }
}

/**
 * The rate limit was exceeded. The carrier did not accept the message.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...answer,
  /** How long to wait before a retry, where the carrier or the rate limiter provides it. */
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  readonly isRetryable = true
  readonly canFailOver = true
  override get message(): string {
    return because("Rate limited", this)
  }
}

/**
 * The carrier could not be reached; the request was never written.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProviderUnavailable extends Schema.TaggedError<ProviderUnavailable>()("ProviderUnavailable", {
  ...answer,
  /** How long to wait before a retry, where it is known. */
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  readonly isRetryable = true
  readonly canFailOver = true
  override get message(): string {
    return because("The carrier could not be reached", this)
  }
}

/**
 * The carrier refused the message with an error that this library does not
 * recognize.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The carrier refused the message with an unrecognized error", this)
  }
}

/**
 * The request was written but its outcome is unknown; the message may have been
 * sent.
 *
 * - `Timeout`: no response arrived before the timeout
 * - `ConnectionLost`: the connection closed before the response was complete
 * - `ServerError`: the carrier failed while it processed the request
 * - `UnreadableAnswer`: the carrier reported success, but the response contains
 *   no message id
 * - `Defect`: the provider's code failed unexpectedly during the send
 *
 * @category errors
 * @since 0.1.0
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {
  ...answer,
  because: Schema.Literals(["Timeout", "ConnectionLost", "ServerError", "UnreadableAnswer", "Defect"])
}) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because(`The outcome is unknown and the message may have been sent: ${this.because}`, this)
  }
}

/**
 * The reason of an {@link SmsError}.
 *
 * @category errors
 * @since 0.1.0
 */
export type SmsErrorReason = typeof SmsErrorReason.Type

/**
 * Schema of {@link SmsErrorReason}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SmsErrorReason = Schema.Union([
  InvalidMessage,
  NotSupported,
  InvalidRecipient,
  InvalidSender,
  OptedOut,
  GuardRefused,
  ContentRejected,
  DuplicateMessage,
  UnregisteredSender,
  Unreachable,
  Authentication,
  AccountSuspended,
  NotEnabled,
  RateLimited,
  ProviderUnavailable,
  UnexpectedResponse,
  OutcomeUnknown
])

/**
 * The reasons that a carrier's error code can map to. `OutcomeUnknown` is not
 * among them: it follows from how the request ended, not from the response. Nor
 * is `GuardRefused`, which no carrier reports.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal = Exclude<SmsErrorReason["_tag"], "NotSupported" | "OutcomeUnknown" | "GuardRefused">

/**
 * A message that was not accepted, or only in part.
 *
 * @category errors
 * @since 0.1.0
 */
export class SmsError extends Schema.TaggedError<SmsError>()("SmsError", {
  provider: Schema.String,
  reason: SmsErrorReason,
  /** The failed part, counted from 1, when the message goes out in several parts. */
  part: Schema.optionalKey(Schema.Struct({ number: Schema.Int, of: Schema.Int })),
  /** The receipt of the earlier parts, which were sent. The later parts were not tried. */
  accepted: Schema.optionalKey(SendReceipt),
  /** The refusals of the providers that were tried earlier, in order. */
  earlier: Schema.optionalKey(Schema.Array(Schema.Struct({ provider: Schema.String, reason: SmsErrorReason })))
}) {
  override readonly cause = this.reason
  override get message(): string {
    const part = this.part === undefined ? "" : ` (part ${this.part.number} of ${this.part.of})`
    return `${this.provider}: ${this.reason.message}${part}`
  }

  /**
   * Whether the same send may succeed later without the risk of a duplicate:
   * nothing was sent.
   *
   * @since 0.1.0
   */
  get isRetryable(): boolean {
    return this.reason.isRetryable && this.accepted === undefined
  }

  /**
   * Whether another provider may be tried: nothing was sent, and the cause is
   * specific to this provider.
   *
   * @since 0.1.0
   */
  get canFailOver(): boolean {
    return this.reason.canFailOver && this.accepted === undefined
  }
}
