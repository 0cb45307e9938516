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

export const header = "x-request-id"

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

/** Adds the id to the headers, and to the body of a problem. */
export const withId = (
  response: HttpServerResponse.HttpServerResponse,
  id: string
): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  if (body._tag !== "Uint8Array" || body.contentType !== ProblemDetails.contentType) {
    return HttpServerResponse.setHeader(response, header, id)
  }
  const problem: unknown = JSON.parse(decoder.decode(body.body))
  const bytes = encoder.encode(JSON.stringify({ ...problem as object, requestId: id }))
  return HttpServerResponse.uint8Array(bytes, {
    status: response.status,
    contentType: ProblemDetails.contentType,
    headers: { ...response.headers, [header]: id },
    cookies: response.cookies
  })
}

/** Returns the id of a request: its own `x-request-id` if it has a usable one, else a new one. */
export type IdOf = (headers: Readonly<Record<string, string | undefined>>) => string

/** The annotation that lines of the log have. */
export const annotation = "request.id"

export const make: Effect.Effect<IdOf> = Effect.map(generator, (next) => (headers) => {
  const given = headers[header]
  return given !== undefined && isSane(given) ? given : next()
})

/** Makes the middleware. */
export const identified = (idOf: IdOf) =>
<E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const id = idOf(request.headers)
    return Effect.andThen(
      HttpEffect.appendPreResponseHandler((_, response) => Effect.succeed(withId(response, id))),
      app
    ).pipe(
      Effect.annotateLogs({ [annotation]: id }),
      Effect.tap(Effect.ignore(Effect.annotateCurrentSpan({ [annotation]: id })))
    )
  })
