/**
 * Gives each request an id, which is in its logs, its span, the header
 * `x-request-id` of the response, and the body of a problem.
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Random from "effect/Random"

const header = "x-request-id"

/** What a proxy may send: anything else could forge a line of the log. */
const isSane = (id: string): boolean => /^[\w.:-]{1,64}$/.test(id)

/** Makes ids that are unique across processes: a random prefix and a number. */
const generator = Effect.gen(function*() {
  const prefix = (yield* Random.nextIntBetween(0, 0x1_0000_0000)).toString(16).padStart(8, "0")
  let count = 0
  return () => `${prefix}-${(++count).toString(36)}`
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Adds the id to the body of a problem. */
const withId = (response: HttpServerResponse.HttpServerResponse, id: string): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  if (body._tag !== "Uint8Array" || body.contentType !== ProblemDetails.contentType) return response
  const problem: unknown = JSON.parse(decoder.decode(body.body))
  const bytes = encoder.encode(JSON.stringify({ ...problem as object, requestId: id }))
  return HttpServerResponse.uint8Array(bytes, {
    status: response.status,
    contentType: ProblemDetails.contentType,
    headers: response.headers,
    cookies: response.cookies
  })
}

/**
 * Makes the middleware. The id is the request's own `x-request-id` if it has a
 * usable one, else a new one.
 */
export const make = Effect.map(generator, (next) =>
<E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const given = request.headers[header]
    const id = given !== undefined && isSane(given) ? given : next()
    return Effect.andThen(
      HttpEffect.appendPreResponseHandler((_, response) =>
        Effect.succeed(HttpServerResponse.setHeader(withId(response, id), header, id))
      ),
      app
    ).pipe(
      Effect.annotateLogs({ "request.id": id }),
      Effect.tap(Effect.ignore(Effect.annotateCurrentSpan({ "request.id": id })))
    )
  }))
