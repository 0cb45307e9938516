/**
 * Writes a stream to a temporary file and hashes it at the same time, with only
 * a chunk in memory.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { IncrementalHash } from "../IncrementalHash.ts"
import type { MediaError, StoreFailed } from "../MediaError.ts"
import { failed } from "./storeRules.ts"

/** Returns the system's error code, such as `ENOSPC`. Never the message, which contains the path. */
const codeOf = ({ reason }: PlatformError.PlatformError): string => {
  const { cause } = reason
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" && /^[A-Z0-9_]{2,40}$/.test(code) ? code : reason._tag
}

export const fileFailed = (operation: StoreFailed["operation"]) => (error: PlatformError.PlatformError): MediaError =>
  failed(operation, codeOf(error))

export const isNotFound = (error: PlatformError.PlatformError): boolean => error.reason._tag === "NotFound"

export interface Spooled {
  readonly path: string
  /** The number of bytes after `before`. */
  readonly size: number
  readonly sha256: Uint8Array
}

export interface WriteOptions {
  /** The bytes to write before the stream. */
  readonly before: Uint8Array
  /** Whether the file will be kept, and so must survive a power failure intact. */
  readonly isKept: boolean
}

export interface Spool {
  /** Returns the path for a new file. Closing the scope removes the file if it is still there. */
  readonly path: Effect.Effect<string, never, Scope.Scope>
  /** Writes the stream to a new file. Closing the scope removes the file unless it was renamed. */
  readonly write: <E>(
    stream: Stream.Stream<Uint8Array, E>,
    options: WriteOptions
  ) => Effect.Effect<Spooled, E | MediaError, Scope.Scope>
  /** Removes the files that crashed processes left behind. */
  readonly removeStale: (now: number) => Effect.Effect<void, PlatformError.PlatformError>
  /**
   * Removes the files that crashed processes left behind in directories of their
   * own beside this one, whose names begin with the prefix.
   */
  readonly removeStaleBeside: (prefix: string, now: number) => Effect.Effect<void, PlatformError.PlatformError>
}

const spoolName = /^\.[0-9a-f]{32}\.part$/

/** A file that was not written for an hour has been abandoned. */
const staleAfter = 3_600_000

/** Builds a spool in an existing directory. Only the owner can read its files. */
export const make = Effect.fnUntraced(function*(directory: string): Effect.fn.Return<
  Spool,
  never,
  FileSystem.FileSystem | Path.Path | SecureRandom.SecureRandom | IncrementalHash
> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const random = yield* SecureRandom.SecureRandom
  const hash = yield* IncrementalHash

  const path = Effect.acquireRelease(
    Effect.map(random.randomBytes(16), (bytes) => paths.join(directory, `.${Hex.encode(bytes)}.part`)),
    // A file that cannot be removed now is removed later as stale.
    (path) => Effect.ignore(fs.remove(path, { force: true }))
  )

  const writeAll = Effect.fnUntraced(
    function*<E>(path: string, stream: Stream.Stream<Uint8Array, E>, options: WriteOptions) {
      const hasher = yield* hash.sha256
      const file = yield* Effect.mapError(fs.open(path, { flag: "wx", mode: 0o600 }), fileFailed("put"))
      const write = (bytes: Uint8Array) => Effect.mapError(file.writeAll(bytes), fileFailed("put"))
      let size = 0
      yield* write(options.before)
      yield* Stream.runForEach(stream, (bytes) => {
        if (bytes.length === 0) return Effect.void
        size += bytes.length
        hasher.update(bytes)
        return write(bytes)
      })
      // Otherwise a power failure could leave a file under its final name with bytes missing.
      if (options.isKept) yield* Effect.mapError(file.sync, fileFailed("put"))
      return { path, size, sha256: hasher.digest() }
    },
    Effect.scoped
  )

  const modifiedAt = (path: string) =>
    fs.stat(path).pipe(
      Effect.map(({ mtime }) => Option.getOrUndefined(mtime)?.getTime()),
      Effect.catchIf(isNotFound, () => Effect.undefined)
    )

  const removeStaleIn = Effect.fnUntraced(function*(directory: string, now: number) {
    for (const name of yield* fs.readDirectory(directory)) {
      if (!spoolName.test(name)) continue
      const path = paths.join(directory, name)
      const at = yield* modifiedAt(path)
      if (at !== undefined && now - at > staleAfter) yield* fs.remove(path, { force: true })
    }
  })

  return {
    path,
    write: (stream, options) => Effect.flatMap(path, (path) => writeAll(path, stream, options)),
    removeStale: (now) => removeStaleIn(directory, now),
    removeStaleBeside: Effect.fnUntraced(function*(prefix, now) {
      const parent = paths.dirname(directory)
      for (const name of yield* fs.readDirectory(parent)) {
        // It may be gone by now, or belong to another user.
        if (name.startsWith(prefix)) yield* Effect.ignore(removeStaleIn(paths.join(parent, name), now))
      }
    })
  }
})
