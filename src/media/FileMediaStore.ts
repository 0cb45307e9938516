/**
 * Stores media files in a directory.
 *
 * A stored file is a header line followed by the original bytes:
 *
 * ```text
 * effect-sms media 1 image/jpeg
 * ```
 *
 * A single `rename` therefore stores the type and the bytes atomically. The
 * file name is the id, and the modification time is the time of storage.
 * Several processes can share a directory.
 *
 * **Example** (A directory of files)
 *
 * ```ts
 * import { NodeServices } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { FileMediaStore } from "effect-sms"
 * import * as NodeIncrementalHash from "effect-sms/media/NodeIncrementalHash"
 *
 * export const Store = FileMediaStore.layer({
 *   directory: "/var/lib/sms-media",
 *   baseUrl: "https://sms.example.com/media"
 * }).pipe(Layer.provide([NodeServices.layer, NodeIncrementalHash.layer]))
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { utf8 } from "../provider/Secrets.ts"
import type { IncrementalHash } from "./IncrementalHash.ts"
import * as Spool from "./internal/spool.ts"
import * as rules from "./internal/storeRules.ts"
import type { MediaError } from "./MediaError.ts"
import { MediaStore } from "./MediaStore.ts"
import type { AgeOptions, Range } from "./StoredMedia.ts"

/**
 * Options of the store.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends AgeOptions {
  /** The directory of the files. Created if it does not exist. */
  readonly directory: string
  /** The prefix of the URLs, before `/` and the file name: where the files are served. */
  readonly baseUrl: string
  /**
   * The key that ids are derived with. By default it is generated once and kept
   * in the directory. After a change, existing files keep their ids, and storing
   * the same bytes again gives another id.
   */
  readonly secret?: Redacted.Redacted<string> | undefined
}

/** The services that the store requires. */
type Needs =
  | FileSystem.FileSystem
  | Path.Path
  | Mac.Mac
  | SecureRandom.SecureRandom
  | IncrementalHash

const intro = "effect-sms media 1 "

/** Longer than any header line: a content type has at most 456 characters. */
const longestLine = 512

const firstLine = (contentType: string): Uint8Array => utf8(`${intro}${contentType}\n`)

/** Parses the header line: the type of the file and the offset of its bytes. `undefined` for a foreign file. */
const readLine = (bytes: Uint8Array): { readonly contentType: string; readonly offset: number } | undefined => {
  const end = bytes.indexOf(10)
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0)))
  return line.startsWith(intro) ? { contentType: line.slice(intro.length), offset: end + 1 } : undefined
}

/** Converts a time for the file system. The quarter keeps rounding from yielding the previous millisecond. */
const seconds = (millis: number): number => (millis + 0.25) / 1000

/**
 * Returns the secret of the directory, creating it if missing. Creation is
 * atomic: only one process can make the link.
 */
const ownSecret = Effect.fnUntraced(function*(directory: string, spool: Spool.Spool) {
  const fs = yield* FileSystem.FileSystem
  const file = (yield* Path.Path).join(directory, ".secret")
  const read = Effect.map(fs.readFileString(file), (text) => Redacted.make(text.trim(), { label: "media store" }))
  const create = Effect.gen(function*() {
    const secret = yield* rules.generateSecret
    const temporary = yield* spool.path
    yield* fs.writeFileString(temporary, `${Redacted.value(secret)}\n`, { flag: "wx", mode: 0o600 })
    yield* fs.link(temporary, file).pipe(
      Effect.catchIf(({ reason }) => reason._tag === "AlreadyExists", () => Effect.void)
    )
    return yield* read
  })
  return yield* Effect.scoped(Effect.catchIf(read, Spool.isNotFound, () => create))
})

/**
 * Builds the store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  MediaStore["Service"],
  CryptoError.CryptoError | PlatformError.PlatformError | Cause.IllegalArgumentError,
  Needs | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const url = yield* rules.urlBelow(options.baseUrl)
  const age = rules.age(options)
  const directory = paths.resolve(options.directory)
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
  const spool = yield* Spool.make(directory)
  const idOf = yield* rules.makeId("FileMediaStore", options.secret ?? (yield* ownSecret(directory, spool)))
  yield* spool.removeStale(yield* rules.now)

  // Keeps cleanup from removing a file that was stored again but still has its old modification time.
  const lock = yield* Semaphore.make(1)

  const pathOf = (id: string) => paths.join(directory, id)

  const stored = (file: Parameters<typeof rules.stored>[0]) =>
    rules.stored(file, url(`${file.id}${rules.extensionOf(file.contentType)}`))

  const put = Effect.fnUntraced(
    function*<E>(media: { readonly contentType: string; readonly stream: Stream.Stream<Uint8Array, E> }) {
      const contentType = yield* rules.contentTypeOf(media.contentType)
      const { path, sha256, size } = yield* spool.write(media.stream, {
        before: firstLine(contentType),
        isKept: true
      })
      const id = yield* idOf(sha256, contentType)
      const storedAt = yield* rules.now
      // Also replaces an existing file: that renews its age and repairs it.
      yield* fs.utimes(path, seconds(storedAt), seconds(storedAt)).pipe(
        Effect.andThen(fs.rename(path, pathOf(id))),
        lock.withPermit,
        Effect.mapError(Spool.fileFailed("put"))
      )
      return stored({ id, contentType, size, storedAt })
    },
    Effect.scoped
  )

  const getFailed = (error: PlatformError.PlatformError): MediaError =>
    Spool.isNotFound(error) ? rules.notStored() : Spool.fileFailed("get")(error)

  const look = Effect.fnUntraced(
    function*(id: string) {
      const file = yield* fs.open(pathOf(id))
      const info = yield* file.stat
      const beginning = yield* file.readAlloc(longestLine)
      return {
        fileSize: Number(info.size),
        storedAt: Option.getOrUndefined(info.mtime)?.getTime(),
        line: readLine(Option.getOrElse(beginning, () => new Uint8Array()))
      }
    },
    Effect.scoped,
    Effect.mapError(getFailed)
  )

  const get = Effect.fnUntraced(function*(text: string, range?: Range) {
    const { extension, id } = yield* rules.parse(text)
    const { fileSize, line, storedAt } = yield* look(id)
    if (
      line === undefined || storedAt === undefined || !rules.fits(extension, line.contentType) ||
      age.isExpired(storedAt, yield* rules.now)
    ) return yield* rules.notStored()
    const size = fileSize - line.offset
    const { from, to } = rules.within(size, range)
    const bytes = fs.stream(pathOf(id), { offset: BigInt(line.offset + from), bytesToRead: BigInt(to - from) })
    return {
      media: stored({ id, contentType: line.contentType, size, storedAt }),
      stream: from === to ? Stream.empty : Stream.mapError(bytes, getFailed)
    }
  })

  const isOld = (path: string) =>
    Effect.gen(function*() {
      const { mtime } = yield* fs.stat(path)
      return age.isExpired(Option.getOrUndefined(mtime)?.getTime() ?? 0, yield* rules.now)
    })

  /**
   * Removes a file if it has expired. The file is moved aside first and checked
   * again, because another process may have just stored it anew; in that case it
   * is moved back.
   */
  const removeOld = Effect.fnUntraced(
    function*(path: string) {
      if (!(yield* isOld(path))) return false
      const taken = yield* spool.path
      yield* fs.rename(path, taken)
      if (yield* isOld(taken)) return true
      yield* fs.rename(taken, path)
      return false
    },
    Effect.scoped,
    Effect.uninterruptible,
    lock.withPermit,
    // Another process already removed the file.
    Effect.catchIf(Spool.isNotFound, () => Effect.succeed(false))
  )

  const remove = (text: string) =>
    rules.whenNamed(text, (id) =>
      Effect.as(fs.remove(pathOf(id)), true).pipe(
        lock.withPermit,
        Effect.catchIf(Spool.isNotFound, () => Effect.succeed(false)),
        Effect.mapError(Spool.fileFailed("delete"))
      ))

  const cleanUp = Effect.gen(function*() {
    yield* spool.removeStale(yield* rules.now)
    let removed = 0
    for (const name of yield* fs.readDirectory(directory)) {
      if (rules.isId(name) && (yield* removeOld(pathOf(name)))) removed++
    }
    return removed
  }).pipe(Effect.mapError(Spool.fileFailed("cleanUp")))

  yield* age.schedule(cleanUp)
  return MediaStore.of({ put, get, delete: remove, cleanUp })
})

/**
 * Provides {@link MediaStore} over a directory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  MediaStore,
  CryptoError.CryptoError | PlatformError.PlatformError | Cause.IllegalArgumentError,
  Needs
> => Layer.effect(MediaStore, make(options))
