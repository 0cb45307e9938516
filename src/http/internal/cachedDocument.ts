/**
 * A public document that is the same for every caller. It is built and
 * compressed on first use, and a client that has it is answered 304.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

export interface Document {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  /** Headers beside those of caching. */
  readonly headers?: Readonly<Record<string, string>>
}

const contentTypes: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml"
}

/** Returns the type of a file of a page, by its extension. */
export const contentTypeOf = (file: string): string | undefined => contentTypes[file.split(".").at(-1)!]

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

/** Whether the client has the document with this tag (RFC 9110, section 13.1.2). */
const isKnown = (etag: string, header: string = ""): boolean =>
  header.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")))

const gzip = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Uint8Array> =>
  Effect.map(
    Effect.promise(() =>
      new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer()
    ),
    (buffer) => new Uint8Array(buffer)
  )

/** Makes the handler of the route. */
export const make = Effect.fnUntraced(function*<R>(build: Effect.Effect<Document, never, R>) {
  const { digestHex } = yield* Digest.Digest
  // A caller that disconnects must not leave a partial build behind for the next one.
  const built = yield* Effect.cached(Effect.uninterruptible(Effect.gen(function*() {
    const { bytes, contentType, headers } = yield* build
    const etag = `"${(yield* digestHex(Digest.sha256, bytes)).slice(0, 32)}"`
    const caching = {
      ...headers,
      // Weak, because both encodings have it. A new version of the server has another document.
      "etag": `W/${etag}`,
      "cache-control": "no-cache",
      "vary": "accept-encoding"
    }
    return {
      etag,
      known: HttpServerResponse.empty({ status: 304, headers: caching }),
      plain: HttpServerResponse.uint8Array(bytes, { contentType, headers: caching }),
      compressed: HttpServerResponse.uint8Array(yield* gzip(bytes), {
        contentType,
        headers: { ...caching, "content-encoding": "gzip" }
      })
    }
  })))
  return Effect.gen(function*() {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const { compressed, etag, known, plain } = yield* built
    if (isKnown(etag, headers["if-none-match"])) return known
    return acceptsGzip(headers["accept-encoding"]) ? compressed : plain
  })
})
