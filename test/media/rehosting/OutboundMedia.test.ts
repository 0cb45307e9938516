import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, FileSystem, Layer, Stream } from "effect"
import * as Content from "../../../src/Content.ts"
import * as MediaStore from "../../../src/media/MediaStore.ts"
import * as OutboundMedia from "../../../src/media/OutboundMedia.ts"

const baseUrl = "https://sms.example.com/media"

const layer = Layer.mergeAll(
  Layer.provide(Layer.orDie(MediaStore.layerMemory({ baseUrl })), NodeCrypto.layer),
  NodeServices.layer
)

const png = Uint8Array.from(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "base64"
  )
)
const vcard = new TextEncoder().encode("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Support\r\nEND:VCARD\r\n")
const text = new TextEncoder().encode("Opening hours: 9 to 5")

/** What the store has under the URL of a file. */
const stored = Effect.fnUntraced(function*({ url }: Content.MediaContent) {
  assert.isTrue(url.startsWith(`${baseUrl}/`))
  const { media, stream } = yield* (yield* MediaStore.MediaStore).get(url.slice(baseUrl.length + 1))
  const pieces = yield* Stream.runCollect(stream)
  return [media.contentType, Uint8Array.from(pieces.flatMap((piece) => [...piece]))] as const
})

const reason = <E>(effect: Effect.Effect<unknown, E, MediaStore.MediaStore>) => Effect.flip(effect)

describe("bytes", () => {
  it.effect("become media with a URL in the store, and with the type that they show", () =>
    Effect.gen(function*() {
      for (
        const [bytes, contentType, extension] of [[png, "image/png", "png"], [vcard, "text/vcard", "vcf"]] as const
      ) {
        const content = yield* OutboundMedia.fromBytes(bytes)
        assert.instanceOf(content, Content.MediaContent)
        assert.strictEqual(content.mimeType, contentType)
        assert.isTrue(content.url.endsWith(`.${extension}`))
        assert.isFalse("caption" in content)
        assert.deepStrictEqual(yield* stored(content), [contentType, bytes])
      }
    }).pipe(Effect.provide(layer)))

  it.effect("keep the type that is given, and the caption", () =>
    Effect.gen(function*() {
      const content = yield* OutboundMedia.fromBytes(text, { contentType: "Text/Plain", caption: "Our hours" })
      assert.strictEqual(content.caption, "Our hours")
      assert.deepStrictEqual(yield* stored(content), ["text/plain", text])
      assert.isFalse("caption" in (yield* OutboundMedia.fromBytes(png, { caption: "" })))
    }).pipe(Effect.provide(layer)))

  it.effect("are stored once when they are sent twice", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* OutboundMedia.fromBytes(png), yield* OutboundMedia.fromBytes(png))
    }).pipe(Effect.provide(layer)))

  it.effect("that show no type, are none, or are too many are refused", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* reason(OutboundMedia.fromBytes(text))).reason._tag, "TypeNotAllowed")
      const invalid = OutboundMedia.fromBytes(png, { contentType: "image/png\r\nx-evil: 1" })
      assert.strictEqual((yield* reason(invalid)).reason._tag, "TypeNotAllowed")
      for (const options of [{}, { contentType: "text/plain" }]) {
        const empty = OutboundMedia.fromBytes(new Uint8Array(), options)
        assert.strictEqual((yield* reason(empty)).reason._tag, "InvalidBody")
      }
      const limit = png.length
      yield* OutboundMedia.fromBytes(png, { maxBytes: limit })
      const large = yield* reason(OutboundMedia.fromBytes(png, { maxBytes: limit - 1 }))
      assert.strictEqual(large.message, `The file exceeds ${limit - 1} bytes`)
    }).pipe(Effect.provide(layer)))
})

class Broken extends Data.TaggedError("Broken") {}

describe("a stream", () => {
  it.effect("is stored whole, in whatever pieces it comes", () =>
    Effect.gen(function*() {
      const large = Uint8Array.from([...png, ...Array.from({ length: 9000 }, (_, index) => index % 256)])
      for (const size of [7, 4099, 4100, 4101, 30_000]) {
        const pieces: Array<Uint8Array> = [new Uint8Array()]
        for (let at = 0; at < large.length; at += size) pieces.push(large.slice(at, at + size))
        const content = yield* OutboundMedia.fromStream(Stream.fromIterable(pieces))
        assert.deepStrictEqual(yield* stored(content), ["image/png", large])
      }
    }).pipe(Effect.provide(layer)))

  it.effect("is read no further than the limit", () =>
    Effect.gen(function*() {
      let read = 0
      const endless = Stream.tap(
        Stream.forever(Stream.succeed(new Uint8Array(1000))),
        () => Effect.sync(() => void read++)
      )
      const options = { contentType: "video/mp4", maxBytes: 10_000 }
      const error = yield* reason(OutboundMedia.fromStream(endless, options))
      assert.strictEqual(error.reason._tag, "TooLarge")
      assert.isBelow(read, 20)
    }).pipe(Effect.provide(layer)))

  it.effect("fails as it failed", () =>
    Effect.gen(function*() {
      for (const first of [png, new Uint8Array(10_000)]) {
        const broken = Stream.concat(Stream.succeed(first), Stream.fail(new Broken()))
        const error = yield* reason(OutboundMedia.fromStream(broken, { contentType: "image/png" }))
        assert.strictEqual(error._tag, "Broken")
      }
    }).pipe(Effect.provide(layer)))
})

describe("a local file", () => {
  it.effect("is stored with its type", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* fs.makeTempFileScoped()
      yield* fs.writeFile(path, png)
      const content = yield* OutboundMedia.fromFile(path, { caption: "The part" })
      assert.strictEqual(content.caption, "The part")
      assert.deepStrictEqual(yield* stored(content), ["image/png", png])
    }).pipe(Effect.provide(layer)))

  it.effect("that is not there fails as the file system does", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(OutboundMedia.fromFile("/does/not/exist"))
      assert.strictEqual(error._tag, "PlatformError")
    }).pipe(Effect.provide(layer)))
})
