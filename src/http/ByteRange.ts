/**
 * The `Range` header of RFC 9110 section 14: one range of bytes. Anything else,
 * several ranges included, counts as no header, as the standard allows.
 */

export type ByteRange =
  | { readonly _tag: "Whole" }
  /** Both inclusive, and within the file. */
  | { readonly _tag: "Part"; readonly start: number; readonly end: number }
  | { readonly _tag: "Unsatisfiable" }

const whole: ByteRange = { _tag: "Whole" }
const unsatisfiable: ByteRange = { _tag: "Unsatisfiable" }

const syntax = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i

/** What a header asks for of a file of this size. */
export const parse = (header: string | undefined, size: number): ByteRange => {
  const match = header === undefined ? null : syntax.exec(header)
  if (match === null) return whole
  const [, first, last, suffix] = match
  if (first === undefined) {
    const length = Math.min(Number(suffix), size)
    return length === 0 ? unsatisfiable : { _tag: "Part", start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === undefined || last === "" ? size - 1 : Math.min(Number(last), size - 1)
  // A last byte before the first is no range at all; a first one behind the end is a range that is not there.
  if (last !== undefined && last !== "" && Number(last) < start) return whole
  return start >= size ? unsatisfiable : { _tag: "Part", start, end }
}

/**
 * Whether an `If-Range` condition holds (section 13.1.5): an entity tag,
 * compared strongly. A date never does, for the answer has none.
 */
export const isStillThe = (header: string | undefined, etag: string): boolean =>
  header === undefined || header.trim() === etag

/** Whether `If-None-Match` names the file (section 13.1.2): compared weakly. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))
