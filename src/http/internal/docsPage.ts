/**
 * The documentation of an API: the OpenAPI document at `/openapi.json`, and a
 * page with three megabytes of script at `/docs`.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import type * as HttpApi from "effect/http-api/HttpApi"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as OpenApi from "effect/http-api/OpenApi"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as CachedDocument from "./cachedDocument.ts"
import * as PagePolicy from "./pagePolicy.ts"

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

const utf8 = new TextEncoder()

/** Scalar writes its styles into the page while it runs, which no hash can name. */
const policyOf = (html: string) =>
  Effect.map(
    PagePolicy.scriptHashes(html),
    (scripts) => PagePolicy.make({ scripts, styles: ["'unsafe-inline'"], images: ["'self'", "data:"] })
  )

/** Builds the page. */
const buildPage = Effect.fnUntraced(function*<Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<"effect-sms", Groups>
) {
  const own = yield* HttpRouter.make
  const page = HttpApiScalar.layer(api, { path: "/docs", scalar })
  yield* Effect.scoped(Effect.provideService(Layer.build(page), HttpRouter.HttpRouter, own))
  const response = HttpServerResponse.toWeb(yield* Effect.orDie(own.asHttpEffect()))
  const html = yield* Effect.promise(() => response.text())
  return {
    bytes: utf8.encode(html),
    contentType: "text/html; charset=utf-8",
    headers: { "content-security-policy": yield* policyOf(html), "referrer-policy": "no-referrer" }
  }
})

/** Serves the documentation of an API. */
export const layer = <Groups extends HttpApiGroup.Constraint>(api: HttpApi.HttpApi<"effect-sms", Groups>) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const digest = yield* Digest.Digest
    const page = Effect.provideService(buildPage(api), Digest.Digest, digest)
    yield* router.add("GET", "/docs", yield* CachedDocument.make(page))
    yield* router.add(
      "GET",
      "/openapi.json",
      yield* CachedDocument.make(Effect.sync(() => ({
        bytes: utf8.encode(JSON.stringify(OpenApi.fromApi(api))),
        contentType: "application/json"
      })))
    )
  }))
