/**
 * Encodes text and concatenates byte arrays. Uses Node's `Buffer` where it
 * exists, which does both three times as fast as the portable APIs. A result may
 * be a view of a larger buffer, and its `slice` makes no copy.
 */
const hasBuffer = "Buffer" in globalThis

const encoder = new TextEncoder()

/** Returns the total length of byte arrays. */
export const size = (pieces: ReadonlyArray<Uint8Array>): number => pieces.reduce((sum, piece) => sum + piece.length, 0)

const join = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(size(pieces))
  let end = 0
  for (const piece of pieces) {
    bytes.set(piece, end)
    end += piece.length
  }
  return bytes
}

/** Encodes text as UTF-8. The result may be a view of a larger buffer: treat it as read-only. */
export const fromText: (text: string) => Uint8Array = hasBuffer
  ? (text) => Buffer.from(text)
  : (text) => encoder.encode(text)

/** Concatenates byte arrays into one. */
export const concat: (pieces: ReadonlyArray<Uint8Array>) => Uint8Array = hasBuffer ? Buffer.concat : join

/** Concatenates the first `length` bytes of the arrays, or all of them if there are fewer. */
export const head = (pieces: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  let left = length
  return concat(pieces.map((piece) => {
    const part = piece.subarray(0, left)
    left -= part.length
    return part
  }))
}
