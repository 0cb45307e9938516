/**
 * The way of a webhook from its request to what is verified, or to the problem
 * that answers it.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as IpNetwork from "effect/net/IpNetwork"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { WebhookError, type WebhookErrorReason } from "../../WebhookError.ts"
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

/** Answers without the reason and its hint, which are for the operator's log. */
export const answer = Effect.fnUntraced(
  function*({ reason }: { readonly reason: WebhookErrorReason | RequestBody.BodyTimeout }) {
    if (reason._tag === "BodyTimeout") return yield* new Problems.RequestTimeout({ detail: reason.message })
    if (reason._tag === "MissingSignature" && reason.challenge !== undefined) {
      yield* setHeaders({ "www-authenticate": reason.challenge })
    }
    if (reason._tag === "MethodNotAllowed") yield* setHeaders({ allow: reason.expected.join(", ") })
    return yield* Problems.fromReason(reason)
  }
)

/** Answers 500 so that the carrier retries; the failure may be transient. */
export const failed = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
  yield* Effect.logError("Webhook processing failed", cause)
  return yield* new Problems.InternalServerError({})
})

/** Builds the verification of webhooks for a provider that is known. */
export const make = (options: Options) => {
  const { allowedHosts, publicUrl, trustedProxies = [] } = options
  const logRefusal = RefusalLog.make()

  const refusedBy = (provider: Provider) => (reason: WebhookErrorReason) =>
    new WebhookError({ provider: provider.name, reason })

  const limitOf = ({ limits }: Provider): number => Math.min(options.maxBodyBytes ?? Infinity, limits.maxBytes)

  /** Refuses whatever can be refused without the body, so that a caller without the secret cannot make it wait. */
  const check = Effect.fnUntraced(function*(provider: Provider, request: HttpServerRequest.HttpServerRequest) {
    yield* Effect.mapError(RequestBody.checkHeaders(request, limitOf(provider)), refusedBy(provider))
    const candidates = PublicUrl.candidates(request, { publicUrl, trustedProxies })
    const hostFault = PublicUrl.hostFault(candidates[0], allowedHosts)
    if (hostFault !== undefined) return yield* refusedBy(provider)(hostFault)
    const head = WebhookRequest.make({ method: request.method, url: candidates[0].url, headers: request.headers })
    yield* provider.checkHead(head)
    return { candidates, head }
  })

  const verify = Effect.fnUntraced(function*(provider: Provider, request: HttpServerRequest.HttpServerRequest) {
    const { candidates, head } = yield* Effect.tapError(check(provider, request), () => RequestBody.leave(request))
    const reading = RequestBody.read(request, { limit: limitOf(provider), timeout: options.bodyTimeout })
    const body = yield* Effect.mapError(
      reading,
      (error) => error._tag === "BodyTimeout" ? { provider: provider.name, reason: error } : refusedBy(provider)(error)
    )
    return { provider, webhook: yield* verifyAny(provider, { ...head, body }, candidates) }
  })

  /** Logs the reason for the operator, and answers with the problem. */
  const refuse = (error: RefusalLog.Refusal & Parameters<typeof answer>[0]) =>
    Effect.andThen(logRefusal(error), answer(error))

  return {
    refuse,
    verify: (provider: Provider, request: HttpServerRequest.HttpServerRequest) =>
      verify(provider, request).pipe(
        Effect.catch(refuse),
        Effect.catchDefect((defect) => failed(Cause.die(defect)))
      )
  }
}
