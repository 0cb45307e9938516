/**
 * The problem bodies (RFC 9457) that answer a message that was not accepted.
 * Beside what all problems have they say which provider refused and why, in
 * the words of `SmsError`. As an error, they hold no phone number and no text,
 * but for the receipt of the parts that went out.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { compact } from "../internal/record.ts"
import { SendReceipt } from "../Message.ts"
import type { SendBlocked } from "../rooms/Hook.ts"
import type { SmsRouterError } from "../sending/SmsRouter.ts"
import type { SmsError, SmsErrorReason } from "../SmsError.ts"

const refusals = [
  "InvalidMessage",
  "NotSupported",
  "InvalidRecipient",
  "InvalidSender",
  "OptedOut",
  "ContentRejected",
  "DuplicateMessage",
  "UnregisteredSender",
  "Unreachable",
  "Authentication",
  "AccountSuspended",
  "NotEnabled",
  "RateLimited",
  "ProviderUnavailable",
  "UnexpectedResponse",
  "OutcomeUnknown"
] as const satisfies ReadonlyArray<SmsErrorReason["_tag"]>

const Refusal = Schema.Literals(refusals)

/**
 * Why a message was not accepted.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * Schema of {@link Reason}: the reasons of `SmsError` and `SmsRouterError`,
 * `KeyReused` for an idempotency key that came with another message before, and
 * `StorageUnavailable` where the message could not be stored, and was not sent,
 * and `Blocked` where a hook of the application stopped it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Literals([
  ...refusals,
  "NotRegistered",
  "OnlyReceives",
  "NoProvider",
  "KeyReused",
  "StorageUnavailable",
  "Blocked"
])

/**
 * A duration as a number of whole seconds, of at least this many.
 *
 * @category schemas
 * @since 0.1.0
 */
export const seconds = (minimum: number) =>
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum)).pipe(
    Schema.decodeTo(
      Schema.Duration,
      SchemaTransformation.transform({
        decode: (count) => Duration.seconds(count),
        encode: (duration) => Math.ceil(Duration.toSeconds(duration))
      })
    )
  )

const code = Schema.optionalKey(Schema.String.annotate({ description: "The carrier's error code" }))

const fields = {
  reason: Reason,
  provider: Schema.optionalKey(Schema.String.annotate({ description: "The provider that was asked last" })),
  field: Schema.optionalKey(Schema.String.annotate({ description: "The field of the request that is wrong" })),
  code,
  retryAfter: Schema.optionalKey(seconds(0).annotate({ description: "How long to wait" })),
  part: Schema.optionalKey(
    Schema.Struct({ number: Schema.Int, of: Schema.Int }).annotate({
      description: "Which part it was, from 1, of a message that goes out in several"
    })
  ),
  accepted: Schema.optionalKey(
    SendReceipt.annotate({ description: "The receipt of the parts before, which did go out" })
  ),
  earlier: Schema.optionalKey(
    Schema.Array(Schema.Struct({ provider: Schema.String, reason: Refusal, code })).annotate({
      description: "The refusals of the providers that were asked before, in order"
    })
  )
}

/**
 * The key came with another message before (`KeyReused`), or the carrier has
 * the same message already (`DuplicateMessage`), or a part of the message went
 * out and the rest was refused: `accepted` is the receipt of that part.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: "about:blank",
  status: 409,
  title: "Conflict"
}, fields) {}

/**
 * This message cannot be sent as it is: the message, its sender or its
 * recipient is the reason. Nothing went out.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnprocessableContent extends HttpApiError.Problem<UnprocessableContent>()("UnprocessableContent", {
  type: "about:blank",
  status: 422,
  title: "Unprocessable Content"
}, fields) {}

/**
 * Too many messages at a time. Nothing went out.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()("TooManyRequests", {
  type: "about:blank",
  status: 429,
  title: "Too Many Requests"
}, fields) {}

/**
 * The carrier refused for a reason that the caller cannot change: the account
 * of this server, or one that is not known. Nothing went out.
 *
 * @category errors
 * @since 0.1.0
 */
export class BadGateway extends HttpApiError.Problem<BadGateway>()("BadGateway", {
  type: "about:blank",
  status: 502,
  title: "Bad Gateway"
}, fields) {}

/**
 * The carrier could not be reached, or there is none to send with. Nothing
 * went out.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends HttpApiError.Problem<ServiceUnavailable>()("ServiceUnavailable", {
  type: "about:blank",
  status: 503,
  title: "Service Unavailable"
}, fields) {}

/**
 * Nobody can tell what became of the message: it may have gone out. To send it
 * again blindly is how people get a text twice.
 *
 * @category errors
 * @since 0.1.0
 */
export class GatewayTimeout extends HttpApiError.Problem<GatewayTimeout>()("GatewayTimeout", {
  type: "about:blank",
  status: 504,
  title: "Gateway Timeout"
}, fields) {}

/**
 * Any of them.
 *
 * @category errors
 * @since 0.1.0
 */
export type MessageProblem = typeof MessageProblem.Type

/**
 * Schema of {@link MessageProblem}, the body alone.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MessageProblem = Schema.Union([
  Conflict,
  UnprocessableContent,
  TooManyRequests,
  BadGateway,
  ServiceUnavailable,
  GatewayTimeout
])

const headers = { "retry-after": Schema.optionalKey(Schema.String) }

/** The header that says the same as `retryAfter`. */
const withRetryAfter = <P extends TooManyRequests | ServiceUnavailable>(body: P) => ({
  body,
  headers: compact({
    "retry-after": body.retryAfter === undefined ? undefined : String(Math.ceil(Duration.toSeconds(body.retryAfter)))
  })
})

/**
 * The schemas of every {@link MessageProblem}, each with its headers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const messageProblems = [
  Conflict,
  UnprocessableContent,
  TooManyRequests.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: TooManyRequests, headers },
      { decode: ({ body }) => body, encode: withRetryAfter }
    )
  ),
  BadGateway,
  ServiceUnavailable.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: ServiceUnavailable, headers },
      { decode: ({ body }) => body, encode: withRetryAfter }
    )
  ),
  GatewayTimeout
] as const

const classes = { Conflict, UnprocessableContent, TooManyRequests, BadGateway, ServiceUnavailable, GatewayTimeout }

const classOf = {
  InvalidMessage: "UnprocessableContent",
  NotSupported: "UnprocessableContent",
  InvalidRecipient: "UnprocessableContent",
  InvalidSender: "UnprocessableContent",
  OptedOut: "UnprocessableContent",
  ContentRejected: "UnprocessableContent",
  UnregisteredSender: "UnprocessableContent",
  Unreachable: "UnprocessableContent",
  NotRegistered: "UnprocessableContent",
  OnlyReceives: "UnprocessableContent",
  DuplicateMessage: "Conflict",
  KeyReused: "Conflict",
  RateLimited: "TooManyRequests",
  Authentication: "BadGateway",
  AccountSuspended: "BadGateway",
  NotEnabled: "BadGateway",
  UnexpectedResponse: "BadGateway",
  ProviderUnavailable: "ServiceUnavailable",
  NoProvider: "ServiceUnavailable",
  StorageUnavailable: "ServiceUnavailable",
  Blocked: "UnprocessableContent",
  OutcomeUnknown: "GatewayTimeout"
} as const satisfies Record<Reason, keyof typeof classes>

/** A message has the fields of its content in it, and a request has them beside the others. */
const fieldOf = (field: string): string => field.replace(/^content(?:\.|$)/, "") || "text"

const blindly = "It may have gone out, and must not be sent again blindly"

const detailOf = (error: SmsError): string => {
  const { accepted, part, reason } = error
  const sentence = "field" in reason && reason.field !== undefined
    ? reason.message.replace(reason.field, fieldOf(reason.field))
    : reason.message
  return [
    [part === undefined ? sentence : `Part ${part.number} of ${part.of}: ${sentence}`],
    reason.detail === undefined ? [] : [`The carrier says: ${reason.detail}`],
    reason._tag === "OutcomeUnknown" ? [blindly] : [],
    accepted === undefined ? [] : ["The parts before went out: send only the rest"]
  ].flat().map((line) => line.replace(/\.$/, "")).join(". ")
}

/**
 * The answer for a message that a provider did not accept.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSmsError = (error: SmsError): MessageProblem => {
  const { accepted, earlier, part, provider, reason } = error
  // What is refused after a part went out is not to be repeated as a whole, whatever the reason.
  const isCut = accepted !== undefined && reason._tag !== "OutcomeUnknown"
  const Problem = classes[isCut ? "Conflict" : classOf[reason._tag]]
  return new Problem({
    detail: detailOf(error),
    reason: reason._tag,
    provider,
    ...compact({
      field: "field" in reason && reason.field !== undefined ? fieldOf(reason.field) : undefined,
      code: reason.code,
      retryAfter: "retryAfter" in reason ? reason.retryAfter : undefined,
      part,
      accepted,
      earlier: earlier?.map(({ provider, reason }) => ({
        provider,
        reason: reason._tag,
        ...compact({ code: reason.code })
      }))
    })
  })
}

/**
 * The answer for a message that no provider was asked about.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSmsRouterError = ({ reason }: SmsRouterError): MessageProblem =>
  new classes[classOf[reason._tag]]({
    detail: reason.message,
    reason: reason._tag,
    ...(reason._tag !== "NoProvider" && { field: "provider" })
  })

/**
 * The answer for an idempotency key that came with another message before.
 *
 * @category constructors
 * @since 0.1.0
 */
export const keyReused: MessageProblem = new Conflict({
  detail: "idempotency-key: expected another one, because this one came with another message before",
  reason: "KeyReused",
  field: "idempotency-key"
})

/**
 * The answer where the message could not be stored before it was sent, so that
 * it did not go out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const storageUnavailable: MessageProblem = new ServiceUnavailable({
  detail: "The message could not be stored, and was not sent. Try again",
  reason: "StorageUnavailable"
})

/**
 * The answer to a message that a hook of the application stopped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSendBlocked = (error: SendBlocked): MessageProblem =>
  new UnprocessableContent({ detail: error.message, reason: "Blocked" })
