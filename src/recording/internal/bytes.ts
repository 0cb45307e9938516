/**
 * Replaces the bytes of a message. Text stays text of the same encoding.
 */
import type { Random } from "effect/Random"
import * as Encodings from "../../internal/encodings.ts"
import { looksLike } from "../../internal/plausibleText.ts"
import { elementsOf } from "../../internal/userData.ts"
import * as Replacements from "./replacements.ts"

const [utf8, utf16] = ["utf-8", "utf-16be"].map((label) => new TextDecoder(label, { fatal: true, ignoreBOM: true }))

const decode = (decoder: TextDecoder, bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const encodeUtf16 = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length * 2 }, (_, index) => {
    const unit = text.charCodeAt(index >> 1)
    return index % 2 === 0 ? unit >> 8 : unit & 0xFF
  })

/** As unlikely for other bytes as where messages are decoded. */
const isText = (text: string | undefined): text is string => text !== undefined && looksLike(text) > 0.87

/** Replaces Base64. Bytes that are no text become random ones. */
export const replace = (random: Random, base64: string, replaceText: Replacements.Replace): string => {
  const bytes = Encodings.fromBase64(base64)
  if (bytes === undefined) return replaceText(base64)
  const asUtf8 = decode(utf8!, bytes)
  if (isText(asUtf8)) return Encodings.toBase64(new TextEncoder().encode(replaceText(asUtf8)))
  const asUtf16 = bytes.length % 2 === 0 ? decode(utf16!, bytes) : undefined
  if (isText(asUtf16)) return Encodings.toBase64(encodeUtf16(replaceText(asUtf16)))
  return Encodings.toBase64(bytes.map(() => Replacements.below(random, 256)))
}

/** Longer headers carry something of an application. */
const maxHeader = 24

/** Returns whether a header says only how a message is put together, and for which port it is. */
export const isPlainHeader = (header: string): boolean => header.length <= maxHeader && elementsOf(header) !== undefined
