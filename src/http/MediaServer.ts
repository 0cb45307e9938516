/**
 * Serves the files of a `MediaStore` under `/media`.
 *
 * A file comes from a stranger and goes to a browser, a carrier or an AI
 * provider. So it is served under the type that its bytes were found to have,
 * with `nosniff`, and with a policy under which it can neither run nor load
 * anything.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { extensionOf } from "../media/internal/storeRules.ts"
import type { MediaError } from "../media/MediaError.ts"
import { MediaStore } from "../media/MediaStore.ts"
import type { StoredMedia } from "../media/StoredMedia.ts"
import * as ByteRange from "./ByteRange.ts"
import { setHeaders } from "./internal/headers.ts"
import { MediaApi } from "./MediaApi.ts"
import * as Problems from "./Problems.ts"
import * as WebhookServer from "./WebhookServer.ts"

/**
 * What a browser shows by itself without running it. SVG is not among it: an
 * SVG file is a document with scripts.
 */
const isShown = (contentType: string): boolean =>
  /^(?:image|audio|video)\//.test(contentType) && !contentType.startsWith("image/svg")

const headersOf = ({ contentType, id }: StoredMedia) => ({
  "accept-ranges": "bytes",
  // The bytes of an id never change. `private`: no cache that others share is to keep a customer's picture.
  "cache-control": "private, max-age=86400, immutable",
  "content-disposition": `${isShown(contentType) ? "inline" : "attachment"}; filename="${id}${
    extensionOf(contentType)
  }"`,
  "content-security-policy": "default-src 'none'; sandbox",
  "content-type": contentType,
  "x-content-type-options": "nosniff",
  etag: `"${id}"`
})

const refuse = Effect.fnUntraced(function*(error: MediaError) {
  if (error.reason._tag === "NotStored") return yield* new Problems.NotFound({})
  yield* Effect.logError("A stored file could not be read", { reason: error.message })
  return yield* new Problems.InternalServerError({})
})

const handlers = HttpApiBuilder.group(
  MediaApi,
  "media",
  Effect.fnUntraced(function*(handlers) {
    const store = yield* MediaStore

    const file = Effect.fnUntraced(function*(name: string, asked: {
      readonly range?: string
      readonly "if-range"?: string
      readonly "if-none-match"?: string
    }) {
      const { media, stream } = yield* Effect.catch(store.get(name), refuse)
      const { size } = media
      const { etag, ...headers } = headersOf(media)
      if (ByteRange.isKnown(asked["if-none-match"], etag)) {
        return HttpServerResponse.empty({ status: 304, headers: { etag, "cache-control": headers["cache-control"] } })
      }
      const range = ByteRange.parse(ByteRange.isStillThe(asked["if-range"], etag) ? asked.range : undefined, size)
      switch (range._tag) {
        case "Whole":
          return HttpServerResponse.stream(stream, { headers: { etag, ...headers }, contentLength: size })
        case "Unsatisfiable":
          yield* setHeaders({ "content-range": `bytes */${size}` })
          return yield* new Problems.RangeNotSatisfiable({})
        case "Part": {
          const { end, start } = range
          const part = yield* Effect.catch(store.get(name, { start, end }), refuse)
          return HttpServerResponse.stream(part.stream, {
            status: 206,
            headers: { etag, ...headers, "content-range": `bytes ${start}-${end}/${size}` },
            contentLength: end - start + 1
          })
        }
      }
    })

    // Whoever knows the path can read the file, so it is not for the log.
    return handlers.handleRaw(
      "file",
      ({ headers: { range, ...headers }, params, request }) =>
        HttpMiddleware.withLoggerDisabled(
          // A range is defined for GET alone.
          file(params.name, request.method === "GET" && range !== undefined ? { range, ...headers } : headers)
        )
    )
  })
)

/**
 * The route `/media/:name`, to be served beside the routes of `WebhookServer`
 * and the application's own. Serve it with {@link serve}, or with
 * `WebhookServer.serveRoutes`; add {@link layerUntraced} then.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = Layer.provide(HttpApiBuilder.layer(MediaApi), handlers)

/**
 * Keeps requests for files out of traces: whoever knows the path can read the
 * file. To be provided to `HttpRouter.serve`, because the span of a request
 * begins before its route is known.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerUntraced: Layer.Layer<never> = Layer.succeed(
  HttpMiddleware.TracerDisabledWhen,
  ({ url }) => /^\/+media\//i.test(url)
)

/**
 * Serves the routes of `WebhookServer` and {@link layer}, and nothing else, on
 * the `HttpServer` that is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const serve = (options?: WebhookServer.Options, serveOptions?: WebhookServer.ServeOptions) =>
  Layer.provide(
    WebhookServer.serveRoutes(Layer.mergeAll(WebhookServer.layer(options), layer), serveOptions),
    layerUntraced
  )
