/**
 * Keeps media files and gives each a URL.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as rules from "./internal/storeRules.ts"
import type { MediaError } from "./MediaError.ts"
import type { AgeOptions, Range, StoredMedia } from "./StoredMedia.ts"

/**
 * The media store.
 *
 * @category services
 * @since 0.1.0
 */
export class MediaStore extends Context.Service<MediaStore, {
  /**
   * Stores the bytes of the stream, never more than a piece of it in memory. A
   * stream that fails leaves nothing behind, and the failure comes back.
   */
  readonly put: <E>(media: {
    readonly contentType: string
    readonly stream: Stream.Stream<Uint8Array, E>
  }) => Effect.Effect<StoredMedia, E | MediaError>
  /** A file, or a part of it. `NotStored` for every id that the store never gave. */
  readonly get: (id: string, range?: Range) => Effect.Effect<
    { readonly media: StoredMedia; readonly stream: Stream.Stream<Uint8Array, MediaError> },
    MediaError
  >
  /** Removes the files that are older than the age limit, and says how many. */
  readonly cleanUp: Effect.Effect<number, MediaError>
}>()("effect-sms/media/MediaStore") {}

/**
 * Options of {@link layerMemory}.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryOptions extends AgeOptions {
  /** What the URLs begin with, before `/` and the name of a file: where the files are served. */
  readonly baseUrl: string
  /** What ids are made with. Made up by default. */
  readonly secret?: Redacted.Redacted<string> | undefined
}

interface Entry {
  readonly id: string
  readonly contentType: string
  readonly bytes: Uint8Array
  readonly size: number
  readonly storedAt: number
}

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  pieces.reduce((offset, piece) => {
    bytes.set(piece, offset)
    return offset + piece.length
  }, 0)
  return bytes
}

/**
 * A store that keeps everything in memory. For tests, and for demonstrations.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(options: MemoryOptions): Effect.fn.Return<
  MediaStore["Service"],
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest | Mac.Mac | SecureRandom.SecureRandom | Scope.Scope
> {
  const digest = yield* Digest.Digest
  const idOf = yield* rules.makeId("MediaStore", options.secret ?? (yield* rules.generateSecret))
  const url = yield* rules.urlBelow(options.baseUrl)
  const age = rules.age(options)
  const entries = new Map<string, Entry>()

  const stored = (entry: Entry) => rules.stored(entry, url(`${entry.id}${rules.extensionOf(entry.contentType)}`))

  const put = Effect.fnUntraced(function*<E>(media: {
    readonly contentType: string
    readonly stream: Stream.Stream<Uint8Array, E>
  }) {
    const contentType = yield* rules.contentTypeOf(media.contentType)
    const bytes = joined(yield* Stream.runCollect(Stream.map(media.stream, (piece) => Uint8Array.from(piece))))
    const id = yield* idOf(yield* digest.digest(Digest.sha256, bytes), contentType)
    const storedAt = yield* rules.now
    const entry: Entry = { id, contentType, bytes: entries.get(id)?.bytes ?? bytes, size: bytes.length, storedAt }
    entries.set(id, entry)
    return stored(entry)
  })

  const get = Effect.fnUntraced(function*(text: string, range?: Range) {
    const { extension, id } = yield* rules.parse(text)
    const entry = entries.get(id)
    if (
      entry === undefined || !rules.fits(extension, entry.contentType) ||
      age.isExpired(entry.storedAt, yield* rules.now)
    ) return yield* rules.notStored()
    const { from, to } = rules.within(entry.size, range)
    // A copy: what the caller does to it must not change what is stored.
    const stream = from === to ? Stream.empty : Stream.sync(() => entry.bytes.slice(from, to))
    return { media: stored(entry), stream }
  })

  const cleanUp = Effect.gen(function*() {
    const now = yield* rules.now
    const old = [...entries.values()].filter(({ storedAt }) => age.isExpired(storedAt, now))
    for (const { id } of old) entries.delete(id)
    return old.length
  })

  yield* age.schedule(cleanUp)
  return MediaStore.of({ put, get, cleanUp })
})

/**
 * A store that keeps everything in memory. For tests, and for demonstrations.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: MemoryOptions): Layer.Layer<
  MediaStore,
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest | Mac.Mac | SecureRandom.SecureRandom
> => Layer.effect(MediaStore, makeMemory(options))
