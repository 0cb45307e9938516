import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { OpenApi } from "effect/http-api"
import { TestClock } from "effect/testing"
import { MediaApi, MediaServer } from "../../src/http/index.ts"
import * as MediaError from "../../src/media/MediaError.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import * as Store from "../../src/media/MediaStore.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { observe } from "../observe.ts"
import { carriers, layerProviders } from "./carriers.ts"
import { type Answer, assertProblem, layerServer, post, publicUrl, quiet, request } from "./server.ts"

const baseUrl = `${publicUrl}/media`

const layerWith = (store: Layer.Layer<MediaStore>) =>
  MediaServer.serve({ publicUrl }, quiet).pipe(
    Layer.provideMerge(store),
    Layer.provideMerge(Layer.provide(RoomKit.layer(), NodeCrypto.layer)),
    Layer.provide(layerProviders),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

const layer = layerWith(Layer.provide(Layer.orDie(Store.layerMemory({ baseUrl, maxAge: "1 day" })), NodeCrypto.layer))

/** Every value of a byte, so that none is changed on the way. */
const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256)
const latin1 = (from: Uint8Array) => Buffer.from(from).toString("latin1")

const put = Effect.fnUntraced(function*(contentType: string, content: Uint8Array = bytes) {
  const media = yield* (yield* MediaStore).put({ contentType, stream: Stream.succeed(content) })
  return { ...media, target: media.url.slice(publicUrl.length) }
})

const get = (
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET"
): ReturnType<typeof request> => request({ method, target, headers, body: "" })

const assertProtected = ({ headers }: Answer) => {
  assert.strictEqual(headers["x-content-type-options"], "nosniff")
  assert.strictEqual(headers["content-security-policy"], "default-src 'none'; sandbox")
  assert.strictEqual(headers["cache-control"], "private, max-age=86400, immutable")
  assert.strictEqual(headers["accept-ranges"], "bytes")
}

describe("a stored file", () => {
  it.effect("is served byte by byte, with and without its extension", () =>
    Effect.gen(function*() {
      const { id, target } = yield* put("image/png")
      assert.strictEqual(target, `/media/${id}.png`)
      for (const path of [target, `/media/${id}`, `${target}?anything`]) {
        const answer = yield* get(path)
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.body, latin1(bytes))
        assert.strictEqual(answer.headers["content-type"], "image/png")
        assert.strictEqual(answer.headers["content-length"], "1000")
        assert.strictEqual(answer.headers["etag"], `"${id}"`)
        assert.strictEqual(answer.headers["content-disposition"], `inline; filename="${id}.png"`)
        assertProtected(answer)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("is shown by a browser only if it is an image, sound or video, and never run", () =>
    Effect.gen(function*() {
      const cases = [
        ["image/jpeg", "inline"],
        ["audio/amr", "inline"],
        ["video/mp4", "inline"],
        ["image/svg+xml", "attachment"],
        ["text/html", "attachment"],
        ["text/vcard", "attachment"],
        ["application/pdf", "attachment"],
        ["text/plain; charset=utf-8", "attachment"]
      ] as const
      for (const [contentType, disposition] of cases) {
        const answer = yield* get((yield* put(contentType)).target)
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.headers["content-type"], contentType)
        assert.match(
          answer.headers["content-disposition"]!,
          new RegExp(`^${disposition}; filename="[0-9a-f]{64}(\\.[a-z0-9]+)?"$`)
        )
        assertProtected(answer)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("is described without its bytes to HEAD", () =>
    Effect.gen(function*() {
      const { target } = yield* put("video/mp4")
      for (const headers of [{}, { range: "bytes=0-9" }]) {
        const answer = yield* get(target, headers, "HEAD")
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.body, "")
        assert.strictEqual(answer.headers["content-length"], "1000")
        assert.strictEqual(answer.headers["content-type"], "video/mp4")
        assertProtected(answer)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("is not sent again to who has it", () =>
    Effect.gen(function*() {
      const { id, target } = yield* put("image/png")
      for (const known of [`"${id}"`, `W/"${id}"`, `"other", "${id}"`, "*"]) {
        for (const method of ["GET", "HEAD"]) {
          const answer = yield* get(target, { "if-none-match": known }, method)
          assert.strictEqual(answer.status, 304)
          assert.strictEqual(answer.body, "")
          assert.strictEqual(answer.headers["etag"], `"${id}"`)
        }
      }
      assert.strictEqual((yield* get(target, { "if-none-match": "\"other\"" })).status, 200)
    }).pipe(Effect.provide(layer)))

  it.effect("is gone when it is too old", () =>
    Effect.gen(function*() {
      const { target } = yield* put("image/png")
      yield* TestClock.adjust("23 hours")
      assert.strictEqual((yield* get(target)).status, 200)
      yield* TestClock.adjust("1 hour")
      assertProblem(yield* get(target), 404)
    }).pipe(Effect.provide(layer)))
})

describe("a range", () => {
  const satisfiable: ReadonlyArray<readonly [range: string, first: number, last: number]> = [
    ["bytes=0-0", 0, 0],
    ["bytes=0-499", 0, 499],
    ["bytes=500-", 500, 999],
    ["bytes=999-999", 999, 999],
    ["bytes=990-99999999999999999999", 990, 999],
    ["bytes=-1", 999, 999],
    ["bytes=-300", 700, 999],
    ["bytes=-5000", 0, 999],
    ["Bytes= 10-19 ", 10, 19]
  ]

  it.effect("is answered with the bytes that it names", () =>
    Effect.gen(function*() {
      const { id, target } = yield* put("video/mp4")
      for (const [range, first, last] of satisfiable) {
        for (const condition of [{}, { "if-range": `"${id}"` }]) {
          const answer = yield* get(target, { range, ...condition })
          assert.strictEqual(answer.status, 206, range)
          assert.strictEqual(answer.body, latin1(bytes.slice(first, last + 1)), range)
          assert.strictEqual(answer.headers["content-range"], `bytes ${first}-${last}/1000`)
          assert.strictEqual(answer.headers["content-length"], String(last - first + 1))
          assert.strictEqual(answer.headers["etag"], `"${id}"`)
          assertProtected(answer)
        }
      }
    }).pipe(Effect.provide(layer)))

  it.effect("outside of the file is refused with the size", () =>
    Effect.gen(function*() {
      const { target } = yield* put("video/mp4")
      for (const range of ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"]) {
        const answer = yield* get(target, { range })
        assertProblem(answer, 416)
        assert.strictEqual(answer.headers["content-range"], "bytes */1000")
      }
    }).pipe(Effect.provide(layer)))

  it.effect("that is none, is several, or is of another file is answered with the whole file", () =>
    Effect.gen(function*() {
      const { id, target } = yield* put("video/mp4")
      const ranges = ["bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,5-6", "bytes=a-b", "bytes=0x1-2", "items=0-1", "0-1"]
      const conditions = [`W/"${id}"`, "\"other\"", "Tue, 15 Nov 1994 12:45:26 GMT"]
      for (
        const headers of [
          ...ranges.map((range) => ({ range })),
          ...conditions.map((condition) => ({ range: "bytes=0-1", "if-range": condition }))
        ]
      ) {
        const answer = yield* get(target, headers)
        assert.strictEqual(answer.status, 200, JSON.stringify(headers))
        assert.strictEqual(answer.body.length, 1000)
        assert.isUndefined(answer.headers["content-range"])
      }
    }).pipe(Effect.provide(layer)))
})

describe("what is no stored file", () => {
  it.effect("is not found, whatever tricks are in the path", () =>
    Effect.gen(function*() {
      const { id, target } = yield* put("image/png")
      const targets = [
        `/media/${"0".repeat(64)}`,
        `/media/${id.toUpperCase()}`,
        `/media/${id}.html`,
        `/media/${id}.png.html`,
        `/media/${id}%00.png`,
        `/media/${id}%2F..%2F${id}`,
        `/media/..%2F${id}`,
        "/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/media/../../../../etc/passwd",
        "/media/..",
        "/media/%2e%2e",
        "/media/.secret",
        "/media/%",
        "/media/%ff",
        "/media/",
        "/media",
        `${target}/x`,
        `/media/${"a".repeat(5000)}`
      ]
      for (const target of targets) {
        const answer = yield* get(target)
        assertProblem(answer, 404)
        assert.notInclude(answer.body, id)
      }
      assert.strictEqual((yield* get(target)).status, 200)
    }).pipe(Effect.provide(layer)))

  it.effect("is not found by the server without media either", () =>
    Effect.gen(function*() {
      assertProblem(yield* get(`/media/${"0".repeat(64)}`), 404)
    }).pipe(Effect.provide(layerServer())))
})

describe("a server with media", () => {
  it.effect("takes webhooks as the one without", () =>
    Effect.gen(function*() {
      for (const carrier of carriers) {
        const answer = yield* post(carrier, carrier.sms("1"))
        assert.deepStrictEqual([answer.status, answer.body], [200, carrier.acknowledgement[1]])
      }
      assert.strictEqual((yield* get("/health/live")).status, 200)
    }).pipe(Effect.provide(layer)))

  it.effect("names the path of a file, which opens it, in no log line and no span", () => {
    const observed = observe()
    const logged = MediaServer.serve({ publicUrl }, { disableListenLog: true }).pipe(
      Layer.provideMerge(Layer.orDie(Store.layerMemory({ baseUrl }))),
      Layer.provide([RoomKit.layer(), layerProviders]),
      Layer.provideMerge(NodeCrypto.layer),
      Layer.provideMerge(NodeHttpServer.layerTest),
      Layer.provideMerge(observed.layer)
    )
    return Effect.gen(function*() {
      const { id, target } = yield* put("image/png")
      for (const path of [target, `/media/${id}`, `//media/${id}`, `/MEDIA/${id}`]) yield* get(path)
      yield* get("/health/live")
      assert.include(observed.text(), "/health/live")
      assert.isFalse(observed.spans.some(({ attributes }) => attributes.get("http.route") === "/media/:name"))
      assert.notInclude(observed.text(), id)
    }).pipe(Effect.provide(logged))
  })

  it.effect("answers a store that fails with a problem that does not say why", () => {
    const failed = Effect.fail(
      new MediaError.MediaError({ reason: new MediaError.StoreFailed({ operation: "get", code: "AccessDenied" }) })
    )
    const store = MediaStore.of({ put: () => failed, get: () => failed, delete: () => failed, cleanUp: failed })
    return Effect.gen(function*() {
      const answer = yield* get(`/media/${"0".repeat(64)}`)
      assertProblem(answer, 500)
      assert.notInclude(answer.body, "AccessDenied")
    }).pipe(Effect.provide(Layer.merge(layerWith(Layer.succeed(MediaStore, store)), Logger.layer([]))))
  })

  it.effect("ends the connection when the store fails in the middle", () => {
    const failure = new MediaError.MediaError({ reason: new MediaError.StoreFailed({ operation: "get" }) })
    const store = Layer.effect(
      MediaStore,
      Effect.map(Store.makeMemory({ baseUrl }), (memory) =>
        MediaStore.of({
          ...memory,
          get: (id, range) =>
            Effect.map(memory.get(id, range), ({ media }) => ({
              media,
              stream: Stream.concat(Stream.succeed(bytes.slice(0, 10)), Stream.fail(failure))
            }))
        }))
    )
    return Effect.gen(function*() {
      const answer = yield* get((yield* put("image/png")).target)
      // It looks like no complete answer to any client.
      assert.isBelow(answer.body.length, 1000)
    }).pipe(
      Effect.provide(Layer.merge(layerWith(Layer.provide(Layer.orDie(store), NodeCrypto.layer)), Logger.layer([])))
    )
  })
})

describe("the definition of the API", () => {
  it("describes the endpoint and its problems", () => {
    const { paths } = OpenApi.fromApi(MediaApi.MediaApi)
    assert.deepStrictEqual(Object.keys(paths), ["/media/{name}"])
    assert.deepStrictEqual(Object.keys(paths["/media/{name}"]!.get!.responses).sort(), ["200", "404", "416", "500"])
  })
})
