/**
 * Errors of media files: why a file could not be fetched, stored or found.
 *
 * There is one error class with a `reason`. An error contains at most the host
 * of a URL: the path and query may be the only protection of the file.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The URL is invalid: it is not absolute, contains credentials, has a
 * disallowed scheme or port, or is too long.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>()("InvalidUrl", {
  expected: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return `Expected ${this.expected}`
  }
}

/**
 * The host is not on the list of allowed hosts or, after a redirect, of allowed
 * redirect hosts.
 *
 * @category errors
 * @since 0.1.0
 */
export class HostNotAllowed extends Schema.TaggedError<HostNotAllowed>()("HostNotAllowed", {
  host: Schema.String,
  redirected: Schema.Boolean
}) {
  readonly isRetryable = false
  override get message(): string {
    return `The host ${this.host} is not allowed${this.redirected ? " as the target of a redirect" : ""}`
  }
}

/**
 * The host resolves to an address that is not public.
 *
 * @category errors
 * @since 0.1.0
 */
export class PrivateAddress extends Schema.TaggedError<PrivateAddress>()("PrivateAddress", {
  host: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return `The host ${this.host} resolves to a non-public address`
  }
}

/**
 * The redirect limit was exceeded, or a redirect has no target.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyRedirects extends Schema.TaggedError<TooManyRedirects>()("TooManyRedirects", {
  limit: Schema.Int
}) {
  readonly isRetryable = false
  override get message(): string {
    return `More than ${this.limit} redirects`
  }
}

/**
 * The host responded with a status other than 200.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedStatus extends Schema.TaggedError<UnexpectedStatus>()("UnexpectedStatus", {
  status: Schema.Int
}) {
  get isRetryable(): boolean {
    // VoiceMeUp and Twilio announce a file shortly before it is available.
    return this.status >= 500 || this.status === 404 || this.status === 408 || this.status === 429
  }
  override get message(): string {
    return `The host responded with status ${this.status}`
  }
}

/**
 * A timeout was reached: for the headers, between two chunks of the body, or in
 * total.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  limit: Schema.Literals(["headers", "idle", "total"])
}) {
  readonly isRetryable = true
  override get message(): string {
    return `Timed out (${this.limit} timeout)`
  }
}

/**
 * The connection could not be established, or broke.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>()("ConnectionFailed", {
  host: Schema.String
}) {
  readonly isRetryable = true
  override get message(): string {
    return `The connection to ${this.host} failed`
  }
}

/**
 * The file exceeds the size limit, by its declared length or its actual one.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  /** The limit in bytes. */
  limit: Schema.Int
}) {
  readonly isRetryable = false
  override get message(): string {
    return `The file exceeds ${this.limit} bytes`
  }
}

/**
 * The body contradicts the headers: it ends early, is empty, or is compressed
 * although the request did not allow that.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidBody extends Schema.TaggedError<InvalidBody>()("InvalidBody", {
  expected: Schema.String
}) {
  readonly isRetryable = true
  override get message(): string {
    return `Expected ${this.expected}`
  }
}

/**
 * The type of the bytes is not allowed, or contradicts the type that the
 * carrier declared.
 *
 * @category errors
 * @since 0.1.0
 */
export class TypeNotAllowed extends Schema.TaggedError<TypeNotAllowed>()("TypeNotAllowed", {
  /** The type detected from the bytes. Absent when it could not be detected. */
  detected: Schema.optionalKey(Schema.String),
  /** The type declared by the carrier or the host. */
  declared: Schema.optionalKey(Schema.String)
}) {
  readonly isRetryable = false
  override get message(): string {
    const declared = this.declared === undefined ? "" : ` (declared as ${JSON.stringify(this.declared)})`
    const type = this.detected === undefined ? "An unrecognized type" : `The type ${this.detected}`
    return `${type}${declared} is not allowed`
  }
}

/**
 * The store does not contain the file, or no longer does.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotStored extends Schema.TaggedError<NotStored>()("NotStored", {}) {
  readonly isRetryable = false
  override get message(): string {
    return "The file is not in the store"
  }
}

/** Error codes that a retry cannot fix, because the configuration is wrong. */
const permanent: ReadonlySet<string> = new Set([
  "AccessDenied",
  "EACCES",
  "ENOENT",
  "EPERM",
  "EROFS",
  "InvalidAccessKeyId",
  "NoSuchBucket",
  "PermissionDenied",
  "SignatureDoesNotMatch",
  "403"
])

/**
 * The store could not be reached, or refused the operation.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  /** The operation that failed. */
  operation: Schema.Literals(["put", "get", "delete", "cleanUp"]),
  /** The store's error code, such as `AccessDenied` or `ENOSPC`. Never contains keys or signatures. */
  code: Schema.optionalKey(Schema.String)
}) {
  get isRetryable(): boolean {
    return this.code === undefined || !permanent.has(this.code)
  }
  override get message(): string {
    return `The media store failed to ${this.operation}${this.code === undefined ? "" : `: ${this.code}`}`
  }
}

/**
 * The reason of a {@link MediaError}.
 *
 * @category errors
 * @since 0.1.0
 */
export type MediaErrorReason = typeof MediaErrorReason.Type

/**
 * Schema of {@link MediaErrorReason}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MediaErrorReason = Schema.Union([
  InvalidUrl,
  HostNotAllowed,
  PrivateAddress,
  TooManyRedirects,
  UnexpectedStatus,
  TimedOut,
  ConnectionFailed,
  TooLarge,
  InvalidBody,
  TypeNotAllowed,
  NotStored,
  StoreFailed
])

/**
 * A media file that could not be fetched, stored or found.
 *
 * @category errors
 * @since 0.1.0
 */
export class MediaError extends Schema.TaggedError<MediaError>()("MediaError", {
  reason: MediaErrorReason
}) {
  override readonly cause = this.reason
  override get message(): string {
    return this.reason.message
  }

  /**
   * Whether the same operation may succeed later.
   *
   * @since 0.1.0
   */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
