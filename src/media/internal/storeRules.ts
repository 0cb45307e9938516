/**
 * What all media stores share: how files are named, how old they may become,
 * and how failures are told.
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

/** The names of the files whose type is known. A client that knows no better goes by them. */
const extensions: Readonly<Record<string, string>> = {
  "application/json": "json",
  "application/ogg": "ogx",
  "application/pdf": "pdf",
  "application/smil": "smil",
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
  "text/plain": "txt",
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

/** What a file's name ends in, with the dot, or nothing. */
export const extensionOf = (contentType: string): string => {
  const essence = essenceOf(contentType)
  return Object.hasOwn(extensions, essence) ? `.${extensions[essence]}` : ""
}

/** A type and a subtype as RFC 6838 section 4.2 restricts them, and whatever parameters a header can hold. */
const mediaType = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}(?:;[\x20-\x7e]{0,200})?$/i

/**
 * The type in the spelling that is stored. It ends up in headers, so whatever
 * no header can hold is refused.
 */
export const contentTypeOf = (declared: string): Effect.Effect<string, MediaError> => {
  const [essence = "", ...parameters] = declared.trim().split(";")
  const contentType = [essence.trim().toLowerCase(), ...parameters.map((parameter) => ` ${parameter.trim()}`)].join(";")
  return mediaType.test(contentType)
    ? Effect.succeed(contentType)
    : Effect.fail(new MediaError({ reason: new TypeNotAllowed({}) }))
}

const named = /^([0-9a-f]{64})(\.[a-z0-9]{2,5})?$/

/** Whether the text is an id and nothing more. */
export const isId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/**
 * The id, and the extension that was given with it. Everything else than what
 * a store gives, alone or as the last segment of a URL, is `NotStored`: only
 * hexadecimal digits ever become part of a path.
 */
export const parse = (
  text: string
): Effect.Effect<{ readonly id: string; readonly extension: string | undefined }, MediaError> => {
  const match = named.exec(text)
  return match === null
    ? Effect.fail(notStored())
    : Effect.succeed({ id: match[1]!, extension: match[2] })
}

/** Whether the extension given with an id is the one that the store gave. */
export const fits = (extension: string | undefined, contentType: string): boolean =>
  extension === undefined || extension === extensionOf(contentType)

export type MakeId = (sha256: Uint8Array, contentType: string) => Effect.Effect<string>

/**
 * The id of a file: HMAC-SHA256 over the SHA-256 of the bytes and the type. The
 * same file has the same id, and nobody who has the file, but not the secret,
 * can tell whether it is stored. The type is in it because the same bytes may
 * be served under two.
 */
export const makeId = Effect.fnUntraced(function*(
  module: string,
  secret: Redacted.Redacted<string>
): Effect.fn.Return<MakeId, CryptoError.CryptoError, Mac.Mac> {
  const mac = yield* Mac.Mac
  const [key] = yield* macKeys(module, Mac.hmacSha256, secret)
  return (sha256, contentType) =>
    // The hash has a fixed length, so no two files give the same text.
    Effect.map(Effect.orDie(mac.sign(key!, new Uint8Array([...sha256, ...utf8(contentType)]))), Hex.encode)
})

export const generateSecret: Effect.Effect<Redacted.Redacted<string>, never, SecureRandom.SecureRandom> = Effect.gen(
  function*() {
    const random = yield* SecureRandom.SecureRandom
    return Redacted.make(Hex.encode(yield* random.randomBytes(32)), { label: "media store" })
  }
)

/** The URL of a name below the base. */
export const urlBelow = (
  baseUrl: string
): Effect.Effect<(name: string) => string, Cause.IllegalArgumentError> => {
  const url = URL.parse(baseUrl)
  return (url?.protocol === "https:" || url?.protocol === "http:") && !/[?#]/.test(baseUrl)
    ? Effect.succeed((name) => `${baseUrl.replace(/\/+$/, "")}/${name}`)
    : Effect.fail(
      new Cause.IllegalArgumentError("The base URL must begin with https:// or http:// and end before the query")
    )
}

export interface Age {
  readonly isExpired: (storedAt: number, now: number) => boolean
  /** Runs the clean-up now and then. What fails is logged, and tried again the next time. */
  readonly schedule: (cleanUp: Effect.Effect<number, MediaError>) => Effect.Effect<void, never, Scope.Scope>
}

export const age = (options: AgeOptions): Age => {
  const limit = Duration.toMillis(Duration.fromInputUnsafe(options.maxAge ?? "30 days"))
  const interval = Duration.fromInputUnsafe(options.cleanUpInterval ?? "1 hour")
  return {
    isExpired: (storedAt, now) => now - storedAt >= limit,
    schedule: (cleanUp) =>
      !Duration.isFinite(interval) ? Effect.void : cleanUp.pipe(
        Effect.tapError((error) => Effect.logWarning(`The clean-up of the media store failed: ${error.message}`)),
        Effect.ignore,
        Effect.repeat(Schedule.spaced(interval)),
        Effect.forkScoped,
        Effect.asVoid
      )
  }
}

/** A range as the first byte and the byte after the last, within the file. */
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

/** In milliseconds. */
export const now: Effect.Effect<number> = Clock.currentTimeMillis
