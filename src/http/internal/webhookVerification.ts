/**
 * The way of a webhook from its request to what is verified, or to the problem
 * that answers it.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as IpNetwork from "effect/net/IpNetwork"
import { attempt } from "../../internal/attempt.ts"
import type { Recorder } from "../../provider/Exchanges.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { WebhookError, type WebhookErrorReason } from "../../WebhookError.ts"
import type { WebhookHead } from "../../WebhookRequest.ts"
import * as WebhookRequest from "../../WebhookRequest.ts"
import * as Problems from "../Problems.ts"
import * as PublicUrl from "../PublicUrl.ts"
import { setHeaders } from "./headers.ts"
import * as RefusalLog from "./refusalLog.ts"
import * as RequestBody from "./requestBody.ts"
import { verifyAny } from "./verifyAny.ts"

export interface Options {
  readonly publicUrl?: string | ReadonlyArray<string> | undefined
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  readonly trustedProxies?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  readonly maxBodyBytes?: number | undefined
  readonly bodyTimeout?: Duration.Input | undefined
}

/** The reason of a refusal. */
export type Reason = WebhookErrorReason | RequestBody.BodyTimeout

/** Returns the headers that the answer to a refusal has. */
export const headersOf = (reason: Reason): Readonly<Record<string, string>> => {
  if (reason._tag === "MissingSignature" && reason.challenge !== undefined) {
    return { "www-authenticate": reason.challenge }
  }
  return reason._tag === "MethodNotAllowed" ? { allow: reason.expected.join(", ") } : {}
}

/** Answers without the reason and its hint, which are for the operator's log. */
export const answer = ({ reason }: { readonly reason: Reason }) =>
  reason._tag === "BodyTimeout"
    ? Effect.fail(new Problems.RequestTimeout({ detail: reason.message }))
    : Effect.fail(Problems.fromReason(reason))

/** Answers 500 so that the carrier retries; the failure may be transient. */
export const failed = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
  yield* Effect.logError("Webhook processing failed", cause)
  return yield* new Problems.InternalServerError({})
})

/** A webhook of a known provider without its body. */
export interface Asked {
  readonly provider: Provider
  readonly head: WebhookHead
  readonly candidates: ReturnType<typeof PublicUrl.candidates>
}

/** Keeps a webhook that was refused, for operators. */
export const recordRefused = (
  exchanges: Recorder,
  { body, headers, method, url }: WebhookRequest.WebhookRequest,
  { provider, reason }: Pick<WebhookError, "provider" | "reason">
): Effect.Effect<void> =>
  exchanges.record({
    direction: "inbound",
    provider,
    method,
    url,
    headers,
    body,
    secrets: [],
    status: reason.status,
    refusal: { reason: reason._tag, message: reason.message },
    messageIds: []
  })

/** Builds the verification of webhooks for a provider that is known. */
export const make = (options: Options, exchanges?: Recorder) => {
  const { allowedHosts, publicUrl, trustedProxies = [] } = options
  const logRefusal = RefusalLog.make()

  const refusedBy = (provider: Provider) => (reason: WebhookErrorReason) =>
    new WebhookError({ provider: provider.name, reason })

  const limitOf = ({ limits }: Provider): number => Math.min(options.maxBodyBytes ?? Infinity, limits.maxBytes)

  const recorded = <A, E extends Pick<WebhookError, "provider" | "reason">>(
    request: WebhookHead & { readonly body?: Uint8Array },
    checking: Effect.Effect<A, E>
  ): Effect.Effect<A, E> =>
    exchanges === undefined
      ? checking
      : Effect.tapError(checking, (error) => recordRefused(exchanges, { body: new Uint8Array(), ...request }, error))

  /** Reads the URL and the headers, or returns why they are refused. */
  const examine = (provider: Provider, request: PublicUrl.Asked): Asked | WebhookErrorReason => {
    const candidates = PublicUrl.candidates(request, { publicUrl, trustedProxies })
    const hostFault = PublicUrl.hostFault(candidates[0], allowedHosts)
    if (hostFault !== undefined) return hostFault
    const head = WebhookRequest.make({ method: request.method, url: candidates[0].url, headers: request.headers })
    return { provider, head, candidates }
  }

  /** Refuses whatever can be refused without the body, so that a caller without the secret cannot make it wait. */
  const check = Effect.fnUntraced(function*(provider: Provider, request: HttpServerRequest.HttpServerRequest) {
    const refused = refusedBy(provider)
    yield* Effect.mapError(RequestBody.checkHeaders(request, limitOf(provider)), refused)
    const asked = examine(provider, request)
    if ("_tag" in asked) return yield* refused(asked)
    yield* recorded(asked.head, provider.checkHead(asked.head))
    return asked
  })

  const verifyBody = ({ candidates, head, provider }: Asked, body: Uint8Array) => {
    const request = { ...head, body }
    return Effect.map(
      recorded(request, verifyAny(provider, request, candidates)),
      (webhook) => ({ provider, webhook })
    )
  }

  const read = Effect.fnUntraced(function*(provider: Provider, request: HttpServerRequest.HttpServerRequest) {
    const asked = yield* Effect.tapError(check(provider, request), () => RequestBody.leave(request))
    const reading = RequestBody.read(request, { limit: limitOf(provider), timeout: options.bodyTimeout })
    const body = yield* Effect.mapError(
      reading,
      (error) => error._tag === "BodyTimeout" ? { provider: provider.name, reason: error } : refusedBy(provider)(error)
    )
    return yield* verifyBody(asked, body)
  })

  /** Logs the reason for the operator, and answers with the problem. */
  const refuse = (error: RefusalLog.Refusal & { readonly reason: Reason }) =>
    Effect.andThen(logRefusal(error), answer(error))

  const died = (defect: unknown) => failed(Cause.die(defect))

  return {
    limitOf,
    examine,
    /** Verifies a webhook whose body is there. Tells the headers of a refusal to `onRefused`. */
    verifyBody: (asked: Asked, body: Uint8Array, onRefused: (headers: Readonly<Record<string, string>>) => void) =>
      attempt(() => verifyBody(asked, body)).pipe(
        Effect.catch((error) => {
          onRefused(headersOf(error.reason))
          return refuse(error)
        }),
        Effect.catchDefect(died)
      ),
    refuse: (error: RefusalLog.Refusal & { readonly reason: Reason }) =>
      Effect.andThen(setHeaders(headersOf(error.reason)), refuse(error)),
    verify: (provider: Provider, request: HttpServerRequest.HttpServerRequest) =>
      read(provider, request).pipe(
        Effect.catch((error) => Effect.andThen(setHeaders(headersOf(error.reason)), refuse(error))),
        Effect.catchDefect(died)
      )
  }
}
