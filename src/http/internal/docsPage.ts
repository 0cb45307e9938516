/**
 * The documentation page. It has three megabytes of script, so it is built and
 * compressed on first use, and a browser that has it is answered 304.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import type * as HttpApi from "effect/http-api/HttpApi"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"

/** The name of the security scheme in `AdminAuthorization`. */
const securityScheme = "bearer"

/** The page must not contact anyone but this server: it holds the admin token. */
const scalar: HttpApiScalar.ScalarConfig & Readonly<Record<string, unknown>> = {
  // The default fonts would be loaded from a third party.
  withDefaultFonts: false,
  telemetry: false,
  // Links and uploads of the document to a third party.
  hideClientButton: true,
  showDeveloperTools: "never",
  authentication: { preferredSecurityScheme: securityScheme },
  defaultOpenAllTags: true
}

/** Whether the client takes gzip (RFC 9110, section 12.5.3). */
const acceptsGzip = (header: string = ""): boolean => {
  const weights = new Map(
    header.toLowerCase().split(",").map((item) => {
      const [coding = "", ...parameters] = item.split(";").map((text) => text.trim())
      const weight = parameters.find((text) => text.startsWith("q="))
      return [coding, weight === undefined ? 1 : Number(weight.slice(2))]
    })
  )
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0
}

/** Whether the client has the page with this tag (RFC 9110, section 13.1.2). */
const isKnown = (etag: string, header: string = ""): boolean =>
  header.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")))

const gzip = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Uint8Array> =>
  Effect.map(
    Effect.promise(() =>
      new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer()
    ),
    (buffer) => new Uint8Array(buffer)
  )

/** Serves the page of an API at `/docs`. */
export const layer = <Groups extends HttpApiGroup.Constraint>(api: HttpApi.HttpApi<"effect-sms", Groups>) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const { digestHex } = yield* Digest.Digest

    const build = Effect.gen(function*() {
      const own = yield* HttpRouter.make
      const page = HttpApiScalar.layer(api, { path: "/docs", scalar })
      yield* Effect.scoped(Effect.provideService(Layer.build(page), HttpRouter.HttpRouter, own))
      const response = HttpServerResponse.toWeb(yield* Effect.orDie(own.asHttpEffect()))
      const html = new Uint8Array(yield* Effect.promise(() => response.arrayBuffer()))
      const etag = `"${(yield* digestHex(Digest.sha256, html)).slice(0, 32)}"`
      return { html, compressed: yield* gzip(html), etag }
    })
    // A caller that disconnects must not leave a partial build behind for the next one.
    const built = yield* Effect.cached(Effect.uninterruptible(build))

    yield* router.add(
      "GET",
      "/docs",
      Effect.gen(function*() {
        const { headers } = yield* HttpServerRequest.HttpServerRequest
        const { compressed, etag, html } = yield* built
        const caching = {
          // Weak, because both encodings have it. A new version of the server has another page.
          "etag": `W/${etag}`,
          "cache-control": "no-cache",
          "vary": "accept-encoding"
        }
        if (isKnown(etag, headers["if-none-match"])) return HttpServerResponse.empty({ status: 304, headers: caching })
        const contentType = "text/html; charset=utf-8"
        return acceptsGzip(headers["accept-encoding"])
          ? HttpServerResponse.uint8Array(compressed, {
            contentType,
            headers: { ...caching, "content-encoding": "gzip" }
          })
          : HttpServerResponse.uint8Array(html, { contentType, headers: caching })
      })
    )
  }))
