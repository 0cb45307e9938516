/**
 * Why a webhook is refused.
 *
 * One error with a reason. Each reason carries the HTTP status that answers
 * it. An error names the provider, the field and the expectation; it never
 * holds a secret, a number or a text of the customer's.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A header or query parameter that carries the signature is not there.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingSignature extends Schema.TaggedError<MissingSignature>()("MissingSignature", {
  /** What is missing, for example `header x-twilio-signature`. */
  expected: Schema.String
}) {
  readonly status = 403
  override get message(): string {
    return `Missing ${this.expected}`
  }
}

/**
 * The signature does not fit the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSignature extends Schema.TaggedError<InvalidSignature>()("InvalidSignature", {
  /** For the operator: what would have made it fit, for example `the URL with https`. Never for the caller. */
  hint: Schema.optionalKey(Schema.String)
}) {
  readonly status = 403
  override get message(): string {
    return this.hint === undefined
      ? "The signature does not match the request"
      : `The signature does not match the request; it matches ${this.hint}`
  }
}

/**
 * The signed time is outside of the accepted window, so this may be a replay.
 *
 * @category errors
 * @since 0.1.0
 */
export class StaleTimestamp extends Schema.TaggedError<StaleTimestamp>()("StaleTimestamp", {
  /** The signed time minus ours, in seconds. Positive when it lies in the future. */
  skewSeconds: Schema.Finite,
  toleranceSeconds: Schema.Finite
}) {
  readonly status = 403
  override get message(): string {
    return `The signed time is off by ${this.skewSeconds} s; ${this.toleranceSeconds} s are accepted`
  }
}

/**
 * The body cannot be read as what this provider sends.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>()("InvalidPayload", {
  issues: Schema.NonEmptyArray(Schema.Struct({
    /** The path of the field, dotted. Empty for the payload as a whole. */
    field: Schema.String,
    /** What was expected there. */
    expected: Schema.String
  }))
}) {
  readonly status = 400
  override get message(): string {
    return this.issues.map(({ expected, field }) => (field === "" ? expected : `${field}: ${expected}`)).join("; ")
  }
}

/**
 * The body is in a format that this provider does not send.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedContentType extends Schema.TaggedError<UnsupportedContentType>()("UnsupportedContentType", {
  expected: Schema.Array(Schema.String)
}) {
  readonly status = 415
  override get message(): string {
    return `Expected content type ${this.expected.join(" or ")}`
  }
}

/**
 * The provider does not call with this HTTP method.
 *
 * @category errors
 * @since 0.1.0
 */
export class MethodNotAllowed extends Schema.TaggedError<MethodNotAllowed>()("MethodNotAllowed", {
  expected: Schema.Array(Schema.String)
}) {
  readonly status = 405
  override get message(): string {
    return `Expected method ${this.expected.join(" or ")}`
  }
}

/**
 * No provider has this name.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownProvider extends Schema.TaggedError<UnknownProvider>()("UnknownProvider", {
  known: Schema.Array(Schema.String)
}) {
  readonly status = 404
  override get message(): string {
    return `Unknown provider; known: ${this.known.join(", ")}`
  }
}

/**
 * The body is larger than the server reads.
 *
 * @category errors
 * @since 0.1.0
 */
export class PayloadTooLarge extends Schema.TaggedError<PayloadTooLarge>()("PayloadTooLarge", {
  /** In bytes. */
  limit: Schema.Int
}) {
  readonly status = 413
  override get message(): string {
    return `The body is larger than ${this.limit} bytes`
  }
}

/**
 * The provider is configured for sending only.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReceiving extends Schema.TaggedError<NotReceiving>()("NotReceiving", {}) {
  readonly status = 404
  override get message(): string {
    return "The provider only sends"
  }
}

/**
 * Any reason.
 *
 * @category errors
 * @since 0.1.0
 */
export type WebhookErrorReason = typeof WebhookErrorReason.Type

/**
 * Schema of {@link WebhookErrorReason}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WebhookErrorReason = Schema.Union([
  MissingSignature,
  InvalidSignature,
  StaleTimestamp,
  InvalidPayload,
  UnsupportedContentType,
  MethodNotAllowed,
  UnknownProvider,
  PayloadTooLarge,
  NotReceiving
])

/**
 * A refused webhook.
 *
 * @category errors
 * @since 0.1.0
 */
export class WebhookError extends Schema.TaggedError<WebhookError>()("WebhookError", {
  provider: Schema.String,
  reason: WebhookErrorReason
}) {
  override readonly cause = this.reason
  override get message(): string {
    return `${this.provider}: ${this.reason.message}`
  }

  /**
   * The HTTP status that answers this error.
   *
   * @since 0.1.0
   */
  get status(): number {
    return this.reason.status
  }
}

/**
 * The reason for one bad field.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidPayload = (field: string, expected: string): InvalidPayload =>
  new InvalidPayload({ issues: [{ field, expected }] })
