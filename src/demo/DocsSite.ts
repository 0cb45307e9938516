/**
 * Serves the documentation site below `/docs/site`, where it has been built.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as CachedDocument from "../http/internal/cachedDocument.ts"
import * as PagePolicy from "../http/internal/pagePolicy.ts"

/** Where `npm run docs` builds it, seen from the sources and from the build. */
export const directory = new URL("../../dist/docs", import.meta.url).pathname

/** The pages have scripts in files, and some of their own. */
const policyOf = (html: string) =>
  Effect.map(PagePolicy.scriptHashes(html), (hashes) =>
    PagePolicy.make({
      scripts: ["'self'", ...hashes],
      styles: ["'self'", "'unsafe-inline'"],
      images: ["'self'", "data:"]
    }))

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
      const contentType = CachedDocument.contentTypeOf(file)
      if (contentType === undefined || !/^[\w./-]+$/.test(file)) continue
      yield* router.add("GET", `/docs/site/${file}`, yield* CachedDocument.make(documentOf(file, contentType)))
    }
    // The links of the pages are relative.
    yield* router.add("GET", "/docs/site", HttpServerResponse.redirect("/docs/site/index.html"))
  }))
