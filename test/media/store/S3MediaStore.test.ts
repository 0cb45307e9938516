import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, FileSystem, Layer, Option, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { MediaStore } from "../../../src/media/MediaStore.ts"
import * as S3MediaStore from "../../../src/media/S3MediaStore.ts"
import { bytesOf, reasonOf, suite } from "../../suites/MediaStoreSuite.ts"
import { bucket, type Fault, place, platform, refuse } from "./s3.ts"

// `Last-Modified` has no milliseconds. A place of its own has a secret of its own too.
let places = 0
suite({
  name: "S3",
  precision: 1000,
  place: Effect.map(place, (place) => {
    const secret = Redacted.make(`secret ${places++}`)
    // The clock of a test leaps while a request is on its way.
    return {
      ...place,
      layer: (options) => place.layer({ ...options, secret, timeout: Infinity, retry: Schedule.recurs(3) })
    }
  })
})

const now = Effect.flatMap(TestClock.withLive(Clock.currentTimeMillis), TestClock.setTime)

const put = (text: string, contentType = "image/jpeg") =>
  MediaStore.use((store) => store.put({ contentType, stream: Stream.succeed(new TextEncoder().encode(text)) }))

/** Repeats at once, and makes no requests by itself. */
const atOnce = { retry: Schedule.recurs(3), cleanUpInterval: Infinity }

const codeOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => inspect(error, { depth: Infinity }).match(/code: '(\w+)'/)?.[1])

/** A list of objects, as S3 answers. */
const page = (content: string): Fault => (response) => {
  response.writeHead(200, { "content-type": "application/xml" })
  response.end(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</ListBucketResult>`)
}

const object = (key: string) =>
  `<Contents><Key>${key.replaceAll("<", "&lt;")}</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified></Contents>`

describe("S3MediaStore", () => {
  it.effect("gives a signed URL that serves the file, until it expires", () =>
    Effect.gen(function*() {
      yield* now
      const { layer, url: endpoint } = yield* place
      const { id, url } = yield* Effect.provide(put("signed"), layer({ urlExpiresIn: "10 minutes" }))
      const { origin, pathname, searchParams } = new URL(url)
      assert.strictEqual(origin + pathname, `${endpoint}/${bucket}/media/${id}`)
      assert.strictEqual(searchParams.get("X-Amz-Expires"), "600")
      const response = yield* Effect.promise(() => fetch(url))
      assert.strictEqual(response.headers.get("content-type"), "image/jpeg")
      assert.strictEqual(yield* Effect.promise(() => response.text()), "signed")
    }))

  it.effect("removes the temporary files of a process that was killed, and not those of another one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { layer, temporaryDirectory } = yield* place
      yield* TestClock.setTime(10_000_000)
      const beside = `${temporaryDirectory}/effect-sms-media-1`
      yield* fs.makeDirectory(beside)
      const write = (path: string, seconds: number) =>
        Effect.andThen(fs.writeFileString(path, "x"), fs.utimes(path, seconds, seconds))
      const [old, recent] = [`.${"a".repeat(32)}.part`, `.${"b".repeat(32)}.part`]
      yield* write(`${beside}/${old}`, 1)
      yield* write(`${beside}/${recent}`, 9999)
      yield* write(`${beside}/README`, 1)
      yield* fs.makeDirectory(`${temporaryDirectory}/other`)
      yield* write(`${temporaryDirectory}/other/${old}`, 1)
      yield* Effect.provide(Effect.void, layer(atOnce))
      assert.sameMembers([...yield* fs.readDirectory(beside)], [recent, "README"])
      assert.sameMembers([...yield* fs.readDirectory(`${temporaryDirectory}/other`)], [old])
      yield* TestClock.adjust("61 minutes")
      yield* Effect.provide(MediaStore.use((store) => store.cleanUp), layer(atOnce))
      assert.sameMembers([...yield* fs.readDirectory(beside)], ["README"])
    }).pipe(Effect.provide(platform)))

  it.effect("gives the URL of a public bucket when there is one", () =>
    Effect.gen(function*() {
      yield* now
      const { layer } = yield* place
      const { id, url } = yield* Effect.provide(put("public"), layer({ publicBaseUrl: "https://cdn.example.com/x/" }))
      assert.strictEqual(url, `https://cdn.example.com/x/media/${id}`)
    }))

  it.effect("uploads once with hash and length, and renews what is there without an upload", () =>
    Effect.gen(function*() {
      yield* now
      const { layer, requests } = yield* place
      yield* Effect.gen(function*() {
        yield* put("bytes")
        const uploads = () => requests.filter(({ body }) => body.length > 0)
        assert.lengthOf(uploads(), 1)
        const { body, headers } = uploads()[0]!
        assert.strictEqual(body.toString(), "bytes")
        assert.strictEqual(headers["content-length"], "5")
        assert.isUndefined(headers["transfer-encoding"])
        yield* put("bytes")
        assert.lengthOf(uploads(), 1)
      }).pipe(Effect.provide(layer()))
    }))

  it.effect("touches nothing in the bucket that it did not put there", () =>
    Effect.gen(function*() {
      yield* now
      const { files, layer } = yield* place
      const other = layer({ prefix: "media/other-" })
      const mine = layer({ ...atOnce, maxAge: "1 hour" })
      yield* Effect.provide(put("of another"), other)
      yield* Effect.gen(function*() {
        yield* put("mine")
        yield* TestClock.adjust("2 hours")
        assert.strictEqual(yield* MediaStore.use((store) => store.cleanUp), 1)
      }).pipe(Effect.provide(mine))
      assert.lengthOf(yield* files, 1)
    }))

  it.effect("cleans up more than one page", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, files, layer, requests } = yield* place
      yield* Effect.gen(function*() {
        const store = yield* MediaStore
        const ids = (yield* Effect.forEach(["a", "b", "c"], (text) => put(text))).map(({ id }) => id)
        yield* TestClock.adjust("2 hours")
        requests.length = 0
        // A page that holds nothing, as S3 may send one, and says where the next begins.
        faults.push(page("<IsTruncated>true</IsTruncated><NextContinuationToken>1ue/GcxL+Q==</NextContinuationToken>"))
        faults.push(page(ids.map((id) => object(`media/${id}`)).join("\n")))
        assert.strictEqual(yield* store.cleanUp, 3)
        const lists = requests.filter(({ path }) => path.includes("list-type=2"))
        assert.lengthOf(lists, 2)
        assert.include(lists[1]!.path, "continuation-token=1ue%2FGcxL%2BQ%3D%3D")
        assert.lengthOf(yield* files, 0)
      }).pipe(Effect.provide(layer({ ...atOnce, maxAge: "1 hour" })))
    }))

  it.effect("does not remove what was stored again after it was listed", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, files, layer } = yield* place
      yield* Effect.gen(function*() {
        const store = yield* MediaStore
        const { id } = yield* put("renewed")
        const keys = [`media/${id}`, `media/${id}.jpg`, `other/${id}`, "media/", "media/../x", "<b>"]
        faults.push(page(keys.map(object).join("")))
        assert.strictEqual(yield* store.cleanUp, 0)
        assert.lengthOf(yield* files, 1)
      }).pipe(Effect.provide(layer({ ...atOnce, maxAge: "1 hour" })))
    }))

  it.effect("repeats a request that S3 could not answer for now", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, layer, requests } = yield* place
      yield* Effect.gen(function*() {
        const store = yield* MediaStore
        // The copy once, then the upload twice.
        faults.push(refuse(503, "SlowDown"), refuse(404, "NoSuchKey"))
        faults.push(refuse(500, "InternalError"), (response) => response.destroy())
        const { id } = yield* put("after all")
        assert.lengthOf(requests.filter(({ body }) => body.toString() === "after all"), 3)
        faults.push(refuse(503, "SlowDown"), refuse(429, "TooManyRequests"))
        const { stream } = yield* store.get(id)
        faults.push(refuse(503, "SlowDown"))
        assert.strictEqual((yield* bytesOf(stream)).toString(), "after all")
      }).pipe(Effect.provide(layer(atOnce)))
    }))

  it.effect("gives up after some repetitions, and does not repeat what was refused", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, files, layer, requests } = yield* place
      yield* Effect.gen(function*() {
        faults.push(...Array.from({ length: 4 }, () => refuse(503, "SlowDown")))
        assert.strictEqual(yield* codeOf(put("never")), "SlowDown")
        assert.lengthOf(requests, 4)
        faults.push(refuse(403, "AccessDenied"), refuse(403, "AccessDenied"))
        assert.strictEqual(yield* codeOf(put("never")), "AccessDenied")
        assert.lengthOf(requests, 6)
        assert.lengthOf(yield* files, 0)
      }).pipe(Effect.provide(layer(atOnce)))
    }))

  it.effect("uploads when a copy fails in a body that says so late", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, files, layer } = yield* place
      yield* Effect.gen(function*() {
        faults.push((response) => response.end("<Error><Code>AccessDenied</Code></Error>"))
        yield* put("uploaded")
        assert.lengthOf(yield* files, 1)
      }).pipe(Effect.provide(layer(atOnce)))
    }))

  it.effect("names what is wrong with a bucket, a connection, or an answer", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, layer } = yield* place
      const get = MediaStore.use((store) => store.get("a".repeat(64)))
      const cleanUp = MediaStore.use((store) => store.cleanUp)
      const wrong = [
        [layer({ ...atOnce, bucket: "not-there" }), "NoSuchBucket"],
        [layer({ ...atOnce, endpoint: "http://127.0.0.1:1" }), "ECONNREFUSED"]
      ] as const
      for (const [store, code] of wrong) {
        assert.strictEqual(yield* codeOf(Effect.provide(put("x"), store)), code)
        assert.strictEqual(yield* codeOf(Effect.provide(get, store)), code)
        assert.strictEqual(yield* codeOf(Effect.provide(cleanUp, store)), code)
      }
      faults.push((response) => response.writeHead(418).end("<html>".repeat(100_000)))
      assert.strictEqual(yield* codeOf(Effect.provide(cleanUp, layer({ cleanUpInterval: Infinity }))), "418")
    }))

  it.effect("ends a body that breaks with a failure", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, layer } = yield* place
      yield* Effect.gen(function*() {
        const { id } = yield* put("broken")
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        faults.push((response) => {
          response.writeHead(200, { "content-length": "6" }).write("bro", () => response.destroy())
        })
        assert.strictEqual(yield* reasonOf(bytesOf(stream)), "StoreFailed")
      }).pipe(Effect.provide(layer(atOnce)))
    }))

  it.live("waits for a limited time: for an answer, and for each piece of a body", () =>
    Effect.gen(function*() {
      const { faults, layer } = yield* place
      yield* Effect.gen(function*() {
        const { id } = yield* put("slow")
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        faults.push((response) => void response.writeHead(200, { "content-length": "4" }).write("sl"))
        assert.strictEqual(yield* codeOf(bytesOf(stream)), "Timeout")
        faults.push(() => {}, () => {})
        assert.strictEqual(yield* codeOf(MediaStore.use((store) => store.get(id))), "Timeout")
      }).pipe(Effect.provide(layer({ cleanUpInterval: Infinity, timeout: "200 millis", retry: Schedule.recurs(1) })))
    }))

  it.effect("tells no keys, signatures or URLs in its errors", () =>
    Effect.gen(function*() {
      yield* now
      const { faults, layer } = yield* place
      const credentials = {
        accessKeyId: Redacted.make("AKIDPRIVATE"),
        secretAccessKey: Redacted.make("SECRETPRIVATE"),
        sessionToken: Redacted.make("TOKENPRIVATE")
      }
      const attempts = [
        Effect.provide(put("x"), layer({ ...atOnce, credentials, endpoint: "http://127.0.0.1:1" })),
        Effect.suspend(() => {
          faults.push(refuse(403, "AKIDPRIVATE SignatureDoesNotMatch"), refuse(403, "<b>SECRETPRIVATE</b>"))
          return Effect.provide(put("x"), layer({ ...atOnce, credentials }))
        })
      ]
      for (const attempt of attempts) {
        const exit = yield* Effect.exit(attempt)
        assert.isTrue(Exit.isFailure(exit))
        const error = Option.getOrThrow(Exit.findErrorOption(exit))
        const printed = [
          inspect(error, { depth: Infinity, showHidden: true }),
          JSON.stringify(error),
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
        ].join("\n").replace(/^ +at .*$/gm, "")
        assert.notMatch(printed, /PRIVATE|X-Amz|https?:|media\//)
      }
    }))

  it.effect("does not start with options that cannot be meant", () =>
    Effect.gen(function*() {
      const { options } = yield* place
      const wrong: ReadonlyArray<Partial<S3MediaStore.Options>> = [
        { bucket: "" },
        { bucket: "../x" },
        { bucket: "a/b" },
        { prefix: "/media" },
        { prefix: "../media" },
        { prefix: "media/../" },
        { prefix: "mé" },
        { endpoint: "s3.example.com" },
        { endpoint: "ftp://s3.example.com" },
        { endpoint: "https://user:password@s3.example.com" },
        { publicBaseUrl: "cdn" },
        { urlExpiresIn: "8 days" },
        { urlExpiresIn: 0 },
        { secret: Redacted.make("") }
      ]
      for (const part of wrong) {
        const exit = yield* Effect.exit(
          Effect.scoped(Layer.build(S3MediaStore.layer({ ...options, ...part }).pipe(Layer.provide(platform))))
        )
        assert.isTrue(Exit.isFailure(exit) && !Cause.hasDies(exit.cause), JSON.stringify(part))
      }
    }))
})
