/**
 * Headers of every answer: a browser takes the content type as it is, and no
 * cache keeps what may be personal data.
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

export const safeHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff"
} as const

/** Adds the headers that the response does not set itself. */
export const withSafeHeaders = (response: HttpServerResponse.HttpServerResponse) =>
  HttpServerResponse.setHeaders(response, { ...safeHeaders, ...response.headers })

/** Adds the headers to the answers of the routes that it is provided to, also when they fail or die. */
export const layer = HttpRouter.middleware((app) =>
  Effect.withFiber((fiber) => {
    HttpEffect.appendPreResponseHandlerUnsafe(
      fiber.context,
      (_request, response) => Effect.succeed(withSafeHeaders(response))
    )
    return app
  })
).layer
