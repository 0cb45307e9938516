/**
 * The files of the console's page, as they are built into `dist/console`.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Problems from "../Problems.ts"
import * as CachedDocument from "./cachedDocument.ts"
import * as PagePolicy from "./pagePolicy.ts"

/** The same from the sources and from the built modules: both are two folders deep. */
const directoryUrl = new URL("../../../dist/console/", import.meta.url)

/** Returns the policy of the page: its own files and this server, and where the files of messages are. */
const policyOf = (mediaSources: ReadonlyArray<string>) => {
  const media = ["'self'", "blob:", ...mediaSources]
  return PagePolicy.make({
    scripts: ["'self'"],
    styles: ["'self'"],
    images: [...media, "data:"],
    media,
    more: ["require-trusted-types-for 'script'", "trusted-types 'none'"]
  })
}

// Relative, so that it is right below the path of a proxy too.
const redirect = Effect.succeed(HttpServerResponse.redirect("console/", { status: 308 }))

const notBuilt = HttpServerResponse.text(
  "The console is not built. In the repository: npm run build:console",
  { status: 404 }
)

/** The path of a file below `/console/`, if it can be one. */
const pathOf = (url: string): string | undefined => {
  const path = /\/console\/([^?#]*)/.exec(url)?.[1]
  if (path === "") return "index.html"
  return path !== undefined && /^(?:assets\/)?[\w-]+(?:\.[\w-]+)+$/.test(path) ? path : undefined
}

/**
 * Makes the handler of the files. Each is read and compressed when it is first
 * asked for. It fails with `NotFound` where there is no such file.
 */
export const make = Effect.fnUntraced(function*(mediaSources: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const digest = yield* Digest.Digest
  const directory = yield* Effect.orDie(path.fromFileUrl(directoryUrl))
  const page = {
    "content-security-policy": policyOf(mediaSources),
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()"
  }

  const read = Effect.fnUntraced(function*(name: string) {
    const bytes = yield* fs.readFile(path.join(directory, name))
    const contentType = CachedDocument.contentTypeOf(name) ?? "application/octet-stream"
    return { bytes: Uint8Array.from(bytes), contentType, headers: name.endsWith(".html") ? page : {} }
  })

  const documentOf = Effect.fnUntraced(function*(name: string) {
    const handler = yield* Effect.provideService(
      CachedDocument.make(Effect.orDie(read(name))),
      Digest.Digest,
      digest
    )
    // The names of these contain a hash of what is in them.
    return name.startsWith("assets/")
      ? Effect.map(handler, HttpServerResponse.setHeader("cache-control", "public, max-age=31536000, immutable"))
      : handler
  })

  const documents = yield* Effect.cached(Effect.uninterruptible(Effect.gen(function*() {
    const names = yield* Effect.catch(
      fs.readDirectory(directory, { recursive: true }),
      (error: PlatformError.PlatformError) =>
        Effect.as(Effect.logWarning(`The console is not built (${error.reason._tag})`), [])
    )
    return new Map(
      yield* Effect.forEach(names, (name) => Effect.map(documentOf(name), (document) => [name, document] as const))
    )
  })))

  return ({ url }: HttpServerRequest.HttpServerRequest) =>
    /\/console(?:[?#]|$)/.test(url)
      ? redirect
      : Effect.flatMap(documents, (all) => {
        if (all.size === 0) return Effect.succeed(notBuilt)
        return all.get(pathOf(url) ?? "") ?? Effect.fail(new Problems.NotFound({}))
      })
})
