/**
 * What every media store must do, wherever it keeps its files.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Deferred, Effect, Exit, Fiber, type Layer, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { MediaError } from "../../src/media/MediaError.ts"
import { idOfUrl, MediaStore } from "../../src/media/MediaStore.ts"
import type { AgeOptions, Range } from "../../src/media/StoredMedia.ts"

export interface Place {
  /** A store on this place. Two of them share the files, unless they are in memory. */
  readonly layer: (options?: AgeOptions) => Layer.Layer<MediaStore, unknown>
  /** The names of all files that are there, stored or left over. Absent when nobody else can see them. */
  readonly files?: Effect.Effect<ReadonlyArray<string>>
}

export interface Subject {
  readonly name: string
  /** A new place, where nothing is stored. */
  readonly place: Effect.Effect<Place, unknown, Scope.Scope>
  /** How exactly the place tells the time, in milliseconds. */
  readonly precision: number
}

class Broken extends Error {}

const text = (value: string) => new TextEncoder().encode(value)

export const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(pieces))

const pieces = (...bytes: ReadonlyArray<Uint8Array>) => Stream.fromIterable(bytes)

const put = (bytes: Uint8Array, contentType = "image/jpeg") =>
  MediaStore.use((store) => store.put({ contentType, stream: pieces(bytes) }))

const read = (id: string, range?: Range) =>
  MediaStore.use((store) => store.get(id, range)).pipe(
    Effect.flatMap(({ media, stream }) => Effect.map(bytesOf(stream), (bytes) => ({ media, bytes })))
  )

/** The tag of the reason that something fails with. */
export const reasonOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, MediaError)
    return error.reason._tag
  })

/** Bytes without a pattern, the same in every run. */
const noise = (length: number) =>
  Effect.gen(function*() {
    const bytes = new Uint8Array(length)
    let state = 1
    for (let index = 0; index < length; index++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      bytes[index] = state >>> 16
    }
    return bytes
  })

/** Not what a store gives, and some of it could become a path. */
const oddIds = [
  "",
  ".",
  "..",
  "/",
  ".secret",
  "../.secret",
  "..%2f.secret",
  "%2e%2e/secret",
  "/etc/passwd",
  "C:\\windows\\win.ini",
  "\\\\host\\share",
  "a".repeat(63),
  "a".repeat(65),
  "A".repeat(64),
  "g".repeat(64),
  `${"a".repeat(64)}/`,
  `${"a".repeat(64)}\0`,
  `${"a".repeat(64)}\n`,
  `${"a".repeat(64)}.`,
  `${"a".repeat(64)}.jpg/../x`,
  `${"a".repeat(64)}.jpg\0.png`,
  `${"a".repeat(64)}.jpeg.html`,
  `../${"a".repeat(64)}`,
  `./${"a".repeat(64)}`,
  ` ${"a".repeat(64)}`,
  "\uff0e\uff0e\uff0f\uff0e\uff0e",
  "а".repeat(64),
  "１".repeat(64),
  "__proto__",
  "constructor",
  `.${"0".repeat(32)}.part`,
  "0".repeat(64),
  `${"0".repeat(64)}.jpg`
]

export const suite = (subject: Subject) => {
  const test = (
    title: string,
    body: (place: Place) => Effect.Effect<void, unknown, MediaStore | Scope.Scope>,
    options?: AgeOptions
  ) =>
    it.effect(title, () =>
      Effect.gen(function*() {
        // The time of a place may be that of the machine.
        yield* TestClock.setTime(yield* TestClock.withLive(Clock.currentTimeMillis))
        const place = yield* subject.place
        yield* Effect.provide(body(place), place.layer(options))
      }), 20_000)

  const assertFiles = (place: Place, count: number) =>
    place.files === undefined
      ? Effect.void
      : Effect.map(place.files, (files) => assert.lengthOf(files, count, files.join("\n")))

  describe(`MediaStore (${subject.name})`, () => {
    test("gives back what was put, with its type, size and time", () =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const stored = yield* MediaStore.use((store) =>
          store.put({ contentType: "image/jpeg", stream: pieces(text("one "), text(""), text("two")) })
        )
        const { bytes, media } = yield* read(stored.id)
        assert.strictEqual(bytes.toString(), "one two")
        assert.strictEqual(media.id, stored.id)
        assert.strictEqual(media.contentType, "image/jpeg")
        assert.strictEqual(media.size, 7)
        assert.strictEqual(stored.storedAt.epochMilliseconds, now)
        assert.closeTo(media.storedAt.epochMilliseconds, now, subject.precision)
        assert.match(stored.id, /^[0-9a-f]{64}$/)
        assert.isTrue(URL.canParse(stored.url))
        assert.include(stored.url, stored.id)
      }))

    test("stores a file of no bytes", () =>
      Effect.gen(function*() {
        const { id } = yield* put(new Uint8Array())
        const { bytes, media } = yield* read(id)
        assert.strictEqual(media.size, 0)
        assert.strictEqual(bytes.length, 0)
        assert.strictEqual((yield* read(id, { start: 0, end: 10 })).bytes.length, 0)
      }))

    test("stores every byte of a megabyte, in pieces of any size", () =>
      Effect.gen(function*() {
        const bytes = yield* noise(1_048_576 + 7)
        const cuts = [0, 1, 10, 65_535, 65_537, 500_000, bytes.length]
        const stream = pieces(...cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut)))
        const { id, size } = yield* MediaStore.use((store) => store.put({ contentType: "video/mp4", stream }))
        assert.strictEqual(size, bytes.length)
        assert.isTrue(Buffer.from(bytes).equals((yield* read(id)).bytes))
        assert.strictEqual(id, (yield* put(bytes, "video/mp4")).id)
      }))

    test("gives a part of a file, as far as there is one", () =>
      Effect.gen(function*() {
        const { id } = yield* put(text("0123456789"))
        const ranges: ReadonlyArray<readonly [Range, string]> = [
          [{ start: 0 }, "0123456789"],
          [{ start: 0, end: 0 }, "0"],
          [{ start: 3, end: 5 }, "345"],
          [{ start: 9 }, "9"],
          [{ start: 8, end: 100 }, "89"],
          [{ start: 10 }, ""],
          [{ start: 100, end: 200 }, ""],
          [{ start: 5, end: 4 }, ""],
          [{ start: -5, end: 1 }, "01"],
          [{ start: Number.NaN, end: Infinity }, "0123456789"],
          [{ start: 0, end: -1 }, ""]
        ]
        for (const [range, expected] of ranges) {
          const { bytes, media } = yield* read(id, range)
          assert.strictEqual(bytes.toString(), expected, JSON.stringify(range))
          assert.strictEqual(media.size, 10)
        }
      }))

    test("gives a file as often as it is asked, also two at once", () =>
      Effect.gen(function*() {
        const bytes = yield* noise(200_000)
        const { id } = yield* put(bytes)
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        const copies = yield* Effect.all([bytesOf(stream), bytesOf(stream)], { concurrency: 2 })
        for (const copy of copies) assert.isTrue(Buffer.from(bytes).equals(copy))
      }))

    test("keeps a file as it is when a caller writes into what it got or gave", () =>
      Effect.gen(function*() {
        const given = text("0123456789")
        const { id } = yield* put(given)
        given.fill(0)
        const { stream } = yield* MediaStore.use((store) => store.get(id, { start: 2, end: 4 }))
        yield* Stream.runForEach(stream, (piece) => Effect.sync(() => piece.fill(0)))
        assert.strictEqual((yield* read(id)).bytes.toString(), "0123456789")
      }))

    test("stores the same bytes once, and other bytes, or another type, apart", (place) =>
      Effect.gen(function*() {
        const first = yield* put(text("same"))
        const again = yield* put(text("same"), "Image/JPEG")
        const typed = yield* put(text("same"), "image/png")
        const other = yield* put(text("other"))
        assert.strictEqual(first.id, again.id)
        assert.strictEqual(new Set([first.id, typed.id, other.id]).size, 3)
        assert.strictEqual((yield* read(typed.id)).media.contentType, "image/png")
        yield* assertFiles(place, 3)
      }))

    test("stores the same bytes once when they come at once", (place) =>
      Effect.gen(function*() {
        const bytes = yield* noise(100_000)
        const stored = yield* Effect.forEach(Array.from({ length: 8 }), () => put(bytes), { concurrency: "unbounded" })
        assert.strictEqual(new Set(stored.map(({ id }) => id)).size, 1)
        assert.isTrue(Buffer.from(bytes).equals((yield* read(stored[0]!.id)).bytes))
        yield* assertFiles(place, 1)
      }))

    test("gives back the failure of a stream, and leaves nothing", (place) =>
      Effect.gen(function*() {
        const failure = new Broken()
        const stream = Stream.concat(pieces(text("begun")), Stream.fail(failure))
        const error = yield* Effect.flip(MediaStore.use((store) => store.put({ contentType: "image/gif", stream })))
        assert.strictEqual(error, failure)
        yield* assertFiles(place, 0)
      }))

    test("gives back the defect of a stream, and leaves nothing", (place) =>
      Effect.gen(function*() {
        const stream = Stream.concat(pieces(text("begun")), Stream.die("odd"))
        const exit = yield* Effect.exit(MediaStore.use((store) => store.put({ contentType: "image/gif", stream })))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        yield* assertFiles(place, 0)
      }))

    test("leaves nothing of a put that is interrupted", (place) =>
      Effect.gen(function*() {
        const begun = yield* Deferred.make<void>()
        const stream = pieces(text("begun")).pipe(
          Stream.concat(Stream.fromEffectDrain(Deferred.succeed(begun, undefined))),
          Stream.concat(Stream.never)
        )
        const fiber = yield* Effect.forkChild(
          MediaStore.use((store) => store.put({ contentType: "image/gif", stream }))
        )
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(fiber)
        yield* assertFiles(place, 0)
        assert.strictEqual((yield* put(text("later"))).size, 5)
      }))

    test("finds nothing under ids that it never gave, whatever their form", () =>
      Effect.gen(function*() {
        yield* put(text("something"))
        for (const id of oddIds) {
          assert.strictEqual(yield* reasonOf(MediaStore.use((store) => store.get(id))), "NotStored", JSON.stringify(id))
        }
      }))

    test("finds a file by its id with the right extension, and by no other", () =>
      Effect.gen(function*() {
        const { id } = yield* put(text("picture"), "image/jpeg")
        assert.strictEqual((yield* read(`${id}.jpg`)).media.id, id)
        for (const name of [`${id}.png`, `${id}.html`, `${id}.jpg.jpg`, id.toUpperCase(), id.slice(1)]) {
          assert.strictEqual(yield* reasonOf(read(name)), "NotStored")
        }
      }))

    test("keeps the parameters of a type, and refuses what no header can hold", (place) =>
      Effect.gen(function*() {
        const { contentType, id } = yield* put(text("BEGIN:VCARD"), "Text/VCard;charset=utf-8")
        assert.strictEqual(contentType, "text/vcard; charset=utf-8")
        assert.strictEqual((yield* read(id)).media.contentType, contentType)
        const odd = [
          "",
          "image",
          "image/",
          "image/jpeg\r\nset-cookie: a=b",
          "image/jpeg; a=b\nc",
          "image/jpég",
          "*/*",
          "a/b c"
        ]
        for (const contentType of odd) {
          const error = yield* reasonOf(put(text("x"), contentType))
          assert.strictEqual(error, "TypeNotAllowed", JSON.stringify(contentType))
        }
        yield* assertFiles(place, 1)
      }))

    test("does not give a file that is too old, and removes it when it cleans up", (place) =>
      Effect.gen(function*() {
        const store = yield* MediaStore
        const old = yield* put(text("old"))
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* store.cleanUp, 0)
        assert.strictEqual((yield* read(old.id)).bytes.toString(), "old")
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(yield* reasonOf(read(old.id)), "NotStored")
        yield* assertFiles(place, 1)
        assert.strictEqual(yield* store.cleanUp, 1)
        assert.strictEqual(yield* store.cleanUp, 0)
        yield* assertFiles(place, 0)
      }), { maxAge: "1 hour", cleanUpInterval: "1 day" })

    test("deletes a file by its id or name, and says whether there was one", (place) =>
      Effect.gen(function*() {
        const store = yield* MediaStore
        const [one, other, kept] = [yield* put(text("1")), yield* put(text("2")), yield* put(text("3"))]
        assert.strictEqual(idOfUrl(one.url), one.id)
        assert.isTrue(yield* store.delete(one.id))
        assert.isTrue(yield* store.delete(`${other.id}.jpg`))
        for (const id of [one.id, other.id]) {
          assert.strictEqual(yield* reasonOf(read(id)), "NotStored")
          assert.isFalse(yield* store.delete(id))
        }
        for (const id of oddIds) assert.isFalse(yield* store.delete(id), JSON.stringify(id))
        assert.strictEqual((yield* read(kept.id)).bytes.toString(), "3")
        yield* assertFiles(place, 1)
        // It can be stored again.
        assert.strictEqual((yield* put(text("1"))).id, one.id)
        assert.strictEqual((yield* read(one.id)).bytes.toString(), "1")
      }))

    test("cleans up by itself", (place) =>
      Effect.gen(function*() {
        if (place.files === undefined) return
        yield* put(text("old"))
        yield* TestClock.adjust("61 minutes")
        // The clean-up does its work in real time, and sleeps in the other.
        const wait = Effect.andThen(TestClock.adjust("10 minutes"), TestClock.withLive(Effect.sleep("5 millis")))
        const isClean = Effect.map(place.files, (files) => files.length === 0)
        yield* Effect.repeat(wait, { until: () => isClean, times: 1000 })
        yield* assertFiles(place, 0)
      }), { maxAge: "1 hour", cleanUpInterval: "10 minutes" })

    test("keeps a file for ever when it is told to", () =>
      Effect.gen(function*() {
        const { id } = yield* put(text("for ever"))
        yield* TestClock.adjust("3650 days")
        assert.strictEqual(yield* MediaStore.use((store) => store.cleanUp), 0)
        assert.strictEqual((yield* read(id)).bytes.toString(), "for ever")
      }), { maxAge: Infinity, cleanUpInterval: "1000 days" })

    test("takes what is larger than any buffer without waiting for its end", (place) =>
      Effect.gen(function*() {
        const piece = yield* noise(65_536)
        const stream = Stream.take(Stream.forever(Stream.succeed(piece)), 320)
        const { id, size } = yield* MediaStore.use((store) => store.put({ contentType: "video/mp4", stream }))
        assert.strictEqual(size, 320 * 65_536)
        const { stream: back } = yield* MediaStore.use((store) => store.get(id))
        let offset = 0
        yield* Stream.runForEach(back, (bytes) =>
          Effect.sync(() => {
            for (let index = 0; index < bytes.length; index += 4099) {
              assert.strictEqual(bytes[index], piece[(offset + index) % piece.length])
            }
            offset += bytes.length
          }))
        assert.strictEqual(offset, size)
        yield* assertFiles(place, 1)
      }))

    test("can be left in the middle of a file", () =>
      Effect.gen(function*() {
        const { id } = yield* put(yield* noise(1_000_000))
        const { stream } = yield* MediaStore.use((store) => store.get(id))
        assert.isAbove((yield* bytesOf(Stream.take(stream, 1))).length, 0)
        assert.strictEqual((yield* read(id)).bytes.length, 1_000_000)
      }))

    test("gives ids that the bytes alone do not explain", () =>
      Effect.gen(function*() {
        const { id } = yield* put(text("known to everybody"))
        const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", text("known to everybody")))
        assert.notInclude(id, Buffer.from(digest).toString("hex"))
        const elsewhere = yield* subject.place
        const other = yield* Effect.provide(put(text("known to everybody")), elsewhere.layer())
        assert.notStrictEqual(id, other.id)
      }))
  })
}
