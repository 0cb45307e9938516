/**
 * Serves the files of a `MediaStore` under `/media`.
 *
 * The files are untrusted and are opened by browsers, carriers and AI
 * providers. They are therefore served with the type detected from their bytes,
 * with `nosniff`, and with a content security policy under which they can
 * neither run nor load anything.
 *
 * **Example** (Serving webhooks and files)
 *
 * ```ts
 * import { NodeServices } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { FileMediaStore, MediaServer } from "effect-sms"
 * import * as NodeIncrementalHash from "effect-sms/media/NodeIncrementalHash"
 *
 * export const Server = MediaServer.serve({ publicUrl: "https://sms.example.com" }).pipe(
 *   Layer.provide(FileMediaStore.layer({ directory: "media", baseUrl: "https://sms.example.com/media" })),
 *   Layer.provide([NodeServices.layer, NodeIncrementalHash.layer])
 * )
 * ```
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
import * as SafeHeaders from "./internal/safeHeaders.ts"
import { MediaApi } from "./MediaApi.ts"
import * as Problems from "./Problems.ts"
import * as WebhookServer from "./WebhookServer.ts"

/**
 * Returns whether a browser can display the type without running code. SVG is
 * excluded: an SVG file is a document with scripts.
 */
const isShown = (contentType: string): boolean =>
  /^(?:image|audio|video)\//.test(contentType) && !contentType.startsWith("image/svg")

const headersOf = ({ contentType, id }: StoredMedia) => ({
  "accept-ranges": "bytes",
  // The bytes of an id never change. `private` keeps shared caches from storing customer files.
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
  yield* Effect.logError("Reading a stored media file failed", { reason: error.message })
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

    // The path is a capability; keep it out of logs.
    return handlers.handleRaw(
      "file",
      ({ headers: { range, ...headers }, params, request }) =>
        HttpMiddleware.withLoggerDisabled(
          // A range is defined only for GET.
          file(params.name, request.method === "GET" && range !== undefined ? { range, ...headers } : headers)
        )
    )
  })
)

/**
 * Provides the route `/media/:name`, to be combined with the routes of
 * `WebhookServer` and the application. Serve it with {@link serve}, or with
 * `WebhookServer.serveRoutes` and {@link layerUntraced}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = Layer.provide(HttpApiBuilder.layer(MediaApi), [handlers, SafeHeaders.layer])

/**
 * Keeps requests for files out of traces, because the path is a capability.
 * Provide it to `HttpRouter.serve`: the span of a request starts before its
 * route is known.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerUntraced: Layer.Layer<never> = Layer.succeed(
  HttpMiddleware.TracerDisabledWhen,
  ({ url }) => /^\/+media\//i.test(url)
)

/**
 * Serves only the routes of `WebhookServer` and {@link layer}, on the
 * `HttpServer` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const serve = (options?: WebhookServer.Options, serveOptions?: WebhookServer.ServeOptions) =>
  Layer.provide(
    WebhookServer.serveRoutes(Layer.mergeAll(WebhookServer.layer(options), layer), serveOptions),
    layerUntraced
  )
