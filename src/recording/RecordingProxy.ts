/**
 * A proxy between a carrier and a server, which passes every request on as it
 * came and records the webhooks that are authentic.
 *
 * @since 0.1.0
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Option from "effect/Option"
import * as RefusalLog from "../http/internal/refusalLog.ts"
import * as RequestBody from "../http/internal/requestBody.ts"
import { verifyAny } from "../http/internal/verifyAny.ts"
import * as Problems from "../http/Problems.ts"
import * as PublicUrl from "../http/PublicUrl.ts"
import type { SmsProviders } from "../provider/SmsProviders.ts"
import { WebhookError } from "../WebhookError.ts"
import * as WebhookRequest from "../WebhookRequest.ts"
import { forward, responseHeaders } from "./internal/forward.ts"
import type { Recorder } from "./Recorder.ts"
import { routeOf } from "./Recording.ts"

/**
 * Options of the proxy.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The address of the server. */
  readonly to: URL
  readonly providers: SmsProviders["Service"]
  readonly recorder: Recorder
  /** As those of the server, because the carrier signs the URL that it calls. */
  readonly publicUrl?: string | ReadonlyArray<string> | undefined
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  readonly trustedProxies?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
}

/** How long the server may take to answer. Carriers do not wait as long. */
const timeout = "30 seconds"

const unreachable = HttpServerResponse.text("The server that webhooks are passed on to does not answer\n", {
  status: 502
})

/**
 * Makes the handler of the proxy's requests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ allowedHosts, providers, publicUrl, recorder, to, trustedProxies = [] }: Options) => {
  const logRefusal = RefusalLog.make()

  const verify = Effect.fnUntraced(function*(
    provider: SmsProviders["Service"]["all"][number],
    request: HttpServerRequest.HttpServerRequest,
    body: Uint8Array
  ) {
    const candidates = PublicUrl.candidates(request, { publicUrl, trustedProxies })
    const reason = PublicUrl.hostFault(candidates[0], allowedHosts)
    if (reason !== undefined) return yield* new WebhookError({ provider: provider.name, reason })
    const { method, headers } = request
    const webhook = WebhookRequest.make({ method, url: candidates[0].url, headers, body })
    return yield* verifyAny(provider, webhook, candidates)
  })

  /** Records a request if it is an authentic webhook. */
  const observe = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest, body: Uint8Array) {
    const called = routeOf(request.originalUrl)
    const provider = called === undefined ? undefined : Option.getOrUndefined(providers.find(called.provider))
    if (called === undefined || provider === undefined) return
    yield* Effect.matchEffect(verify(provider, request, body), {
      onSuccess: (webhook) => recorder.record(webhook, called.route),
      onFailure: (error) => Effect.andThen(logRefusal(error), recorder.refuse)
    })
  })

  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const read = yield* Effect.result(RequestBody.read(request, { limit: RequestBody.defaultLimit }))
    if (read._tag === "Failure") {
      const problem = read.failure._tag === "BodyTimeout"
        ? new Problems.RequestTimeout({ detail: read.failure.message })
        : Problems.fromReason(read.failure)
      return yield* HttpServerRespondable.toResponse(problem)
    }
    const body = read.success
    yield* observe(request, body)
    const { rawHeaders } = NodeHttpServerRequest.toIncomingMessage(request)
    return yield* forward({ to, method: request.method, path: request.originalUrl, rawHeaders, body }).pipe(
      Effect.map((response) =>
        HttpServerResponse.raw(response, {
          status: response.statusCode ?? 502,
          headers: responseHeaders(response) as Record<string, string>
        })
      ),
      Effect.timeout(timeout),
      Effect.catch(() => Effect.as(Effect.logError("The server does not answer"), unreachable))
    )
  })
}
