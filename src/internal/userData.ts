/**
 * Decodes the user data of an SMS: its header, and the text or bytes after it.
 *
 * @see https://www.3gpp.org/dynareport/23040.htm 3GPP TS 23.040, 9.2.3.24
 */
import { concat } from "./bytes.ts"
import * as Encodings from "./encodings.ts"
import { decodeSeptets, unpack } from "./gsm7.ts"
import { looksLike } from "./plausibleText.ts"
import { compact } from "./record.ts"

/** An information element of the header. */
export interface Element {
  readonly id: number
  readonly data: Uint8Array
}

/** The place of a segment in a concatenated message. */
export interface Concatenation {
  /** Equal for the segments of one message. Phones reuse it soon. */
  readonly reference: string
  readonly total: number
  /** The number of the segment, from 1. */
  readonly number: number
}

/** User data as carriers write it: the header, if any, in hexadecimal, and the rest in Base64. */
export interface UserData {
  readonly header?: string | undefined
  readonly data: string
}

/** Parses the elements of a header. Returns `undefined` for a malformed one. */
export const elementsOf = (header: string | undefined): ReadonlyArray<Element> | undefined => {
  if (header === undefined || header === "") return []
  const bytes = Encodings.fromHex(header)
  if (bytes === undefined || bytes[0] !== bytes.length - 1) return undefined
  const elements: Array<Element> = []
  let at = 1
  while (at < bytes.length) {
    const [id, length] = [bytes[at]!, bytes[at + 1]]
    const end = at + 2 + (length ?? 0)
    if (length === undefined || end > bytes.length) return undefined
    elements.push({ id, data: bytes.subarray(at + 2, end) })
    at = end
  }
  return elements
}

const isConcatenation = ({ data, id }: Element): boolean =>
  (id === 0x00 && data.length === 3) || (id === 0x08 && data.length === 4)

/** Returns the place of the segment. Returns `undefined` for an invalid one, and for the only segment of a message. */
export const concatenationOf = (elements: ReadonlyArray<Element>): Concatenation | undefined => {
  const element = elements.findLast(isConcatenation)
  if (element === undefined) return undefined
  const [total, number] = element.data.subarray(-2) as unknown as readonly [number, number]
  if (total < 2 || number < 1 || number > total) return undefined
  return { reference: Encodings.toHex(element.data.subarray(0, -2)), total, number }
}

/** Removes the concatenation element from a header. */
const withoutConcatenation = (header: string | undefined): string | undefined => {
  const elements = elementsOf(header)
  if (elements === undefined || !elements.some(isConcatenation)) return header
  const bytes = elements.filter((element) => !isConcatenation(element)).flatMap(({ data, id }) => [
    id,
    data.length,
    ...data
  ])
  return bytes.length === 0 ? undefined : Encodings.toHex(Uint8Array.of(bytes.length, ...bytes))
}

/** Returns whether an element marks data for an application (ports) or for the SIM. */
const isForProgram = ({ id }: Element): boolean => id === 0x04 || id === 0x05 || (id >= 0x70 && id <= 0x7f)

/** The capacity of an SMS, header included. */
const maxOctets = 140

/**
 * Unpacks the septets of user data, which begin at a septet boundary counted from
 * the header. Returns `undefined` if the fill bits before them are not zero.
 */
const septetsOf = ({ header = "" }: UserData, octets: Uint8Array): ReadonlyArray<number> | undefined => {
  const headerOctets = header.length / 2
  const fillBits = (7 - (headerOctets * 8) % 7) % 7
  if (((octets[0] ?? 0) & ((1 << fillBits) - 1)) !== 0) return undefined
  return unpack(octets, { fillBits, full: headerOctets + octets.length === maxOctets })
}

const [utf8, utf16] = ["utf-8", "utf-16be"].map((label) => new TextDecoder(label, { fatal: true, ignoreBOM: true }))

const decodeBytes = (decoder: TextDecoder, bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")

/** Decodes Base64. Returns `undefined` for other text. */
export const bytesOf = Encodings.fromBase64

/** Fewer bytes are plausible in several alphabets: `Hi` is a syllable of Hangul once it is packed. */
const maxFew = 3

/** Letters, digits and what ends a short answer. With other signs, two bytes are as likely an ideograph. */
const shortAnswer = /^[A-Za-z\d $?!.,@#\r\n]+$/

/** Whether every unit of UCS-2 is of Latin-1, or the text consists of emoji: neither happens by chance. */
const isSurelyUtf16 = (bytes: Uint8Array, text: string | undefined): text is string =>
  text !== undefined && (
    (bytes.every((byte, index) => index % 2 === 1 ? byte < 0xff : byte === 0) && !/(?![\t\n\r])\p{Cc}/u.test(text)) ||
    /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\uFE0F|\u200D)+$/u.test(text) &&
      text.length > 1
  )

/**
 * Decodes the text of a message from its segments, in order. Returns `undefined`
 * if they are not text.
 *
 * Sinch does not pass on the data coding scheme, so the alphabet has to be
 * detected: the bytes are decoded in each alphabet, and the most plausible text
 * wins.
 */
export const textOf = (parts: ReadonlyArray<UserData>): string | undefined => {
  const elements = parts.map(({ header }) => elementsOf(header))
  if (elements.some((elements) => elements === undefined || elements.some(isForProgram))) return undefined
  const pieces = parts.map(({ data }) => bytesOf(data))
  if (!pieces.every((piece) => piece !== undefined)) return undefined
  const bytes = concat(pieces)
  if (bytes.length === 0) return ""
  const isAscii = bytes.every((byte) => byte < 0x80)
  const ofUtf8 = decodeBytes(utf8!, bytes)
  // Other bytes are hardly ever valid UTF-8 by chance.
  if (ofUtf8 !== undefined && !isAscii && looksLike(ofUtf8) > 0) return ofUtf8
  const ofUtf16 = decodeBytes(utf16!, bytes)
  if (isSurelyUtf16(bytes, ofUtf16)) return ofUtf16
  if (bytes.length <= maxFew) return isAscii && shortAnswer.test(ofUtf8!) ? ofUtf8 : undefined
  const septets = parts.map((part, index) => septetsOf(part, pieces[index]!))
  const readings = [
    isAscii ? ofUtf8 : latin1(bytes),
    ofUtf16,
    septets.every((septets) => septets !== undefined) ? decodeSeptets(septets.flat()) : undefined,
    isAscii ? decodeSeptets(bytes) : undefined
  ]
  let best: string | undefined
  // A lower threshold would accept random bytes.
  let most = 0.87
  for (const reading of readings) {
    const likeness = reading === undefined ? 0 : looksLike(reading)
    if (likeness > most) [best, most] = [reading, likeness]
  }
  return best
}

/** Joins the bytes in Base64. Invalid Base64 is kept as it is. */
const dataOf = (parts: ReadonlyArray<UserData>): string => {
  const pieces = parts.map(({ data }) => bytesOf(data))
  return pieces.every((piece) => piece !== undefined)
    ? Encodings.toBase64(concat(pieces))
    : parts.map(({ data }) => data).join("")
}

/** A text or bytes, as the fields of their content. */
export type Fields =
  | { readonly _tag: "TextContent"; readonly text: string }
  | { readonly _tag: "BinaryContent"; readonly data: string; readonly header?: string }

/** Decodes the content of a message from its segments: text if possible, otherwise bytes. */
export const fieldsOf = (parts: readonly [UserData, ...ReadonlyArray<UserData>]): Fields => {
  const text = textOf(parts)
  return text === undefined
    ? { _tag: "BinaryContent", data: dataOf(parts), ...compact({ header: withoutConcatenation(parts[0].header) }) }
    : { _tag: "TextContent", text }
}
