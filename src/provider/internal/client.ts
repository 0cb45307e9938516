/**
 * Sends one request to a carrier and determines its outcome.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Bytes from "../../internal/bytes.ts"
import * as SmsError from "../../SmsError.ts"
import { CurrentSend, Exchanges, type Recorder } from "../Exchanges.ts"
import type { Accepted, CarrierSending, Part, Queries, Sending, SendOptions, Words } from "../Sending.ts"
import { compact } from "../Wire.ts"
import { connectionFailed } from "./connection.ts"

/** The response of a carrier. */
export interface Answer {
  readonly status: number
  /** The JSON value of the body. `undefined` when the body is not JSON: HTML, empty, or truncated. */
  readonly body: unknown
  readonly retryAfter: Duration.Duration | undefined
}

/** Carrier responses are a few kilobytes; a larger one is probably a proxy's error page. */
const maxBytes = 256 * 1024

const parseJson = (text: string): unknown => Result.getOrUndefined(Result.try(() => JSON.parse(text)))

/** Reads a body whole if its declared length is within the limit; otherwise reads at most the limit. */
const readText = (response: HttpClientResponse.HttpClientResponse) =>
  Number(response.headers["content-length"]) <= maxBytes ? response.text : readLimited(response)

/** Reads the body as text, or returns the empty string when it is too long. */
const readLimited = (response: HttpClientResponse.HttpClientResponse) =>
  Stream.runFold(
    response.stream,
    () => ({ chunks: Array<Uint8Array>(), size: 0 }),
    (read, chunk) => {
      read.size += chunk.length
      if (read.size <= maxBytes) read.chunks.push(chunk)
      return read
    }
  ).pipe(
    Effect.map(({ chunks, size }) => size > maxBytes ? "" : new TextDecoder().decode(Bytes.concat(chunks))),
    Effect.catchIf(({ reason }) => reason._tag === "EmptyBodyError", () => Effect.succeed(""))
  )

const retryAfterOf = Effect.fnUntraced(function*(headers: Headers.Headers) {
  const header = headers["retry-after"]
  if (header === undefined) return undefined
  const parsed = Headers.parseRetryAfter(header)
  if (Result.isFailure(parsed)) return undefined
  if (parsed.success._tag === "Duration") return parsed.success.duration
  const left = DateTime.toEpochMillis(parsed.success.dateTime) - (yield* Clock.currentTimeMillis)
  return Duration.millis(Math.max(0, left))
})

const isAcceptance = ({ status }: { readonly status: number }) => status >= 200 && status < 300

const unknown = (because: SmsError.OutcomeUnknown["because"], status?: number) =>
  new SmsError.OutcomeUnknown({ because, ...(status !== undefined && { status }) })

/** Maps a client error to an error reason. Only a failure to connect proves that nothing was sent. */
const reasonOf = ({ reason }: HttpClientError.HttpClientError): SmsError.SmsErrorReason => {
  switch (reason._tag) {
    case "EncodeError":
    case "InvalidUrlError":
      return new SmsError.UnexpectedResponse({ detail: "The request could not be made" })
    case "TransportError":
      return connectionFailed(reason.cause) ? new SmsError.ProviderUnavailable({}) : unknown("ConnectionLost")
    default:
      return unknown("ConnectionLost", reason.response.status)
  }
}

/**
 * Builds a client that sends each request once, follows no redirect, and sends
 * no trace headers to the carrier.
 */
const make = Effect.fnUntraced(function*({ timeout = "30 seconds", transformClient = identity }: SendOptions) {
  const client = transformClient(yield* HttpClient.HttpClient)
  const fetchOptions = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))

  const execute = Effect.fnUntraced(function*(request: HttpClientRequest.HttpClientRequest) {
    const response = yield* client.execute(request)
    const retryAfter = yield* retryAfterOf(response.headers)
    const text = yield* Effect.catch(readText(response), (error) =>
      // A refusal is determined by its status, even if its body cannot be read.
      isAcceptance(response) ? Effect.fail(error) : Effect.succeed(""))
    return { status: response.status, body: parseJson(text), retryAfter }
  })

  return (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Answer, SmsError.SmsErrorReason> =>
    execute(request).pipe(
      Effect.mapError(reasonOf),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(unknown("Timeout")) }),
      Effect.provideService(FetchHttpClient.RequestInit, { ...fetchOptions, redirect: "manual" }),
      Effect.provideService(HttpClient.TracerPropagationEnabled, false)
    )
})

const byStatus = (status: number): SmsError.Refusal => {
  switch (status) {
    case 401:
    case 403:
      return "Authentication"
    case 402:
      return "AccountSuspended"
    case 429:
      return "RateLimited"
    default:
      return "UnexpectedResponse"
  }
}

const reasons = {
  InvalidMessage: SmsError.InvalidMessage,
  InvalidRecipient: SmsError.InvalidRecipient,
  InvalidSender: SmsError.InvalidSender,
  OptedOut: SmsError.OptedOut,
  ContentRejected: SmsError.ContentRejected,
  DuplicateMessage: SmsError.DuplicateMessage,
  UnregisteredSender: SmsError.UnregisteredSender,
  Unreachable: SmsError.Unreachable,
  Authentication: SmsError.Authentication,
  AccountSuspended: SmsError.AccountSuspended,
  NotEnabled: SmsError.NotEnabled,
  RateLimited: SmsError.RateLimited,
  ProviderUnavailable: SmsError.ProviderUnavailable,
  UnexpectedResponse: SmsError.UnexpectedResponse
} satisfies Record<SmsError.Refusal, unknown>

/**
 * Returns the error reason of a non-success response. A carrier that fails
 * after it received the request may have sent the message, so its code does not
 * matter.
 */
const refused = (
  { retryAfter, status }: Answer,
  { code, detail, refusal = byStatus(status) }: Words
): SmsError.SmsErrorReason => {
  const answer = { status, ...compact({ code: code || undefined, detail: detail || undefined }) }
  return status >= 500 || status === 408
    ? new SmsError.OutcomeUnknown({ ...answer, because: "ServerError" })
    : new reasons[refusal]({ ...answer, ...(refusal === "RateLimited" && compact({ retryAfter })) })
}

/**
 * Determines the outcome of a request. A 2xx response without a message id may
 * be an acceptance, or a proxy's page.
 */
const outcome = (
  answer: Answer,
  part: Part,
  { accepted, isRefusal = () => false, words }: CarrierSending
): Effect.Effect<Accepted, SmsError.SmsErrorReason> => {
  if (!isAcceptance(answer) || isRefusal(answer.body)) {
    return Effect.fail(refused(answer, words(answer.body, answer.status)))
  }
  const acceptance = accepted(answer.body, part)
  return acceptance === undefined
    ? Effect.fail(unknown("UnreadableAnswer", answer.status))
    : Effect.succeed(acceptance)
}

/** A query has no outcome: it can be made again. */
const asQuery = (reason: SmsError.SmsErrorReason): SmsError.SmsErrorReason =>
  reason._tag === "OutcomeUnknown" ? new SmsError.ProviderUnavailable(compact({ status: reason.status })) : reason

/** Adapts a carrier's queries to the pipeline. */
const queries = (
  client: Effect.Success<ReturnType<typeof make>>,
  { queries: { fetchCallbacks, fetchStatus, lookUp } = {}, words }: CarrierSending
): Queries => {
  /** Returns the body of a 2xx response, or `undefined` when the carrier does not know what it is asked for. */
  const ask = Effect.fnUntraced(
    function*(request: HttpClientRequest.HttpClientRequest) {
      const answer = yield* client(request)
      if (answer.status === 404) return undefined
      return isAcceptance(answer) ? answer : yield* Effect.fail(refused(answer, words(answer.body, answer.status)))
    },
    Effect.mapError(asQuery)
  )
  const unreadable = () => new SmsError.UnexpectedResponse({ detail: "The response is not what was asked for" })
  return {
    lookUp: lookUp && Effect.fnUntraced(function*(part, lookup) {
      const answer = yield* ask(lookUp.request(part, lookup))
      const candidates = answer && lookUp.candidates(answer.body, part)
      return candidates ?? (yield* Effect.fail(unreadable()))
    }),
    fetchStatus: fetchStatus && Effect.fnUntraced(function*(provider, key) {
      for (const request of fetchStatus.requests(key)) {
        const answer = yield* ask(request)
        if (answer !== undefined) return yield* fetchStatus.statuses(provider, answer.body)
      }
      return []
    }),
    fetchCallbacks: fetchCallbacks && Effect.flatMap(
      fetchCallbacks(ask),
      (callbacks) => callbacks === undefined ? Effect.fail(unreadable()) : Effect.succeed(callbacks)
    )
  }
}

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** Keeps a request of a send for operators, where that is wanted. */
const record = Effect.fnUntraced(function*(
  exchanges: Recorder,
  request: HttpClientRequest.HttpClientRequest,
  { answer, begun, result, secrets }: {
    readonly answer: Result.Result<Answer, SmsError.SmsErrorReason>
    readonly begun: number
    readonly result: Result.Result<Accepted, SmsError.SmsErrorReason>
    readonly secrets: Sending["secrets"]
  }
) {
  const send = yield* CurrentSend
  if (send === undefined) return
  const { body, status } = Result.isSuccess(answer) ? answer.success : {}
  yield* exchanges.record({
    direction: "outbound",
    provider: send.provider,
    intentId: send.intentId,
    method: request.method,
    url: Option.match(HttpClientRequest.toUrl(request), { onNone: () => request.url, onSome: ({ href }) => href }),
    headers: request.headers,
    body: textOf(request),
    secrets,
    status,
    answer: body === undefined ? undefined : JSON.stringify(body),
    took: (yield* Clock.currentTimeMillis) - begun,
    messageIds: Result.isSuccess(result) ? [result.success.messageId] : [],
    refusal: Result.isFailure(result)
      ? { reason: result.failure._tag, message: result.failure.message }
      : undefined
  })
})

/** Adapts a carrier's HTTP sending to the pipeline: one request for each part. */
export const sending = Effect.fnUntraced(function*(
  carrier: CarrierSending,
  options: SendOptions
): Effect.fn.Return<Sending, never, HttpClient.HttpClient> {
  const client = yield* make(options)
  const exchanges = yield* Exchanges
  const { capabilities, check, request, secrets } = carrier
  return {
    capabilities,
    policy: options,
    secrets,
    check,
    queries: queries(client, carrier),
    deliver: Effect.fnUntraced(function*(part) {
      const asked = yield* request(part)
      const begun = yield* Clock.currentTimeMillis
      const answer = yield* Effect.result(client(asked))
      const result = yield* Effect.result(
        Result.isSuccess(answer) ? outcome(answer.success, part, carrier) : Effect.fail(answer.failure)
      )
      if (exchanges !== undefined) yield* record(exchanges, asked, { answer, begun, result, secrets })
      return yield* Effect.fromResult(result)
    })
  }
})
