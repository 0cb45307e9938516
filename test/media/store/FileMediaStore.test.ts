import { NodeCrypto, NodeFileSystem, NodePath } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, PlatformError, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as FileMediaStore from "../../../src/media/FileMediaStore.ts"
import { MediaStore } from "../../../src/media/MediaStore.ts"
import * as NodeIncrementalHash from "../../../src/media/NodeIncrementalHash.ts"
import { bytesOf, reasonOf, suite } from "../../suites/MediaStoreSuite.ts"

const platform = Layer.mergeAll(NodeCrypto.layer, NodeFileSystem.layer, NodePath.layer, NodeIncrementalHash.layer)

const baseUrl = "https://sms.example.com/media"

/** A directory, and stores on it: over a file system that is changed, if need be. */
const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const layer = (
    options?: Partial<FileMediaStore.Options>,
    change: Partial<FileSystem.FileSystem> = {}
  ) =>
    FileMediaStore.layer({ directory, baseUrl, ...options }).pipe(
      Layer.provide(Layer.succeed(FileSystem.FileSystem, { ...fs, ...change })),
      Layer.provide(platform)
    )
  const files = Effect.orDie(
    Effect.map(fs.readDirectory(directory), (names) => names.filter((name) => name !== ".secret"))
  )
  return { fs, directory, layer, files }
}).pipe(Effect.provide(platform))

suite({ name: "file", precision: 0, place })

const put = (text: string) =>
  MediaStore.use((store) =>
    store.put({ contentType: "image/jpeg", stream: Stream.succeed(new TextEncoder().encode(text)) })
  )

const byHand = { cleanUpInterval: Infinity, maxAge: "1 hour" } as const

const systemError = (code: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "writeAll",
    pathOrDescriptor: "/var/lib/private",
    cause: Object.assign(new Error(`${code}: /var/lib/private`), { code })
  })

describe("FileMediaStore", () => {
  it.effect("gives URLs below its base, with the extension of the type", () =>
    Effect.gen(function*() {
      const { layer } = yield* place
      const { id, url } = yield* Effect.provide(put("x"), layer({ baseUrl: `${baseUrl}//` }))
      assert.strictEqual(url, `${baseUrl}/${id}.jpg`)
    }))

  it.effect("finds its files after a restart, under the same ids", () =>
    Effect.gen(function*() {
      const { directory, fs, layer } = yield* place
      const { id } = yield* Effect.provide(put("kept"), layer())
      const again = Effect.gen(function*() {
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        assert.strictEqual((yield* bytesOf(stream)).toString(), "kept")
        assert.strictEqual((yield* put("kept")).id, id)
      })
      yield* Effect.provide(again, layer())
      const { mode } = yield* fs.stat(`${directory}/.secret`)
      assert.strictEqual(mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(`${directory}/${id}`)).mode & 0o777, 0o600)
    }))

  it.effect("makes one secret when several stores start at once", () =>
    Effect.gen(function*() {
      const { directory, fs, layer } = yield* place
      const stored = yield* Effect.forEach(
        Array.from({ length: 8 }, () => layer()),
        (layer) => Effect.provide(put("same"), layer),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(stored.map(({ id }) => id)).size, 1)
      assert.lengthOf(yield* fs.readDirectory(directory), 2)
    }))

  it.effect("writes no secret when it is given one", () =>
    Effect.gen(function*() {
      const { directory, fs, layer } = yield* place
      const secret = (text: string) => layer({ secret: Redacted.make(text) })
      const first = yield* Effect.provide(put("x"), secret("one"))
      const second = yield* Effect.provide(put("x"), secret("two"))
      assert.notStrictEqual(first.id, second.id)
      assert.isFalse(yield* fs.exists(`${directory}/.secret`))
      assert.strictEqual((yield* Effect.exit(Effect.provide(put("x"), secret(""))))._tag, "Failure")
    }))

  it.effect("removes what a process left that died, and not what another one writes", () =>
    Effect.gen(function*() {
      const { directory, files, fs, layer } = yield* place
      yield* TestClock.setTime(10_000_000)
      const write = (name: string, seconds: number) =>
        Effect.andThen(
          fs.writeFileString(`${directory}/${name}`, "x"),
          fs.utimes(`${directory}/${name}`, seconds, seconds)
        )
      yield* write(`.${"a".repeat(32)}.part`, 1)
      yield* write(`.${"b".repeat(32)}.part`, 9999)
      yield* write("notes.part", 1)
      yield* write("README", 1)
      yield* Effect.provide(Effect.void, layer(byHand))
      assert.sameMembers([...yield* files], [`.${"b".repeat(32)}.part`, "notes.part", "README"])
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual(yield* Effect.provide(MediaStore.use((store) => store.cleanUp), layer(byHand)), 0)
      assert.sameMembers([...yield* files], ["notes.part", "README"])
    }))

  it.effect("gives nothing that it did not write", () =>
    Effect.gen(function*() {
      const { directory, fs, layer } = yield* place
      const id = "a".repeat(64)
      for (const content of ["", "\n", "some text", "image/jpeg\nbytes", "effect-sms media 2 image/jpeg\nbytes"]) {
        yield* fs.writeFileString(`${directory}/${id}`, content)
        const get = MediaStore.use((store) => store.get(id))
        assert.strictEqual(yield* reasonOf(Effect.provide(get, layer(byHand))), "NotStored")
      }
    }))

  it.effect("puts a file back that another process stored again in the moment of its removal", () =>
    Effect.gen(function*() {
      const { directory, files, fs, layer } = yield* place
      const { id } = yield* Effect.provide(put("renewed"), layer(byHand))
      yield* TestClock.adjust("2 hours")
      const renewing = layer(byHand, {
        rename: (from, to) =>
          from === `${directory}/${id}`
            ? Effect.andThen(fs.utimes(from, 7200, 7200), fs.rename(from, to))
            : fs.rename(from, to)
      })
      assert.strictEqual(yield* Effect.provide(MediaStore.use((store) => store.cleanUp), renewing), 0)
      assert.deepStrictEqual(yield* files, [id])
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* Effect.provide(MediaStore.use((store) => store.cleanUp), layer(byHand)), 1)
    }))

  it.effect("names what the system refused, without a path, and leaves nothing", () =>
    Effect.gen(function*() {
      const { directory, files, fs, layer } = yield* place
      const full = layer(byHand, {
        open: (path, options) =>
          Effect.map(
            fs.open(path, options),
            (file) => ({ ...file, writeAll: () => Effect.fail(systemError("ENOSPC")) })
          )
      })
      const error = yield* Effect.flip(Effect.provide(put("too much"), full))
      assert.match(inspect(error), /ENOSPC/)
      assert.notMatch(inspect(error, { depth: Infinity }).replace(/^ +at .*$/gm, ""), /private|\.part/)
      assert.deepStrictEqual(yield* files, [])
      const locked = layer(byHand, { rename: () => Effect.fail(systemError("EACCES")) })
      assert.match(inspect(yield* Effect.flip(Effect.provide(put("x"), locked))), /EACCES/)
      assert.deepStrictEqual(yield* files, [])
      yield* Effect.gen(function*() {
        const { id } = yield* put("x")
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        yield* fs.remove(directory, { recursive: true })
        assert.strictEqual(yield* reasonOf(bytesOf(stream)), "NotStored")
        assert.strictEqual(yield* reasonOf(put("y")), "StoreFailed")
        assert.strictEqual(yield* reasonOf(MediaStore.use((store) => store.cleanUp)), "StoreFailed")
      }).pipe(Effect.provide(layer(byHand)))
    }))

  it.effect("goes on after a clean-up that failed", () =>
    Effect.gen(function*() {
      const { files, fs, layer } = yield* place
      let calls = 0
      const flaky = layer({ maxAge: "1 hour", cleanUpInterval: "10 minutes" }, {
        readDirectory: (path, options) =>
          [1, 2, 3].includes(calls++) ? Effect.fail(systemError("EIO")) : fs.readDirectory(path, options)
      })
      yield* Effect.gen(function*() {
        yield* put("old")
        yield* TestClock.adjust("1 hour")
        const wait = Effect.andThen(TestClock.adjust("10 minutes"), TestClock.withLive(Effect.sleep("5 millis")))
        yield* Effect.repeat(wait, { until: () => Effect.map(files, ({ length }) => length === 0), times: 1000 })
        assert.deepStrictEqual(yield* files, [])
        assert.isAbove(calls, 4)
      }).pipe(Effect.provide(flaky))
    }))

  it.effect("does not start with a base URL that cannot be one", () =>
    Effect.gen(function*() {
      const { layer } = yield* place
      for (const baseUrl of ["", "/media", "ftp://a/b", "https://a/b?c", "https://a/b#c"]) {
        const error = yield* Effect.flip(Effect.provide(Effect.void, layer({ baseUrl })))
        assert.strictEqual(error._tag, "IllegalArgumentError")
      }
    }))
})
