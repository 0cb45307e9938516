/**
 * Rules shared by all media stores: names, ages and failures.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { macKeys, utf8 } from "../../provider/Secrets.ts"
import { MediaError, NotStored, StoreFailed, TypeNotAllowed } from "../MediaError.ts"
import type { AgeOptions, Range, StoredMedia } from "../StoredMedia.ts"

export const notStored = (): MediaError => new MediaError({ reason: new NotStored() })

export const failed = (operation: StoreFailed["operation"], code: string | undefined): MediaError =>
  new MediaError({ reason: new StoreFailed({ operation, ...code === undefined ? {} : { code } }) })

/** File extensions by type, for clients that rely on them. */
const extensions: Readonly<Record<string, string>> = {
  "application/epub+zip": "epub",
  "application/json": "json",
  "application/msword": "doc",
  "application/ogg": "ogx",
  "application/pdf": "pdf",
  "application/rtf": "rtf",
  "application/smil": "smil",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.oasis.opendocument.presentation": "odp",
  "application/vnd.oasis.opendocument.spreadsheet": "ods",
  "application/vnd.oasis.opendocument.text": "odt",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/zip": "zip",
  "audio/3gpp": "3gp",
  "audio/aac": "aac",
  "audio/ac3": "ac3",
  "audio/amr": "amr",
  "audio/m4a": "m4a",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/vnd.wave": "wav",
  "audio/wav": "wav",
  "audio/webm": "weba",
  "audio/x-m4a": "m4a",
  "audio/x-wav": "wav",
  "image/avif": "avif",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/heic": "heic",
  "image/heif": "heif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/tiff": "tif",
  "image/webp": "webp",
  "text/calendar": "ics",
  "text/csv": "csv",
  "text/markdown": "md",
  "text/plain": "txt",
  "text/tab-separated-values": "tsv",
  "text/vcard": "vcf",
  "text/x-vcard": "vcf",
  "video/3gpp": "3gp",
  "video/3gpp2": "3g2",
  "video/h264": "h264",
  "video/mp4": "mp4",
  "video/mpeg": "mpg",
  "video/ogg": "ogv",
  "video/quicktime": "mov",
  "video/webm": "webm"
}

const essenceOf = (contentType: string): string => contentType.split(";", 1)[0]!.trim().toLowerCase()

/** Returns the file extension of a type with its dot, or an empty string. */
export const extensionOf = (contentType: string): string => {
  const essence = essenceOf(contentType)
  return Object.hasOwn(extensions, essence) ? `.${extensions[essence]}` : ""
}

/** A media type as restricted by RFC 6838, section 4.2, with any parameters that a header can carry. */
const mediaType = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}(?:;[\x20-\x7e]{0,200})?$/i

/**
 * Normalizes a content type for storage. It is later sent in headers, so
 * anything that a header cannot carry is refused.
 */
export const contentTypeOf = (declared: string): Effect.Effect<string, MediaError> => {
  const [essence = "", ...parameters] = declared.trim().split(";")
  const contentType = [essence.trim().toLowerCase(), ...parameters.map((parameter) => ` ${parameter.trim()}`)].join(";")
  return mediaType.test(contentType)
    ? Effect.succeed(contentType)
    : Effect.fail(new MediaError({ reason: new TypeNotAllowed({}) }))
}

const named = /^([0-9a-f]{64})(\.[a-z0-9]{2,5})?$/

/** Returns whether the text is an id without an extension. */
export const isId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/**
 * Parses the name of a file into its id and extension. Fails with `NotStored`
 * for any text that no store could have returned, so that only hexadecimal
 * digits ever become part of a path.
 */
export const parse = (
  text: string
): Effect.Effect<{ readonly id: string; readonly extension: string | undefined }, MediaError> => {
  const match = named.exec(text)
  return match === null
    ? Effect.fail(notStored())
    : Effect.succeed({ id: match[1]!, extension: match[2] })
}

/** Deletes by the id in a name. A name that no store could have returned names no file. */
export const whenNamed = (
  text: string,
  remove: (id: string) => Effect.Effect<boolean, MediaError>
): Effect.Effect<boolean, MediaError> => {
  const id = named.exec(text)?.[1]
  return id === undefined ? Effect.succeed(false) : remove(id)
}

/** Returns whether the extension is the one that the store uses for the type. */
export const fits = (extension: string | undefined, contentType: string): boolean =>
  extension === undefined || extension === extensionOf(contentType)

export type MakeId = (sha256: Uint8Array, contentType: string) => Effect.Effect<string>

/**
 * Builds the function that computes ids: HMAC-SHA256 over the SHA-256 of the
 * bytes and the type. Equal files have equal ids, and without the secret a
 * file's owner cannot find out whether it is stored. The type is included
 * because the same bytes may be served under two types.
 */
export const makeId = Effect.fnUntraced(function*(
  module: string,
  secret: Redacted.Redacted<string>
): Effect.fn.Return<MakeId, CryptoError.CryptoError, Mac.Mac> {
  const mac = yield* Mac.Mac
  const [key] = yield* macKeys(module, Mac.hmacSha256, secret)
  return (sha256, contentType) =>
    // The hash has a fixed length, so the concatenation is unambiguous.
    Effect.map(Effect.orDie(mac.sign(key!, new Uint8Array([...sha256, ...utf8(contentType)]))), Hex.encode)
})

export const generateSecret: Effect.Effect<Redacted.Redacted<string>, never, SecureRandom.SecureRandom> = Effect.gen(
  function*() {
    const random = yield* SecureRandom.SecureRandom
    return Redacted.make(Hex.encode(yield* random.randomBytes(32)), { label: "media store" })
  }
)

/** Builds a function that returns the URL of a name below the base URL. */
export const urlBelow = (
  baseUrl: string
): Effect.Effect<(name: string) => string, Cause.IllegalArgumentError> => {
  const url = URL.parse(baseUrl)
  return (url?.protocol === "https:" || url?.protocol === "http:") && !/[?#]/.test(baseUrl)
    ? Effect.succeed((name) => `${baseUrl.replace(/\/+$/, "")}/${name}`)
    : Effect.fail(
      new Cause.IllegalArgumentError("The base URL must be an http or https URL without a query or fragment")
    )
}

export interface Age {
  readonly isExpired: (storedAt: number, now: number) => boolean
  /** Runs the cleanup periodically. A failure is logged, and the next run tries again. */
  readonly schedule: (cleanUp: Effect.Effect<number, MediaError>) => Effect.Effect<void, never, Scope.Scope>
}

export const age = (options: AgeOptions): Age => {
  const limit = Duration.toMillis(Duration.fromInputUnsafe(options.maxAge ?? "30 days"))
  const interval = Duration.fromInputUnsafe(options.cleanUpInterval ?? "1 hour")
  return {
    isExpired: (storedAt, now) => now - storedAt >= limit,
    schedule: (cleanUp) =>
      !Duration.isFinite(interval) ? Effect.void : cleanUp.pipe(
        Effect.tapError((error) => Effect.logWarning(`Media store cleanup failed: ${error.message}`)),
        Effect.ignore,
        Effect.repeat(Schedule.spaced(interval)),
        Effect.forkScoped,
        Effect.asVoid
      )
  }
}

/** Converts a range to the offsets of its first byte and of the byte after its last, clamped to the file. */
export const within = (size: number, range: Range | undefined): { readonly from: number; readonly to: number } => {
  const whole = (value: number) => Number.isNaN(value) ? 0 : Math.trunc(value)
  const from = Math.min(Math.max(whole(range?.start ?? 0), 0), size)
  const to = range?.end === undefined ? size : Math.min(whole(range.end) + 1, size)
  return { from, to: Math.max(from, to) }
}

export const stored = (
  file: { readonly id: string; readonly contentType: string; readonly size: number; readonly storedAt: number },
  url: string
): StoredMedia => ({
  id: file.id,
  url,
  contentType: file.contentType,
  size: file.size,
  storedAt: DateTime.makeUnsafe(file.storedAt)
})

/** The current time in epoch milliseconds. */
export const now: Effect.Effect<number> = Clock.currentTimeMillis
