/**
 * Why a media file could not be fetched, stored or found.
 *
 * One error with a reason. A URL is named by its host at most: its path and
 * query may be all that protects the file.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The URL cannot be used: it is no absolute URL, holds credentials, has a
 * scheme or a port that is not allowed, or is longer than any carrier's.
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
 * The host is on no list: neither of hosts to fetch from nor, after a
 * redirect, of hosts to be redirected to.
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
 * The name of the host leads to an address that is not public.
 *
 * @category errors
 * @since 0.1.0
 */
export class PrivateAddress extends Schema.TaggedError<PrivateAddress>()("PrivateAddress", {
  host: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return `The host ${this.host} has an address that is not public`
  }
}

/**
 * One redirect too many, or one without a target.
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
 * The host answered with a status other than 200.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedStatus extends Schema.TaggedError<UnexpectedStatus>()("UnexpectedStatus", {
  status: Schema.Int
}) {
  get isRetryable(): boolean {
    // VoiceMeUp and Twilio announce a file a moment before it is there.
    return this.status >= 500 || this.status === 404 || this.status === 408 || this.status === 429
  }
  override get message(): string {
    return `The host answered ${this.status}`
  }
}

/**
 * A limit of time was reached: for the headers, between two pieces of the
 * body, or for the whole.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  limit: Schema.Literals(["headers", "idle", "total"])
}) {
  readonly isRetryable = true
  override get message(): string {
    return `The time limit (${this.limit}) was reached`
  }
}

/**
 * No connection, or one that broke.
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
 * More bytes than allowed, announced or sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  /** In bytes. */
  limit: Schema.Int
}) {
  readonly isRetryable = false
  override get message(): string {
    return `The file is larger than ${this.limit} bytes`
  }
}

/**
 * The body is not what the headers say: it ends early, is empty, or is
 * compressed although nobody asked for that.
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
 * The bytes are of a type that is not allowed, or not of the type that the
 * carrier said.
 *
 * @category errors
 * @since 0.1.0
 */
export class TypeNotAllowed extends Schema.TaggedError<TypeNotAllowed>()("TypeNotAllowed", {
  /** What the bytes are. Absent when that cannot be told. */
  detected: Schema.optionalKey(Schema.String),
  /** What the carrier, or the host, said. */
  declared: Schema.optionalKey(Schema.String)
}) {
  readonly isRetryable = false
  override get message(): string {
    const declared = this.declared === undefined ? "" : `, declared as ${JSON.stringify(this.declared)}`
    return `The type ${this.detected ?? "cannot be told from the bytes"}${declared} is not allowed`
  }
}

/**
 * The store has no such file, or not any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotStored extends Schema.TaggedError<NotStored>()("NotStored", {}) {
  readonly isRetryable = false
  override get message(): string {
    return "The store has no such file"
  }
}

/** What a store will not do a moment later either: the set-up is wrong. */
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
 * The store could not be reached, or refused.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  /** What was attempted. */
  operation: Schema.Literals(["put", "get", "cleanUp"]),
  /** What the store said, without keys and signatures: a code such as `AccessDenied` or `ENOSPC`. */
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
 * Any reason.
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
 * A media file that could not be had.
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
   * Whether the same attempt may succeed later.
   *
   * @since 0.1.0
   */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
