/**
 * Why a message was not sent, or may not have been.
 *
 * A send has three outcomes. A receipt: the carrier has the message. A
 * refusal: it is proven that the message did not go out, and the reason says
 * why. {@link OutcomeUnknown}: the request was written and nobody can tell
 * what became of it. No carrier here takes an idempotency key for messages, so
 * an unknown outcome is never retried and never failed over: that is how
 * people get a text twice.
 *
 * Every reason carries what the carrier said. An error never holds a secret, a
 * phone number or the text of a message: carriers like to repeat them, so they
 * are masked in `detail`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { SendReceipt } from "./Message.ts"

/** What the carrier said. */
const answer = {
  /** The carrier's error code, as text. */
  code: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's own words, numbers and texts masked. */
  detail: Schema.optionalKey(Schema.NonEmptyString),
  /** The HTTP status of the carrier's answer. */
  status: Schema.optionalKey(Schema.Int)
}

const because = (sentence: string, { code, status }: { readonly code?: string; readonly status?: number }): string => {
  const facts = [code === undefined ? [] : [`code ${code}`], status === undefined ? [] : [`HTTP ${status}`]].flat()
  return facts.length === 0 ? sentence : `${sentence} (${facts.join(", ")})`
}

/**
 * The message cannot be sent by anybody as it is: nothing in it, no valid
 * text, no valid URL. Or the carrier found the request malformed.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidMessage extends Schema.TaggedError<InvalidMessage>()("InvalidMessage", {
  ...answer,
  /** The field that is wrong, for example `content`, where it is known. */
  field: Schema.optionalKey(Schema.NonEmptyString),
  /** What was expected there. */
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
 * The message is over what this provider can do, and another one may do it: too
 * long, too many files, a kind of sender or an option that the carrier lacks,
 * no sender where the provider has no default.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", {
  ...answer,
  /** The field that asks for too much, for example `content.media`. */
  field: Schema.NonEmptyString,
  /** What the provider takes there, for example `at most 10 files`. */
  expected: Schema.NonEmptyString
}) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because(`${this.field}: expected ${this.expected}`, this)
  }
}

/**
 * Nobody can be reached at this recipient: no such number, a landline, or no
 * number at all.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRecipient extends Schema.TaggedError<InvalidRecipient>()("InvalidRecipient", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The recipient cannot receive messages", this)
  }
}

/**
 * The account may not send from this sender, or not this kind of message.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSender extends Schema.TaggedError<InvalidSender>()("InvalidSender", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The sender cannot be used", this)
  }
}

/**
 * The recipient asked for no more messages. Never to be worked around with
 * another carrier.
 *
 * @category errors
 * @since 0.1.0
 */
export class OptedOut extends Schema.TaggedError<OptedOut>()("OptedOut", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The recipient has opted out", this)
  }
}

/**
 * The carrier does not want to transport this content: spam, a filter, a file
 * that it cannot take.
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
 * The same message is with the carrier already.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateMessage extends Schema.TaggedError<DuplicateMessage>()("DuplicateMessage", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The carrier has the same message already", this)
  }
}

/**
 * The sender is not registered for this traffic: 10DLC, toll-free, an
 * alphanumeric sender.
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
 * The carrier has no way to this recipient, or the network there does not take
 * the message.
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
 * The credentials are wrong, or they are those of another account or region.
 *
 * @category errors
 * @since 0.1.0
 */
export class Authentication extends Schema.TaggedError<Authentication>()("Authentication", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The carrier does not accept the credentials", this)
  }
}

/**
 * The account is closed, blocked, out of money or over its spending limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountSuspended extends Schema.TaggedError<AccountSuspended>()("AccountSuspended", answer) {
  readonly isRetryable = false
  readonly canFailOver = true
  override get message(): string {
    return because("The account cannot send at present", this)
  }
}

/**
 * The account is not set up for this: a country that is not enabled, a feature
 * that is not bought, a profile that is off. Or the provider is not configured
 * to send at all.
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
 * Too many messages at a time. This one was not taken.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...answer,
  /** How long to wait, where the carrier or the limit says it. */
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  readonly isRetryable = true
  readonly canFailOver = true
  override get message(): string {
    return because("Too many messages at a time", this)
  }
}

/**
 * The carrier could not be reached: the request was never written.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProviderUnavailable extends Schema.TaggedError<ProviderUnavailable>()("ProviderUnavailable", {
  ...answer,
  /** How long to wait, where it is known. */
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  readonly isRetryable = true
  readonly canFailOver = true
  override get message(): string {
    return because("The carrier could not be reached", this)
  }
}

/**
 * The carrier refused the request in words that this library does not know.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", answer) {
  readonly isRetryable = false
  readonly canFailOver = false
  override get message(): string {
    return because("The carrier refused the message for an unknown reason", this)
  }
}

/**
 * The request was written, and what became of the message is not known. It may
 * have gone out.
 *
 * - `Timeout`: the answer did not come in time
 * - `ConnectionLost`: the connection broke before the answer was whole
 * - `ServerError`: the carrier failed while it had the request
 * - `UnreadableAnswer`: the carrier said yes in a form that names no message
 * - `Defect`: the provider's code broke while it sent
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
    return because(`The message may have gone out or not: ${this.because}`, this)
  }
}

/**
 * Any reason.
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
 * The reasons that a carrier's error code can stand for. `OutcomeUnknown` is
 * none of them: it is told by how a request ends, not by what is said.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal = Exclude<SmsErrorReason["_tag"], "NotSupported" | "OutcomeUnknown">

/**
 * A message that was not accepted, or not as a whole.
 *
 * @category errors
 * @since 0.1.0
 */
export class SmsError extends Schema.TaggedError<SmsError>()("SmsError", {
  provider: Schema.String,
  reason: SmsErrorReason,
  /** Which part it was, from 1, where the message goes out in several. */
  part: Schema.optionalKey(Schema.Struct({ number: Schema.Int, of: Schema.Int })),
  /** The receipt of the parts before, which did go out. Those after were not tried. */
  accepted: Schema.optionalKey(SendReceipt),
  /** The refusals of the providers that were tried before, in order. */
  earlier: Schema.optionalKey(Schema.Array(Schema.Struct({ provider: Schema.String, reason: SmsErrorReason })))
}) {
  override readonly cause = this.reason
  override get message(): string {
    const part = this.part === undefined ? "" : ` (part ${this.part.number} of ${this.part.of})`
    return `${this.provider}: ${this.reason.message}${part}`
  }

  /**
   * Whether the same send may succeed later, and cannot make a second message
   * of one: nothing of it went out.
   *
   * @since 0.1.0
   */
  get isRetryable(): boolean {
    return this.reason.isRetryable && this.accepted === undefined
  }

  /**
   * Whether another provider may be asked: nothing of the message went out, and
   * the reason is this provider's.
   *
   * @since 0.1.0
   */
  get canFailOver(): boolean {
    return this.reason.canFailOver && this.accepted === undefined
  }
}
