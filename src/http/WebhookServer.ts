/**
 * The server side of `WebhookApi`: verification, handlers and routes.
 *
 * **Example** (A server for one carrier)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 * import { RoomKit, SmsProviders, Twilio, WebhookServer } from "effect-sms"
 * import * as NodeServer from "effect-sms/http/NodeServer"
 *
 * export const Server = WebhookServer.serve({ publicUrl: "https://sms.example.com" }).pipe(
 *   Layer.provide([RoomKit.layer(), SmsProviders.layer(Twilio.layerWebhook({ authToken: Redacted.make("…") }))]),
 *   Layer.provide([NodeCrypto.layer, NodeServer.layer({ port: 3000 })])
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Exchanges } from "../provider/Exchanges.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { UnknownProvider, WebhookError } from "../WebhookError.ts"
import * as AccessLog from "./internal/accessLog.ts"
import * as Authorization from "./internal/authorization.ts"
import * as CloseConnections from "./internal/closeConnections.ts"
import * as Cursors from "./internal/cursors.ts"
import * as DocsPage from "./internal/docsPage.ts"
import { forwardedHeaders } from "./internal/forwardedHeaders.ts"
import { NodeFronted } from "./internal/nodeFronted.ts"
import { checker } from "./internal/readiness.ts"
import * as ReadRequest from "./internal/readRequest.ts"
import * as RequestBody from "./internal/requestBody.ts"
import * as RequestId from "./internal/requestId.ts"
import * as RequestSpan from "./internal/requestSpan.ts"
import * as SafeHeaders from "./internal/safeHeaders.ts"
import { storageFailed } from "./internal/storageFailed.ts"
import * as WebhookFront from "./internal/webhookFront.ts"
import * as Processing from "./internal/webhookProcessing.ts"
import * as Verification from "./internal/webhookVerification.ts"
import { MetricsText } from "./MetricsText.ts"
import * as Problems from "./Problems.ts"
import type * as Tokens from "./Tokens.ts"
import { CurrentWebhook, VerifyWebhook, WebhookApi } from "./WebhookApi.ts"

/**
 * Options of the server.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The scheme, host and path prefix that carriers call, for example
   * `https://sms.example.com`. Twilio signs the URL, so behind a proxy this or
   * `trustedProxies` is required. Without either, the URL is built from `http`
   * and the `Host` header. With several, for a move or a second ingress, a
   * webhook may be signed for each, and the log says for which.
   */
  readonly publicUrl?: string | ReadonlyArray<string> | undefined
  /**
   * The hosts that a request may name, for example `sms.example.com`, where
   * there is no `publicUrl`. Any by default: the `Host` header then decides which
   * URL Twilio must have signed, so that a webhook for another application of
   * the account is accepted too.
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /**
   * The networks whose `X-Forwarded-Proto`, `-Host` and `-For` headers are
   * trusted. None by default.
   */
  readonly trustedProxies?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /**
   * The maximum size of a body in bytes. 1 MiB by default; for a webhook the
   * limit of its carrier if that is lower.
   */
  readonly maxBodyBytes?: number | undefined
  /**
   * How long the body of a request may take to arrive, or the caller gets 408
   * and the connection is closed. 10 seconds by default: carriers send it at
   * once. The headers arrive before the routes see a request:
   * `effect-sms/http/NodeServer` has their limit.
   */
  readonly bodyTimeout?: Duration.Input | undefined
  /**
   * How long the handling of a verified webhook may take before the carrier gets
   * 503, and redelivers it. 15 seconds by default, after which no carrier waits.
   * It is reached only when a store does not answer: processing itself continues
   * after `acknowledgeAfter`.
   */
  readonly handlingTimeout?: Duration.Input | undefined
  /**
   * How long to process a webhook before it is acknowledged anyway; processing
   * then continues in the background. 1.5 seconds by default: Telnyx times out
   * after 2 seconds
   * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
   */
  readonly acknowledgeAfter?: Duration.Input | undefined
  /**
   * The maximum bytes of the verified webhooks, body and URL, that are processed
   * at the same time, also in the background. 16 MiB by default, tens of
   * thousands of usual webhooks. Beyond it, the carrier gets 503 and redelivers.
   */
  readonly maxProcessingBytes?: number | undefined
  /** How long shutdown waits for background processing. 10 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
  /** The bearer token with every scope. Without one, and without `tokens`, all endpoints that need a token are closed. */
  readonly adminToken?: Redacted.Redacted<string> | undefined
  /** Other bearer tokens, each with its scopes and its rate limit. */
  readonly tokens?: ReadonlyArray<Tokens.Token> | undefined
}

/** The verification and the processing of webhooks, which the middleware, the routes and the front share. */
class Webhooks extends Context.Service<Webhooks, {
  readonly verification: ReturnType<typeof Verification.make>
  readonly process: Effect.Success<ReturnType<typeof Processing.make>>
}>()("effect-sms/http/WebhookServer/Webhooks") {}

/** What trusted proxies write, and the URL may depend on. */
const forwardedNames = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]

const layerShared = (options: Options) =>
  Layer.effect(
    Webhooks,
    Effect.gen(function*() {
      const exchanges = yield* Exchanges
      const verification = Verification.make(options, exchanges)
      const process = yield* Processing.make(options, exchanges)
      const front = yield* WebhookFront.WebhookFront
      if (front !== undefined) {
        const { publicUrl, trustedProxies = [] } = options
        const usesProxies = trustedProxies.length > 0 && typeof publicUrl !== "string" && publicUrl?.length !== 1
        front.handlers = {
          providers: yield* SmsProviders,
          verification,
          isForwarded: (headers) => usesProxies && forwardedNames.some((name) => headers[name] !== undefined),
          handle: (...asked) => Effect.flatMap(verification.verifyBody(...asked), process)
        }
      }
      return { verification, process }
    })
  )

const layerVerifyWebhook = Layer.effect(
  VerifyWebhook,
  Effect.gen(function*() {
    const { verification } = yield* Webhooks
    const providers = yield* SmsProviders
    const unknown = new WebhookError({
      provider: "unknown",
      reason: new UnknownProvider({ known: providers.all.map(({ name }) => name) })
    })
    return VerifyWebhook.of(Effect.fnUntraced(function*(next) {
      const request = yield* HttpServerRequest.HttpServerRequest
      const { provider: name = "" } = yield* HttpRouter.params
      const provider = providers.find(name)
      const current = yield* Option.isSome(provider)
        ? verification.verify(provider.value, request)
        : Effect.andThen(RequestBody.leave(request), verification.refuse(unknown))
      return yield* Effect.provideService(next, CurrentWebhook, current)
    }))
  })
)

const layerWebhooks = HttpApiBuilder.group(
  WebhookApi,
  "webhooks",
  (handlers) =>
    Effect.map(Webhooks, ({ process }) => {
      const handle = () =>
        Effect.map(
          Effect.flatMap(CurrentWebhook, process),
          ({ body, contentType, status }) => HttpServerResponse.text(body, { status, contentType })
        )
      return handlers
        .handleRaw("inbound", handle)
        .handleRaw("status", handle)
        .handleRaw("inboundGet", handle)
        .handleRaw("statusGet", handle)
    })
)

const roomCursors = Cursors.make(Schema.Struct({ activity: Schema.Int, id: Schema.String }))
const eventCursors = Cursors.make(Schema.Int)

const layerInspection = HttpApiBuilder.group(
  WebhookApi,
  "inspection",
  Effect.fnUntraced(function*(handlers) {
    const kit = yield* RoomKit
    return handlers.handleAll({
      rooms: Effect.fnUntraced(function*({ query: { cursor, limit, number, since, until } }) {
        const after = yield* roomCursors.placeOf(cursor)
        const said = since === undefined && until === undefined ? undefined : { since, until }
        const reading = kit.store.search({ ...Cursors.oneMore(limit), after, number, said })
        const found = yield* Effect.catch(reading, storageFailed)
        return roomCursors.page(found, limit, ({ room }) => room, ({ place }) => place)
      }),
      roomEvents: Effect.fnUntraced(function*({ params: { id }, query: { cursor, limit, ...span } }) {
        const before = yield* eventCursors.placeOf(cursor)
        const reading = kit.store.history(id, { ...span, ...Cursors.oneMore(limit), before })
        const found = yield* Effect.catch(reading, storageFailed)
        if (found === undefined) return yield* new Problems.NotFound({ detail: "Unknown room" })
        return eventCursors.page(found.toReversed(), limit, ({ event }) => event, ({ position }) => position)
      }),
      statuses: () => Effect.catch(kit.statuses, storageFailed)
    })
  })
)

const layerSystem = HttpApiBuilder.group(
  WebhookApi,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const checkReadiness = yield* checker
    return handlers.handleAll({
      live: () => Effect.succeed({ status: "live" as const }),
      ready: () => Effect.as(checkReadiness, { status: "ready" as const })
    })
  })
)

const layerTelemetry = HttpApiBuilder.group(
  WebhookApi,
  "telemetry",
  (handlers) => Effect.map(MetricsText, (text) => handlers.handleAll({ metrics: () => text }))
)

const isOtherMethod = ({ method, url }: HttpServerRequest.HttpServerRequest): boolean =>
  method !== "POST" && method !== "GET" && /^\/+webhooks\/+sms\/+[^/?#;]+\/+(inbound|status)\/*(?:[?#;]|$)/i.test(url)

/** Answers requests without a route with a problem too. */
const notFound = Effect.fnUntraced(function*(error: unknown) {
  if (!HttpServerError.isHttpServerError(error) || error.reason._tag !== "RouteNotFound") {
    return yield* Effect.fail(error)
  }
  const respond = (problem: HttpServerRespondable.Respondable) =>
    Effect.map(HttpServerRespondable.toResponse(problem), SafeHeaders.withSafeHeaders)
  return isOtherMethod(error.reason.request)
    ? HttpServerResponse.setHeader(yield* respond(new Problems.MethodNotAllowed({})), "allow", "GET, POST")
    : yield* respond(new Problems.NotFound({}))
})

/**
 * Provides the routes of an API that has the groups of `WebhookApi` and others,
 * whose handlers must be provided: one OpenAPI document and one documentation
 * page for all.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerApi = <Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<"effect-sms", Groups>,
  options: Options = {}
) => {
  const { trustedProxies = [] } = options
  return Layer.mergeAll(
    Layer.provide(Layer.merge(HttpApiBuilder.layer(api), DocsPage.layer(api)), SafeHeaders.layer),
    trustedProxies.length === 0
      ? Layer.empty
      : HttpRouter.middleware(forwardedHeaders(trustedProxies), { global: true }),
    HttpRouter.middleware((routes) => Effect.catch(routes, notFound), { global: true })
  ).pipe(
    Layer.provide([layerWebhooks, layerInspection, layerSystem, layerTelemetry]),
    Layer.provide([layerVerifyWebhook, Authorization.layer(options), ReadRequest.layer(options)]),
    Layer.provide(layerShared(options))
  )
}

/**
 * Provides the routes: webhooks, inspection, `/health`, `/metrics`, `/openapi.json` and
 * `/docs`.
 *
 * Serve only these with {@link serve}, or add the application's routes with
 * {@link serveRoutes}. With `HttpRouter.serve` or `HttpRouter.toWebHandler`,
 * add {@link layerRedactedQueries}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options) => layerApi(WebhookApi, options)

/**
 * Keeps all query values out of spans. A query may contain VoiceMeUp's token,
 * or the whole message when Twilio uses GET. Provide it to `HttpRouter.serve`:
 * the span of a request starts before its route is known.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedactedQueries: Layer.Layer<never> = Layer.succeed(UrlParams.CurrentRedactedNames, [/(?:)/])

/**
 * Options of {@link serve} and {@link serveRoutes}.
 *
 * @category models
 * @since 0.1.0
 */
export type ServeOptions = {
  /** Disables the log of requests. */
  readonly disableLogger?: boolean | undefined
  /** Disables the log of the listening address. */
  readonly disableListenLog?: boolean | undefined
  /**
   * Leaves webhooks to the router: for routes with global middleware that has to
   * see them. By default, `effect-sms/http/NodeServer` answers them in front of
   * the router, which takes a third of the time, and the router gets those that
   * are traced or whose body comes later than its headers. Other servers have the
   * router alone.
   */
  readonly disableFront?: boolean | undefined
}

/**
 * Serves routes on the `HttpServer` in the context, with {@link
 * layerRedactedQueries}. The log of requests and their spans have the routes and
 * never the paths, which may contain a token, a phone number or the name of a
 * file. Each request has an id, in its logs, its span and the header
 * `x-request-id`, and in the body of a problem.
 *
 * @category layers
 * @since 0.1.0
 */
export const serveRoutes = <A, E, R>(
  routes: Layer.Layer<A, E, R>,
  { disableFront = false, disableListenLog = false, disableLogger = false }: ServeOptions = {}
) => {
  const served = Effect.gen(function*() {
    const idOf = yield* RequestId.make
    const isLeaving = yield* CloseConnections.make
    const isUntraced = yield* HttpMiddleware.TracerDisabledWhen
    const server = disableFront ? undefined : yield* NodeFronted
    const front: WebhookFront.Front | undefined = server && { handlers: undefined }
    const installed = server === undefined || front === undefined
      ? Layer.empty
      : Layer.effectDiscard(WebhookFront.install({ server, front, idOf, isLeaving, isSilent: disableLogger }))
    return HttpRouter.serve(
      Layer.provide(AccessLog.noted(routes), Layer.succeed(WebhookFront.WebhookFront, front)),
      {
        disableListenLog,
        disableLogger: true,
        middleware: (app) => {
          const logged = AccessLog.accessLog(CloseConnections.closing(isLeaving)(app), { isSilent: disableLogger })
          return RequestSpan.requestSpan(RequestId.identified(idOf)(logged), isUntraced)
        }
      }
    ).pipe(Layer.provide([installed, RequestSpan.layerDisabled]))
  })
  return Layer.provide(Layer.unwrap(served), layerRedactedQueries)
}

/**
 * Serves only {@link layer}, on the `HttpServer` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const serve = (options?: Options, serveOptions?: ServeOptions) => serveRoutes(layer(options), serveOptions)
