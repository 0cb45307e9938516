/**
 * Errors of webhook requests: why a webhook was rejected.
 *
 * There is one error class with a `reason`. Each reason defines the HTTP status
 * of the response. An error names the provider, the field and the expectation;
 * it never contains a secret, a phone number or customer text.
 *
 * **Example** (Answering a refused webhook)
 *
 * ```ts run
 * import { WebhookError } from "effect-sms"
 *
 * const error = new WebhookError.WebhookError({ provider: "twilio", reason: new WebhookError.InvalidSignature({}) })
 * error.status // => 403
 * error.message // => "twilio: The signature does not match the request"
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The header or query parameter that carries the signature is missing.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingSignature extends Schema.TaggedError<MissingSignature>()("MissingSignature", {
  /** The missing header or parameter, for example `header x-twilio-signature`. */
  expected: Schema.String,
  /** The value of `WWW-Authenticate`, where the credentials of a guard are missing: some carriers send them only after it. */
  challenge: Schema.optionalKey(Schema.String)
}) {
  readonly status: 401 | 403 = this.challenge === undefined ? 403 : 401
  override get message(): string {
    return `Missing ${this.expected}`
  }
}

/**
 * The signature does not match the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSignature extends Schema.TaggedError<InvalidSignature>()("InvalidSignature", {
  /**
   * A hint for the operator: what the signature does match, for example `the URL
   * with https`. Never sent to the client.
   */
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
 * The signed timestamp is outside the tolerance window; the request may be a
 * replay.
 *
 * @category errors
 * @since 0.1.0
 */
export class StaleTimestamp extends Schema.TaggedError<StaleTimestamp>()("StaleTimestamp", {
  /** The signed timestamp minus the current time, in seconds. Positive when it lies in the future. */
  skewSeconds: Schema.Finite,
  toleranceSeconds: Schema.Finite
}) {
  readonly status = 403
  override get message(): string {
    return `The signed timestamp is off by ${this.skewSeconds} s; the tolerance is ${this.toleranceSeconds} s`
  }
}

/**
 * The body does not decode as a payload of this provider.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPayload extends Schema.TaggedError<InvalidPayload>()("InvalidPayload", {
  issues: Schema.NonEmptyArray(Schema.Struct({
    /** The dotted path of the field. Empty for the payload as a whole. */
    field: Schema.String,
    /** What the decoder expected there. */
    expected: Schema.String
  }))
}) {
  readonly status = 400
  override get message(): string {
    return this.issues.map(({ expected, field }) => (field === "" ? expected : `${field}: ${expected}`)).join("; ")
  }
}

/**
 * The body has a content type that this provider does not send.
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
 * The provider does not use this HTTP method.
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
 * No provider is registered under this name.
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
 * The body exceeds the server's size limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class PayloadTooLarge extends Schema.TaggedError<PayloadTooLarge>()("PayloadTooLarge", {
  /** The size limit in bytes. */
  limit: Schema.Int
}) {
  readonly status = 413
  override get message(): string {
    return `The body exceeds ${this.limit} bytes`
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
 * A rejected webhook.
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
   * The HTTP status of the response to this error.
   *
   * @since 0.1.0
   */
  get status(): number {
    return this.reason.status
  }
}

/**
 * Builds an {@link InvalidPayload} reason for a single field.
 *
 * **Example** (Refusing a payload)
 *
 * ```ts run
 * import { WebhookError } from "effect-sms"
 *
 * WebhookError.invalidPayload("From", "a phone number").issues // => [{ field: "From", expected: "a phone number" }]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidPayload = (field: string, expected: string): InvalidPayload =>
  new InvalidPayload({ issues: [{ field, expected }] })
