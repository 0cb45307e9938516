/**
 * Problem bodies (RFC 9457) of the server's error responses. They describe the
 * error without customer data or secrets; the details are in the operator's
 * log. `type` is the URL of the section of `docs/errors.md` with cause and
 * remedy, and does not change between versions.
 *
 * @since 0.1.0
 */
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import { errorUrl } from "../internal/errorUrl.ts"
import type { InvalidPayload, PayloadTooLarge, UnsupportedContentType, WebhookErrorReason } from "../WebhookError.ts"

/**
 * The request or its body is malformed.
 *
 * @category errors
 * @since 0.1.0
 */
export class BadRequest extends HttpApiError.Problem<BadRequest>()("BadRequest", {
  type: errorUrl("BadRequest"),
  status: 400,
  title: "Bad Request"
}) {}

/**
 * A bearer token is required.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type: errorUrl("Unauthorized"),
  status: 401,
  title: "Unauthorized"
}) {}

/**
 * The signature is missing or wrong, and the response does not say which; or the
 * token lacks a scope.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends HttpApiError.Problem<Forbidden>()("Forbidden", {
  type: errorUrl("Forbidden"),
  status: 403,
  title: "Forbidden"
}) {}

/**
 * The provider, room, message or file does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: errorUrl("NotFound"),
  status: 404,
  title: "Not Found"
}) {}

/**
 * The provider does not use this HTTP method.
 *
 * @category errors
 * @since 0.1.0
 */
export class MethodNotAllowed extends HttpApiError.Problem<MethodNotAllowed>()("MethodNotAllowed", {
  type: errorUrl("MethodNotAllowed"),
  status: 405,
  title: "Method Not Allowed"
}) {}

/**
 * The state of the item does not allow the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: errorUrl("Conflict"),
  status: 409,
  title: "Conflict"
}) {}

/**
 * The body exceeds the server's size limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class ContentTooLarge extends HttpApiError.Problem<ContentTooLarge>()("ContentTooLarge", {
  type: errorUrl("ContentTooLarge"),
  status: 413,
  title: "Content Too Large"
}) {}

/**
 * The body has a content type that the endpoint does not accept.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedMediaType extends HttpApiError.Problem<UnsupportedMediaType>()("UnsupportedMediaType", {
  type: errorUrl("UnsupportedMediaType"),
  status: 415,
  title: "Unsupported Media Type"
}) {}

/**
 * The requested range lies outside the file.
 *
 * @category errors
 * @since 0.1.0
 */
export class RangeNotSatisfiable extends HttpApiError.Problem<RangeNotSatisfiable>()("RangeNotSatisfiable", {
  type: errorUrl("RangeNotSatisfiable"),
  status: 416,
  title: "Range Not Satisfiable"
}) {}

/**
 * The body did not arrive in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestTimeout extends HttpApiError.Problem<RequestTimeout>()("RequestTimeout", {
  type: errorUrl("RequestTimeout"),
  status: 408,
  title: "Request Timeout"
}) {}

/**
 * The token made too many requests.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimitExceeded extends HttpApiError.Problem<RateLimitExceeded>()("RateLimitExceeded", {
  type: errorUrl("RateLimitExceeded"),
  status: 429,
  title: "Too Many Requests"
}, {
  /** When the next request is admitted, in seconds. */
  retryAfter: Schema.Int
}) {}

/**
 * An unexpected failure. A carrier should retry its webhook.
 *
 * @category errors
 * @since 0.1.0
 */
export class InternalServerError extends HttpApiError.Problem<InternalServerError>()("InternalServerError", {
  type: errorUrl("InternalServerError"),
  status: 500,
  title: "Internal Server Error"
}) {}

/**
 * A store cannot be used. The same request can succeed later.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends HttpApiError.Problem<ServiceUnavailable>()("ServiceUnavailable", {
  type: errorUrl("ServiceUnavailable"),
  status: 503,
  title: "Service Unavailable"
}) {}

/**
 * Builds the problem for something that does not exist: `room`, `intent`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unknown = (what: string): NotFound => new NotFound({ detail: `Unknown ${what}` })

/**
 * Every answer to a webhook that is refused.
 *
 * @category errors
 * @since 0.1.0
 */
export const webhookProblems = [
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  RequestTimeout,
  ContentTooLarge,
  UnsupportedMediaType,
  InternalServerError,
  ServiceUnavailable
] as const

/**
 * Builds the problem for an unreadable body.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBodyReason = (
  reason: InvalidPayload | PayloadTooLarge | UnsupportedContentType
): BadRequest | ContentTooLarge | UnsupportedMediaType => {
  switch (reason._tag) {
    case "InvalidPayload":
      return new BadRequest({ detail: reason.message })
    case "PayloadTooLarge":
      return new ContentTooLarge({ detail: reason.message })
    case "UnsupportedContentType":
      return new UnsupportedMediaType({ detail: reason.message })
  }
}

/**
 * Builds the problem for the reason of a `WebhookError`. `detail` contains only
 * field names and formats, and reveals nothing about a failed signature check.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReason = (reason: WebhookErrorReason): InstanceType<typeof webhookProblems[number]> => {
  switch (reason._tag) {
    case "MissingSignature":
      return reason.challenge === undefined
        ? new Forbidden({ detail: "The webhook was refused" })
        : new Unauthorized({ detail: "The webhook was refused" })
    case "InvalidSignature":
    case "StaleTimestamp":
      return new Forbidden({ detail: "The webhook was refused" })
    case "UnknownProvider":
    case "NotReceiving":
      return new NotFound({ detail: "Unknown provider" })
    case "MethodNotAllowed":
      return new MethodNotAllowed({ detail: reason.message })
    default:
      return fromBodyReason(reason)
  }
}
