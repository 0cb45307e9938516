/**
 * Media to send: bytes or a local file, stored so that the carrier can fetch it
 * from a URL.
 *
 * Carriers accept URLs instead of bytes. They fetch a file when they send the
 * message, or later on a retry, so the store's URLs must be reachable from the
 * internet and stay valid that long.
 *
 * **Example** (Sending a file of your own)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Address, Message, OutboundMedia, SmsProvider } from "effect-sms"
 *
 * export const sendReceipt = Effect.fn("sendReceipt")(function*(path: string) {
 *   const provider = yield* SmsProvider.SmsProvider
 *   const content = yield* OutboundMedia.fromFile(path, { caption: "Your receipt" })
 *   return yield* provider.send(new Message.OutboundMessage({ to: Address.Address.make("+15145550142"), content }))
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { MediaContent } from "../Content.ts"
import * as Bytes from "../internal/bytes.ts"
import * as TypeRules from "./internal/typeRules.ts"
import { InvalidBody, MediaError, TooLarge, TypeNotAllowed } from "./MediaError.ts"
import { MediaStore } from "./MediaStore.ts"

/**
 * Options of a file to send.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The MIME type. By default it is detected from the first bytes, which works
   * for images, audio, video, PDF and contact cards. For text it must be given.
   */
  readonly contentType?: string | undefined
  /** The text to send along with the file. */
  readonly caption?: string | undefined
  /**
   * The maximum size in bytes. 5 MiB by default: Twilio refuses larger messages
   * (https://www.twilio.com/docs/messaging/api/media-resource), and other
   * carriers have lower limits.
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

/** Collects the first chunks until they suffice to detect the type. */
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
 * Stores a stream of bytes as media to send. The stream is read once, with only
 * a chunk in memory at a time.
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
    if (first.size === 0) return yield* fail(new InvalidBody({ expected: "a non-empty file" }))
    const media = yield* store.put({
      contentType: options.contentType ?? (yield* tellType(Bytes.head(first.pieces, TypeRules.headLength))),
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
 * Stores bytes as media to send.
 *
 * **Example** (Sending a picture that was made)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Layer, Stream } from "effect"
 * import { MediaStore, OutboundMedia } from "effect-sms"
 *
 * const Store = MediaStore.layerMemory({ baseUrl: "https://sms.example.com/media" }).pipe(
 *   Layer.provide(NodeCrypto.layer)
 * )
 * const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Uint8Array(32))
 * const stored = Effect.all([
 *   OutboundMedia.fromBytes(png, { contentType: "image/png", caption: "Your code" }),
 *   OutboundMedia.fromStream(Stream.make(png), { contentType: "image/png" })
 * ])
 *
 * const contents = await Effect.runPromise(Effect.provide(stored, Store))
 * contents.map(({ caption }) => caption) // => ["Your code", undefined]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBytes = (bytes: Uint8Array, options?: Options): Effect.Effect<MediaContent, MediaError, MediaStore> =>
  fromStream(Stream.succeed(bytes), options)

/**
 * Stores a local file as media to send.
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
