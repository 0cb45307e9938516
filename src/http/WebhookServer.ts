/**
 * The server side of `WebhookApi`: verification, handlers and routes.
 *
 * @since 0.1.0
 */
import * as ByteSize from "effect/ByteSize"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Secrets from "../internal/secrets.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import type { Service as Provider } from "../SmsProvider.ts"
import { SmsProviders } from "../SmsProviders.ts"
import { PayloadTooLarge, WebhookError } from "../WebhookError.ts"
import * as WebhookRequest from "../WebhookRequest.ts"
import * as Problems from "./Problems.ts"
import { AdminAuthorization, CurrentWebhook, VerifyWebhook, WebhookApi } from "./WebhookApi.ts"

/**
 * Options of the server.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * Scheme, host and path prefix that carriers call, for example
   * `https://sms.example.com`. Twilio signs the URL, so behind a proxy this or
   * `trustedProxies` is needed. Without both, the URL is `http` and the `Host`
   * header.
   */
  readonly publicUrl?: string | undefined
  /** The networks whose `X-Forwarded-*` headers are believed. None by default. */
  readonly trustedProxies?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /** The largest body that is read. 1 MiB by default, many times what a carrier sends. */
  readonly maxBodyBytes?: number | undefined
  /**
   * How long a webhook waits for its processing before it is acknowledged all
   * the same, and the processing goes on. 1.5 seconds by default: Telnyx waits
   * 2 seconds (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
   */
  readonly acknowledgeAfter?: Duration.Input | undefined
  /** The bearer token of the inspection endpoints. They are closed without one. */
  readonly adminToken?: Redacted.Redacted<string> | undefined
}

/** The URL that the carrier called. Only the path and the query come from the request when the base is known. */
const publicUrlOf = (request: HttpServerRequest.HttpServerRequest, publicUrl: string | undefined): string => {
  const path = request.originalUrl.replace(/^[a-z]+:\/\/[^/?#]*/i, "")
  return publicUrl === undefined
    ? `${request.protocol ?? "http"}://${request.headers["host"] ?? "localhost"}${path}`
    : publicUrl.replace(/\/+$/, "") + path
}

const logRefused = ({ provider, reason }: WebhookError) =>
  Effect.annotateLogs(Effect.logWarning(`Webhook refused: ${reason.message}`), { provider, reason: reason._tag })

const layerVerifyWebhook = (options: Options) =>
  Layer.effect(
    VerifyWebhook,
    Effect.gen(function*() {
      const providers = yield* SmsProviders
      const limit = options.maxBodyBytes ?? 1024 * 1024
      const tooLarge = new PayloadTooLarge({ limit })

      const read = (provider: Provider, request: HttpServerRequest.HttpServerRequest) =>
        request.arrayBuffer.pipe(
          Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
          Effect.catch(({ reason }) =>
            reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
              ? Effect.fail(new WebhookError({ provider: provider.name, reason: tooLarge }))
              // The connection broke, so nobody is there to answer.
              : Effect.interrupt
          ),
          Effect.map((body) =>
            WebhookRequest.make({
              method: request.method,
              url: publicUrlOf(request, options.publicUrl),
              headers: request.headers,
              body: new Uint8Array(body)
            })
          )
        )

      const verify = Effect.fnUntraced(function*(name: string, request: HttpServerRequest.HttpServerRequest) {
        const provider = yield* providers.get(name)
        return { provider, webhook: yield* provider.verify(yield* read(provider, request)) }
      })

      return VerifyWebhook.of(Effect.fnUntraced(function*(next) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const { provider: name = "" } = yield* HttpRouter.params
        const current = yield* verify(name, request).pipe(
          Effect.tapError(logRefused),
          Effect.mapError(({ reason }) => Problems.fromReason(reason))
        )
        return yield* Effect.provideService(next, CurrentWebhook, current)
      }))
    })
  )

const layerAdminAuthorization = ({ adminToken }: Options) =>
  Layer.effect(
    AdminAuthorization,
    Effect.gen(function*() {
      const isToken = adminToken === undefined
        ? () => Effect.succeed(false)
        : yield* Secrets.matcher("WebhookServer", adminToken)
      return AdminAuthorization.of({
        bearer: Effect.fnUntraced(function*(next, { credential }) {
          if (yield* isToken(Redacted.value(credential))) return yield* next
          return yield* new Problems.Unauthorized({})
        })
      })
    })
  )

/**
 * Decodes and processes the current webhook, and answers as the carrier wants
 * it. A carrier repeats what is answered late or with an error, so slow work
 * goes on in the background and only a real failure is an error.
 */
const layerWebhooks = (options: Options) =>
  HttpApiBuilder.group(
    WebhookApi,
    "webhooks",
    Effect.fnUntraced(function*(handlers) {
      const kit = yield* RoomKit
      const working = yield* FiberSet.make<unknown>()
      yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(working), "10 seconds"))

      const handle = Effect.fnUntraced(function*() {
        const { provider, webhook } = yield* CurrentWebhook
        const events = yield* provider.decode(webhook).pipe(
          Effect.tapError(logRefused),
          Effect.mapError(({ reason }) => Problems.fromReason(reason))
        )
        const fiber = yield* kit.processEvents(events).pipe(
          Effect.tapCause((cause) => Effect.logError("A webhook could not be processed", cause)),
          FiberSet.run(working)
        )
        yield* Effect.timeoutOption(Fiber.join(fiber), options.acknowledgeAfter ?? "1500 millis").pipe(
          Effect.catchDefect(() => Effect.fail(new Problems.InternalServerError({})))
        )
        const { body, contentType, status } = provider.acknowledgement
        return HttpServerResponse.text(body, { status, contentType })
      })

      return handlers
        .handleRaw("inbound", handle)
        .handleRaw("status", handle)
        .handleRaw("inboundGet", handle)
        .handleRaw("statusGet", handle)
    })
  )

const layerInspection = HttpApiBuilder.group(
  WebhookApi,
  "inspection",
  Effect.fnUntraced(function*(handlers) {
    const kit = yield* RoomKit
    return handlers.handleAll({
      rooms: () => kit.rooms,
      roomEvents: ({ params }) =>
        Effect.mapError(kit.events(params.id), () => new Problems.NotFound({ detail: "Unknown room" })),
      statuses: () => kit.statuses
    })
  })
)

const layerSystem = HttpApiBuilder.group(
  WebhookApi,
  "system",
  (handlers) => Effect.succeed(handlers.handleAll({ health: () => Effect.succeed({ status: "ok" as const }) }))
)

/**
 * The routes: webhooks, inspection, `/health`, `/openapi.json` and `/docs`.
 *
 * Serve them with `HttpRouter.serve`, or make a Fetch API handler of them with
 * `HttpRouter.toWebHandler`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}) => {
  const { trustedProxies = [] } = options
  return Layer.mergeAll(
    HttpApiBuilder.layer(WebhookApi, { openapiPath: "/openapi.json" }),
    HttpApiScalar.layer(WebhookApi, { path: "/docs" }),
    HttpRouter.middleware(HttpMiddleware.xForwardedHeaders({ trustedProxies }), { global: true }),
    // Queries hold tokens, and the whole message when Twilio calls with GET.
    HttpRouter.middleware(Effect.provideService(UrlParams.CurrentRedactedNames, [/(?:)/]), { global: true })
  ).pipe(
    Layer.provide([layerWebhooks(options), layerInspection, layerSystem]),
    Layer.provide([layerVerifyWebhook(options), layerAdminAuthorization(options)])
  )
}
