/**
 * Ends connections after their next answer while the server asks load balancers
 * for no more requests: a connection that stays open would bring them.
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Leaving } from "../Draining.ts"

const close = HttpEffect.appendPreResponseHandler((_, response) =>
  Effect.succeed(HttpServerResponse.setHeader(response, "connection", "close"))
)

/** Makes a function that returns whether connections end. */
export const make = Effect.gen(function*() {
  const leaving = yield* Leaving
  let isLeaving = false
  yield* Effect.forkScoped(Effect.andThen(leaving, Effect.sync(() => isLeaving = true)))
  return () => isLeaving
})

/** Makes the middleware. */
export const closing = (isLeaving: () => boolean) =>
<E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.suspend(() => isLeaving() ? Effect.andThen(close, app) : app)
