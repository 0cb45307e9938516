/**
 * Media to be sent: bytes or a local file, put in the store, so that the
 * carrier has a URL to fetch it from.
 *
 * Carriers take URLs and no bytes, and fetch them when they send the message,
 * or a little later when they try again. So the URLs of the store have to be
 * reachable from the internet, and to be valid that long.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { MediaContent } from "../Content.ts"
import { headOf } from "./internal/pieces.ts"
import * as TypeRules from "./internal/typeRules.ts"
import { InvalidBody, MediaError, TooLarge, TypeNotAllowed } from "./MediaError.ts"
import { MediaStore } from "./MediaStore.ts"

/**
 * Options of a file to be sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The MIME type. By default it is told from the first bytes, which works for
   * images, sound, video, PDF and contact cards. Text has to be declared.
   */
  readonly contentType?: string | undefined
  /** The text sent along. */
  readonly caption?: string | undefined
  /**
   * In bytes. 5 MiB by default: Twilio refuses more in one message
   * (https://www.twilio.com/docs/messaging/api/media-resource), and other
   * carriers take less.
   */
  readonly maxBytes?: number | undefined
}

const fail = (reason: MediaError["reason"]) => Effect.fail(new MediaError({ reason }))

const limited = <E>(stream: Stream.Stream<Uint8Array, E>, limit: number): Stream.Stream<Uint8Array, E | MediaError> =>
  Stream.suspend(() => {
    let size = 0
    return Stream.mapEffect(stream, (bytes): Effect.Effect<Uint8Array, MediaError> => {
      size += bytes.length
      return size > limit ? fail(new TooLarge({ limit })) : Effect.succeed(bytes)
    })
  })

/** The first pieces, until they are long enough to tell the type. */
const firstPieces = Sink.reduceWhile(
  () => ({ pieces: Array<Uint8Array>(), size: 0 }),
  ({ size }) => size < TypeRules.headLength,
  ({ pieces, size }, bytes: Uint8Array) => {
    pieces.push(bytes)
    return { pieces, size: size + bytes.length }
  }
)

const tellType = (head: Uint8Array): Effect.Effect<string, MediaError> =>
  Effect.flatMap(
    TypeRules.detect(head),
    (detected) => detected === undefined ? fail(new TypeNotAllowed({})) : Effect.succeed(detected)
  )

/**
 * A stream of bytes as media to be sent. It is read once, and never more than
 * a piece of it is in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromStream: <E>(
  stream: Stream.Stream<Uint8Array, E>,
  options?: Options
) => Effect.Effect<MediaContent, E | MediaError, MediaStore> = Effect.fnUntraced(
  function*<E>(stream: Stream.Stream<Uint8Array, E>, options: Options = {}) {
    const { caption = "", maxBytes = 5 * 1024 * 1024 } = options
    const store = yield* MediaStore
    const [first, rest] = yield* Stream.peel(limited(stream, maxBytes), firstPieces)
    if (first.size === 0) return yield* fail(new InvalidBody({ expected: "a file that is not empty" }))
    const media = yield* store.put({
      contentType: options.contentType ?? (yield* tellType(headOf(first.pieces, TypeRules.headLength))),
      stream: Stream.concat(Stream.fromArray(first.pieces), rest)
    })
    return new MediaContent({
      url: media.url,
      mimeType: media.contentType,
      ...(caption !== "" && { caption })
    })
  },
  Effect.scoped
)

/**
 * Bytes as media to be sent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBytes = (bytes: Uint8Array, options?: Options): Effect.Effect<MediaContent, MediaError, MediaStore> =>
  fromStream(Stream.succeed(bytes), options)

/**
 * A local file as media to be sent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFile = Effect.fnUntraced(function*(
  path: string,
  options?: Options
): Effect.fn.Return<MediaContent, MediaError | PlatformError.PlatformError, MediaStore | FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  return yield* fromStream(fs.stream(path), options)
})
