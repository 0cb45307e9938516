/**
 * The documentation of an API: the OpenAPI document at `/openapi.json`, and a
 * page with three megabytes of script at `/docs`.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import type * as HttpApi from "effect/http-api/HttpApi"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as OpenApi from "effect/http-api/OpenApi"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as CachedDocument from "./cachedDocument.ts"

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

/**
 * Returns the policy of the page. Only its own scripts run, which are named by
 * their hashes, and it contacts only this server. Scalar writes its styles into
 * the page while it runs, which no hash can name.
 */
const policyOf = Effect.fnUntraced(function*(html: string) {
  const { digest } = yield* Digest.Digest
  const scripts = html.matchAll(/<script>([^]*?)<\/script>/g)
  const hashes = yield* Effect.forEach(
    scripts,
    ([, script = ""]) =>
      Effect.map(digest(Digest.sha256, utf8.encode(script)), (hash) => `'sha256-${Base64.encode(hash)}'`)
  )
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
})

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
