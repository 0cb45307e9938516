/**
 * Serves the documentation site below `/docs/site`, where it has been built.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as FileSystem from "effect/FileSystem"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as CachedDocument from "../http/internal/cachedDocument.ts"

/** Where `npm run docs` builds it, seen from the sources and from the build. */
export const directory = new URL("../../dist/docs", import.meta.url).pathname

const contentTypes: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml"
}

const utf8 = new TextEncoder()

/** Returns the policy of a page: only its own scripts run, and it contacts only this server. */
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
    `script-src ${["'self'", ...hashes].join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
})

/** Provides a route for each file of the site, so that no path of a caller becomes the name of a file. */
export const layer = (root: string = directory) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const fs = yield* FileSystem.FileSystem
    const digest = yield* Digest.Digest
    const files = yield* Effect.orElseSucceed(
      fs.readDirectory(root, { recursive: true }),
      (): Array<string> => []
    )
    if (!files.includes("index.html")) return
    const documentOf = Effect.fnUntraced(function*(file: string, contentType: string) {
      const bytes = new Uint8Array(yield* Effect.orDie(fs.readFile(`${root}/${file}`)))
      if (!file.endsWith(".html")) return { bytes, contentType }
      const policy = yield* Effect.orDie(policyOf(new TextDecoder().decode(bytes)))
      return { bytes, contentType, headers: { "content-security-policy": policy, "referrer-policy": "no-referrer" } }
    }, Effect.provideService(Digest.Digest, digest))
    for (const file of files) {
      const contentType = contentTypes[file.split(".").at(-1)!]
      if (contentType === undefined || !/^[\w./-]+$/.test(file)) continue
      yield* router.add("GET", `/docs/site/${file}`, yield* CachedDocument.make(documentOf(file, contentType)))
    }
    // The links of the pages are relative.
    yield* router.add("GET", "/docs/site", HttpServerResponse.redirect("/docs/site/index.html"))
  }))
