/**
 * Detects the type of a file from its first bytes and compares it with the
 * declared types.
 *
 * The bytes decide, and the detected type must be allowed. The types that the
 * carrier and the host declare can only lead to a refusal: a file is refused if
 * one of them belongs to another family than the detected type. The families
 * are image, audio or video (containers such as 3GPP carry both, and carriers
 * confuse the two), PDF and contact card. So `image/jpg` for a JPEG or
 * `audio/mp4` for a video is accepted, but a PDF declared as an image is not.
 * Generic types such as `application/octet-stream` contradict nothing.
 *
 * Text and office documents do not show their format: the declared type is
 * stored if it is allowed and the bytes do not contradict it (see
 * `documentTypes.ts`). Markup is never text, whatever is declared.
 *
 * A polyglot file, an image by its first bytes and a script or archive by
 * others, counts as an image here. A server of such files must send the stored
 * type and `X-Content-Type-Options: nosniff`.
 */
import * as Effect from "effect/Effect"
import { fileTypeFromBuffer } from "file-type"
import { TypeNotAllowed } from "../MediaError.ts"
import * as DocumentTypes from "./documentTypes.ts"

/** The sample size that `file-type` recommends, enough for every signature. */
export const headLength = 4100

/** Aliases of types. */
const aliases: Readonly<Record<string, string>> = {
  "application/csv": "text/csv",
  "application/mp4": "video/mp4",
  "application/ogg": "audio/ogg",
  "application/vcard": "text/vcard",
  "application/x-pdf": "application/pdf",
  "application/x-rtf": "application/rtf",
  "audio/3gp": "audio/3gpp",
  "audio/amr-nb": "audio/amr",
  "audio/m4a": "audio/mp4",
  "audio/mp3": "audio/mpeg",
  "audio/opus": "audio/ogg",
  "audio/vnd.wave": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/x-m4a": "audio/mp4",
  "audio/x-wav": "audio/wav",
  // An animated PNG is a valid PNG for readers without animation support.
  "image/apng": "image/png",
  "image/heic-sequence": "image/heic",
  "image/heif-sequence": "image/heif",
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "image/tif": "image/tiff",
  "image/x-bmp": "image/bmp",
  "image/x-ms-bmp": "image/bmp",
  "image/x-png": "image/png",
  "text/comma-separated-values": "text/csv",
  "text/directory": "text/vcard",
  "text/json": "application/json",
  "text/rtf": "application/rtf",
  "text/x-comma-separated-values": "text/csv",
  "text/x-csv": "text/csv",
  "text/x-markdown": "text/markdown",
  "text/x-vcard": "text/vcard",
  "video/3gp": "video/3gpp",
  "video/mp1s": "video/mpeg",
  "video/mp2p": "video/mpeg",
  "video/x-m4v": "video/mp4"
}

/** Types without information. Some hosts send `text/plain` for any file they do not recognize. */
const silent = new Set([
  "application/binary",
  "application/download",
  "application/force-download",
  "application/octet-stream",
  "application/unknown",
  "application/x-download",
  "application/x-www-form-urlencoded",
  "binary/octet-stream",
  "multipart/form-data",
  "text/plain",
  "unknown/unknown"
])

/** Returns the canonical name of a type, without parameters. */
export const normalize = (type: string): string => {
  const essence = (type.split(";", 1)[0] ?? "").trim().toLowerCase()
  return Object.hasOwn(aliases, essence) ? aliases[essence] ?? essence : essence
}

// RFC 6838, section 4.2, limited in length to what is safe to repeat in an error.
const name = /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}$/

/** Returns the declared types that carry information. */
const telling = (declared: ReadonlyArray<string>) =>
  declared.map(normalize).filter((type) => name.test(type) && !silent.has(type))

const family = (type: string): string => {
  const [top] = type.split("/", 1)
  return top === "audio" || top === "video" ? "audio or video" : top === "image" ? top : type
}

const startsWith = (head: Uint8Array, ...signature: ReadonlyArray<number>) =>
  signature.every((byte, index) => head[index] === byte)

/** Detects archives before `file-type` does, because it would decompress them to look inside. */
const archive = (head: Uint8Array): string | undefined => {
  if (startsWith(head, 0x50, 0x4b) && [3, 5, 7].includes(head[2] ?? 0) && head[3] === head[2]! + 1) {
    return "application/zip"
  }
  if (startsWith(head, 0x1f, 0x8b)) return "application/gzip"
  return undefined
}

// RFC 6350, section 6.1.1: a card begins with this line, in any case.
const vcard = /^\ufeff?BEGIN:VCARD[ \t]*\r?\n/i
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const isVcard = (head: Uint8Array) => vcard.test(utf8.decode(head.subarray(0, 64)))

/** Detects the type of the bytes; `undefined` if it is not recognized. */
export const detect = (head: Uint8Array): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const packed = archive(head)
    if (packed !== undefined) return packed
    if (isVcard(head)) return "text/vcard"
    // `file-type` handles any input, but a bug in one of its parsers must not fail here.
    const found = yield* Effect.tryPromise(() => fileTypeFromBuffer(head)).pipe(
      Effect.catch(() => Effect.succeed(undefined))
    )
    if (found === undefined) return undefined
    const type = normalize(found.mime)
    // `file-type` accepts an incomplete first line.
    return type === "text/vcard" ? undefined : type
  })

/** The audio-only types of containers whose bytes do not show whether they hold video. */
const ofSound: Readonly<Record<string, string>> = {
  "video/3gpp": "audio/3gpp",
  "video/3gpp2": "audio/3gpp2",
  "video/mp4": "audio/mp4",
  "video/ogg": "audio/ogg",
  "video/webm": "audio/webm"
}

/** The types whose signature is text itself. */
const signedText = new Set(["application/pdf", "application/postscript", "application/rtf", "application/xml"])

/**
 * Detects text too. Some signatures are two or three letters, such as `BM` for
 * a bitmap: where the declared type is a format of text and no byte is binary,
 * they are words.
 */
const detectAny = Effect.fnUntraced(function*(head: Uint8Array, declared: ReadonlyArray<string>) {
  const detected = yield* detect(head)
  const isWord = detected === undefined ||
    (declared.some(DocumentTypes.isText) && !signedText.has(detected) && !detected.startsWith("text/"))
  return isWord && DocumentTypes.looksLikeText(head) ? "text/plain" : detected
})

/** Returns the type of a file. Fails if the type is not allowed or contradicts a declared one. */
export const check = Effect.fnUntraced(function*(
  head: Uint8Array,
  options: {
    readonly isAllowed: (type: string) => boolean
    /** The types declared by the carrier and by the host. */
    readonly declared: ReadonlyArray<string>
  }
): Effect.fn.Return<string, TypeNotAllowed> {
  const declared = telling(options.declared)
  const detected = yield* detectAny(head, options.declared.map(normalize))
  const refuse = (declaredType: string | undefined) =>
    new TypeNotAllowed({
      ...(detected !== undefined && { detected }),
      ...(declaredType !== undefined && { declared: declaredType })
    })
  if (detected === undefined) return yield* refuse(declared[0])
  const isPossible = (type: string) => DocumentTypes.isPossible(head, detected, type)
  const contradiction = declared.find((type) => family(type) !== family(detected) && !isPossible(type))
  if (contradiction !== undefined) return yield* refuse(contradiction)
  const sound = ofSound[detected]
  const type = declared.find((type) => type === sound || (isPossible(type) && options.isAllowed(type))) ?? detected
  return options.isAllowed(type) ? type : yield* refuse(declared[0])
})
