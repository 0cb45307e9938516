/**
 * Parses the `Range` header of RFC 9110, section 14, with a single byte range.
 * Any other header, including several ranges, is ignored, as the standard
 * allows.
 */

export type ByteRange =
  | { readonly _tag: "Whole" }
  /** Both ends are inclusive and within the file. */
  | { readonly _tag: "Part"; readonly start: number; readonly end: number }
  | { readonly _tag: "Unsatisfiable" }

const whole: ByteRange = { _tag: "Whole" }
const unsatisfiable: ByteRange = { _tag: "Unsatisfiable" }

const syntax = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i

/** Parses a header for a file of the given size. */
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
  // A last byte before the first is an invalid range, which is ignored. A first byte past the end is unsatisfiable.
  if (last !== undefined && last !== "" && Number(last) < start) return whole
  return start >= size ? unsatisfiable : { _tag: "Part", start, end }
}

/**
 * Returns whether an `If-Range` condition holds (section 13.1.5): the entity
 * tag must match strongly. A date never holds, because responses have no date.
 */
export const isStillThe = (header: string | undefined, etag: string): boolean =>
  header === undefined || header.trim() === etag

/** Returns whether `If-None-Match` matches the entity tag (section 13.1.2), compared weakly. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))
