/**
 * Problem bodies (RFC 9457) for messages that were not accepted. In addition to
 * the standard fields they name the refusing provider and the reason, in the
 * terms of `SmsError`. `type` is the URL of the section of `docs/errors.md` about
 * the reason. Like the errors, they contain no phone number or text, except in
 * the receipt of the parts already sent.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { errorUrl } from "../internal/errorUrl.ts"
import { compact } from "../internal/record.ts"
import { SendReceipt } from "../Message.ts"
import type { SendBlocked } from "../rooms/Hook.ts"
import type { SmsRouterError } from "../sending/SmsRouter.ts"
import type { SmsError, SmsErrorReason } from "../SmsError.ts"
import { ReasonProblem } from "./internal/reasonProblem.ts"

const refusals = [
  "InvalidMessage",
  "NotSupported",
  "InvalidRecipient",
  "InvalidSender",
  "OptedOut",
  "GuardRefused",
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
 * The reason why a message was not accepted.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * Schema of {@link Reason}: the reasons of `SmsError` and `SmsRouterError`,
 * `KeyReused` for an idempotency key that came with another message before, and
 * `StorageUnavailable` where the message could not be stored, and was not sent,
 * `Blocked` where a hook of the application stopped it, and `NoChannel` for a
 * room whose channels cannot send.
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
  "Blocked",
  "NoChannel"
])

/**
 * Builds a schema for a duration in whole seconds, with a minimum.
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
  provider: Schema.optionalKey(Schema.String.annotate({ description: "The provider that was tried last" })),
  field: Schema.optionalKey(Schema.String.annotate({ description: "The invalid field of the request" })),
  code,
  consent: Schema.optionalKey(
    Schema.Struct({
      id: Schema.String,
      source: Schema.String,
      saidAt: Schema.DateTimeUtcFromString
    }).annotate({ description: "The entry of the consent ledger that opts the recipient out" })
  ),
  guard: Schema.optionalKey(Schema.String.annotate({ description: "The guard that refused, of `GuardRefused`" })),
  retryAfter: Schema.optionalKey(seconds(0).annotate({ description: "How long to wait before a retry" })),
  part: Schema.optionalKey(
    Schema.Struct({ number: Schema.Int, of: Schema.Int }).annotate({
      description: "The failed part, counted from 1, of a message sent in several parts"
    })
  ),
  accepted: Schema.optionalKey(
    SendReceipt.annotate({ description: "The receipt of the earlier parts, which were sent" })
  ),
  earlier: Schema.optionalKey(
    Schema.Array(Schema.Struct({ provider: Schema.String, reason: Refusal, code })).annotate({
      description: "The refusals of the providers that were tried earlier, in order"
    })
  )
}

/**
 * The idempotency key was used with a different message (`KeyReused`), the
 * carrier already has an identical message (`DuplicateMessage`), or only some
 * parts of the message were sent: `accepted` is the receipt of those parts.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends ReasonProblem<Conflict>()("Conflict", {
  status: 409,
  title: "Conflict"
}, fields) {}

/**
 * The message, its sender or its recipient makes it impossible to send. Nothing
 * was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnprocessableContent extends ReasonProblem<UnprocessableContent>()("UnprocessableContent", {
  status: 422,
  title: "Unprocessable Content"
}, fields) {}

/**
 * The rate limit was exceeded. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyRequests extends ReasonProblem<TooManyRequests>()("TooManyRequests", {
  status: 429,
  title: "Too Many Requests"
}, fields) {}

/**
 * The carrier refused for a reason that the caller cannot fix: the account of
 * this server, or an unrecognized error. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class BadGateway extends ReasonProblem<BadGateway>()("BadGateway", {
  status: 502,
  title: "Bad Gateway"
}, fields) {}

/**
 * The carrier could not be reached, or no provider can send. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends ReasonProblem<ServiceUnavailable>()("ServiceUnavailable", {
  status: 503,
  title: "Service Unavailable"
}, fields) {}

/**
 * The outcome is unknown and the message may have been sent. A retry could
 * deliver it twice.
 *
 * @category errors
 * @since 0.1.0
 */
export class GatewayTimeout extends ReasonProblem<GatewayTimeout>()("GatewayTimeout", {
  status: 504,
  title: "Gateway Timeout"
}, fields) {}

/**
 * A problem body for a message.
 *
 * @category errors
 * @since 0.1.0
 */
export type MessageProblem = typeof MessageProblem.Type

/**
 * Schema of {@link MessageProblem}, without headers.
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

/** Adds the `Retry-After` header for `retryAfter`. */
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
  GuardRefused: "UnprocessableContent",
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
  NoChannel: "Conflict",
  OutcomeUnknown: "GatewayTimeout"
} as const satisfies Record<Reason, keyof typeof classes>

/** Maps a field name: a message nests the fields of its content, a request has them at the top level. */
const fieldOf = (field: string): string => field.replace(/^content(?:\.|$)/, "") || "text"

const duplicate = "Sending it again could deliver it twice"

const detailOf = (error: SmsError): string => {
  const { accepted, part, reason } = error
  const sentence = "field" in reason && reason.field !== undefined
    ? reason.message.replace(reason.field, fieldOf(reason.field))
    : reason.message
  return [
    [part === undefined ? sentence : `Part ${part.number} of ${part.of}: ${sentence}`],
    reason.detail === undefined ? [] : [`The carrier says: ${reason.detail}`],
    reason._tag === "OutcomeUnknown" ? [duplicate] : [],
    accepted === undefined ? [] : ["The earlier parts were sent: send only the rest"]
  ].flat().map((line) => line.replace(/\.$/, "")).join(". ")
}

/**
 * Builds the problem for a message that a provider did not accept.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSmsError = (error: SmsError): MessageProblem => {
  const { accepted, earlier, part, provider, reason } = error
  // After a part was sent, the whole message must not be sent again, whatever the reason.
  const isCut = accepted !== undefined && reason._tag !== "OutcomeUnknown"
  const isLimit = reason._tag === "GuardRefused" && reason.isRetryable
  const Problem = classes[isCut ? "Conflict" : isLimit ? "TooManyRequests" : classOf[reason._tag]]
  return new Problem({
    type: errorUrl(isCut ? "PartlySent" : reason._tag),
    detail: detailOf(error),
    reason: reason._tag,
    provider,
    ...compact({
      field: "field" in reason && reason.field !== undefined ? fieldOf(reason.field) : undefined,
      code: reason.code,
      consent: reason._tag === "OptedOut" ? reason.entry : undefined,
      guard: reason._tag === "GuardRefused" ? reason.guard : undefined,
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
 * Builds the problem for a message that was offered to no provider.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSmsRouterError = ({ reason }: SmsRouterError): MessageProblem =>
  new classes[classOf[reason._tag]]({
    type: errorUrl(reason._tag),
    detail: reason.message,
    reason: reason._tag,
    ...(reason._tag !== "NoProvider" && { field: "provider" })
  })

/**
 * The problem for an idempotency key that was already used with a different
 * message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const keyReused: MessageProblem = new Conflict({
  type: errorUrl("KeyReused"),
  detail: "idempotency-key: expected a new key, because this one was used with a different message",
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
  type: errorUrl("StorageUnavailable"),
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
  new UnprocessableContent({ type: errorUrl("Blocked"), detail: error.message, reason: "Blocked" })

/**
 * The answer in a room none of whose channels can send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noChannel: MessageProblem = new Conflict({
  type: errorUrl("NoChannel"),
  detail: "No channel of the room can send: attach one, or configure its provider to send",
  reason: "NoChannel"
})
