/**
 * Logs each request by its route, never by its path: a path may contain a
 * token, a phone number or the name of a private file.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Histograms from "../../internal/histograms.ts"
import { isRequestError } from "./requestSpan.ts"

/** What the log takes of the router's `RouteContext`. */
export interface RouteMatch {
  readonly params: Readonly<Record<string, string | undefined>>
  readonly route: { readonly path: string }
}

type App<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

/** What the access log learns of a request from those who handle it. */
interface Noted {
  match: RouteMatch | undefined
  token: string | undefined
}

/** What was noted about the current request. */
const NotedRequest = Context.Reference<Noted | undefined>(
  "effect-sms/http/accessLog/NotedRequest",
  { defaultValue: () => undefined }
)

// Effect's own logger reads the same key, which `HttpMiddleware.withLoggerDisabled` sets and Effect does not export.
const RequestState = Context.Service<{ readonly loggerDisabled: boolean }>("effect/http/HttpEffect/CurrentRequestState")

/**
 * Tells the access log which route was found. It must be the innermost
 * middleware: an outer one may already have restored the context of the request.
 */
const layerFoundRoute = HttpRouter.middleware(
  (app) =>
    Effect.withFiber((fiber) => {
      const noted = fiber.getRef(NotedRequest)
      return noted === undefined ? app : Effect.onExit(app, () =>
        Effect.sync(() => {
          noted.match = Option.getOrUndefined(Context.getOption(fiber.context, HttpRouter.RouteContext))
        }))
    }),
  { global: true }
)

/** Tells the access log the name of the token that the request has. */
export const noteToken = (name: string): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const noted = fiber.getRef(NotedRequest)
    if (noted !== undefined) noted.token = name
    return Effect.void
  })

/** Provides the routes with what {@link accessLog} needs from the router. */
export const noted = <A, E, R>(routes: Layer.Layer<A, E, R>) => Layer.provideMerge(layerFoundRoute, routes)

/** Returns the path of a route. A provider's name is filled in, unless the response is that there is none. */
const pathOf = (match: RouteMatch | undefined, status: number): string => {
  if (match === undefined) return "none"
  const { params: { provider }, route: { path } } = match
  return provider === undefined || status === 404 ? path : path.replace(":provider", provider)
}

const isAbort = (reason: Cause.Reason<unknown>): boolean =>
  reason._tag === "Interrupt" && reason.annotations.has(HttpServerError.ClientAbort.key)

const messageOf = (cause: Option.Option<Cause.Cause<unknown>>): Cause.Cause<unknown> | string =>
  Option.isSome(cause) && !cause.value.reasons.every((reason) => isAbort(reason) || isRequestError(reason))
    ? cause.value
    : "Sent HTTP response"

const duration = Histograms.makeUnsafe("sms_http_request_seconds", {
  description: "The duration of requests by method, route and status",
  boundaries: Histograms.seconds
})

/** A stream lasts as long as its reader wants, which tells nothing of the server. */
const streamRoute = "/events"

/** A request that was answered. */
export interface Answered {
  readonly method: string
  readonly match: RouteMatch | undefined
  readonly status: number
  readonly cause?: Option.Option<Cause.Cause<unknown>>
  readonly token?: string | undefined
  /** The time when it came, of the monotonic clock. */
  readonly begun: bigint
}

/** Measures the duration of a request and logs its method, route and status, as `HttpMiddleware.logger` does with the path. */
export const record = (
  { begun, cause = Option.none(), match, method, status, token }: Answered,
  isSilent: boolean
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const route = pathOf(match, status)
    if (route !== streamRoute) {
      const seconds = Number(fiber.getRef(Clock.Clock).monotonicTimeNanosUnsafe() - begun) / 1e9
      duration(fiber.context, `${method} ${status} ${route}`, { method, route, status: String(status) }, seconds)
    }
    if (isSilent) return Effect.void
    return Effect.annotateLogs(Effect.log(messageOf(cause)), {
      "http.method": method,
      "http.route": route,
      "http.status": status,
      ...(token !== undefined && { token })
    })
  })

/** Records each request. */
export const accessLog = <E, R>(
  app: App<E, R>,
  { isSilent }: { readonly isSilent: boolean }
): App<E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.withFiber((fiber) => {
    const { method } = Context.getUnsafe(
      fiber.context as Context.Context<HttpServerRequest.HttpServerRequest>,
      HttpServerRequest.HttpServerRequest
    )
    const state = Context.getOrUndefined(fiber.context, RequestState)
    const noted: Noted = { match: undefined, token: undefined }
    const begun = fiber.getRef(Clock.Clock).monotonicTimeNanosUnsafe()
    const log = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, E>) => {
      const [{ status }, cause] = Exit.isSuccess(exit)
        ? [exit.value, Option.none()] as const
        : HttpServerError.causeResponseStripped(exit.cause)
      return record({ ...noted, method, status, cause, begun }, isSilent || state?.loggerDisabled === true)
    }
    return Effect.provideService(app, NotedRequest, noted).pipe(
      Effect.exit,
      Effect.flatMap((exit) => Effect.andThen(log(exit), exit)),
      Effect.withLogSpan("http.span")
    )
  })
