/**
 * Answers webhooks in front of the router.
 *
 * Most requests of a gateway are webhooks, and to find their route and to build
 * its context takes longer than to verify and decode them. The routes do the
 * same for whatever the front leaves to them: other spellings of a path,
 * providers that are not known, and requests that are traced.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { SmsProviders } from "../../provider/SmsProviders.ts"
import * as AccessLog from "./accessLog.ts"
import { forwardedHeaders } from "./forwardedHeaders.ts"
import { withSafeHeaders } from "./safeHeaders.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** Answers a request, or leaves it to the router. */
export type Answer = (request: Request) => Effect.Effect<Response, never, Request> | undefined

/** Where the routes put their answer, for the front that serves them. */
export const WebhookFront: Context.Reference<{ answer: Answer } | undefined> = Context.Reference(
  "effect-sms/http/WebhookFront",
  { defaultValue: (): { answer: Answer } | undefined => undefined }
)

/** A path of {@link WebhookApi} as carriers are told to write it. */
const path = /^\/webhooks\/sms\/([\w-]+)\/(inbound|status)(?:\?|$)/

export interface Options {
  readonly providers: SmsProviders["Service"]
  readonly trustedProxies?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /** Verifies and processes a webhook. */
  readonly handle: (provider: Provider, request: Request) => Effect.Effect<
    Response,
    HttpServerRespondable.Respondable,
    Request
  >
}

/** Makes the answer. */
export const make = ({ handle, providers, trustedProxies = [] }: Options): Answer => {
  const forwarded = trustedProxies.length === 0 ? undefined : forwardedHeaders(trustedProxies)
  return ({ method, url }) => {
    if (method !== "POST" && method !== "GET") return undefined
    const [, name = "", kind] = path.exec(url) ?? []
    const provider = Option.getOrUndefined(providers.find(name))
    if (provider === undefined) return undefined
    const answered = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => handle(provider, request)).pipe(
      Effect.catch((problem) => HttpServerRespondable.toResponse(problem)),
      Effect.map(withSafeHeaders),
      Effect.interruptible
    )
    return AccessLog.noteRoute(
      { params: { provider: name }, route: { path: `/webhooks/sms/:provider/${kind}` } },
      forwarded === undefined ? answered : forwarded(answered)
    )
  }
}

/** Lets the server in the context ask the front before the router. */
export const layer = (front: { readonly answer: Answer }) =>
  Layer.effect(
    HttpServer.HttpServer,
    Effect.map(HttpServer.HttpServer, (server) =>
      HttpServer.HttpServer.of({
        ...server,
        serve: (routed: Effect.Effect<Response, unknown, unknown>, ...middleware: ReadonlyArray<unknown>) =>
          server.serve(
            Effect.withFiber((fiber) => {
              const request = Context.getUnsafe(
                fiber.context as Context.Context<Request>,
                HttpServerRequest.HttpServerRequest
              )
              const isTraced = fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer
              return isTraced ? routed : front.answer(request) ?? routed
            }),
            ...middleware as []
          )
      }))
  )
