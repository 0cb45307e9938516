/**
 * Effect's middleware for the headers of trusted proxies, within a limit.
 */
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as IpNetwork from "effect/net/IpNetwork"

/** The longest `X-Forwarded-For` that is read: two dozen addresses. A caller may write a thousand. */
const maxLength = 1024

/** Applies the headers of trusted proxies. A list that is too long leaves the request as it is. */
export const forwardedHeaders = (trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>) => {
  const apply = HttpMiddleware.xForwardedHeaders({ trustedProxies })
  return <E, R>(
    app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> => {
    const applied = apply(app)
    return Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      ({ headers }) => (headers["x-forwarded-for"]?.length ?? 0) > maxLength ? app : applied
    )
  }
}
