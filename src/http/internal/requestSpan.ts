/**
 * Traces each request by its route. Effect's own span of a request has the path
 * and the query, which may contain a token, a phone number or the name of a
 * private file.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** Returns whether a request must not be traced. */
export type IsUntraced = (request: HttpServerRequest.HttpServerRequest) => boolean

/** Disables Effect's own span of a request. */
export const layerDisabled: Layer.Layer<never> = Layer.succeed(HttpMiddleware.TracerDisabledWhen, () => true)

/** The message of such an error names the path. */
export const isRequestError = (reason: Cause.Reason<unknown>): boolean =>
  reason._tag === "Fail" && HttpServerError.isHttpServerError(reason.error)

/** Returns the exit of the span, which has failed if the response is a server error or nobody waits for it. */
const spanExit = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>) => {
  const [{ status }, cause] = Exit.isSuccess(exit)
    ? [exit.value, Option.none()] as const
    : HttpServerError.causeResponseStripped(exit.cause)
  const reasons = Option.match(cause, {
    onNone: () => [],
    onSome: ({ reasons }) => reasons.filter((reason) => !isRequestError(reason))
  })
  const outcome = status < 500 && !reasons.some((reason) => reason._tag === "Interrupt")
    ? Exit.void
    : reasons.length > 0
    ? Exit.failCause(Cause.fromReasons(reasons))
    : Exit.fail(`The response has the status ${status}`)
  return { outcome, status }
}

/** Wraps a request in a span, which the router and {@link layerDisabled} give the route and no path. */
export const requestSpan = <E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  isUntraced: IsUntraced
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.withFiber((fiber) => {
    const request = Context.getUnsafe(
      fiber.context as Context.Context<HttpServerRequest.HttpServerRequest>,
      HttpServerRequest.HttpServerRequest
    )
    // The default tracer exports nothing.
    if (fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer || isUntraced(request)) return app
    const { headers, method, remoteAddress } = request
    const options: Tracer.SpanOptions = {
      kind: "server",
      parent: Option.getOrUndefined(HttpTraceContext.fromHeaders(headers)),
      attributes: {
        "http.request.method": method,
        ...(headers["user-agent"] !== undefined && { "user_agent.original": headers["user-agent"] }),
        ...(Option.isSome(remoteAddress) && { "client.address": remoteAddress.value })
      }
    }
    return Effect.flatMap(
      Effect.makeSpan(fiber.getRef(HttpMiddleware.SpanNameGenerator)(request), options),
      (span) =>
        Effect.onExit(Effect.withParentSpan(app, span), (exit) =>
          Effect.map(Clock.currentTimeNanos, (now) => {
            const { outcome, status } = spanExit(exit)
            span.attribute("http.response.status_code", status)
            span.end(now, outcome)
          }))
    )
  })
