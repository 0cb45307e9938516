/**
 * Bytes of texts and of pieces. Node's `Buffer` writes a text, and joins
 * pieces, three times as fast as what all runtimes have.
 */
const hasBuffer = "Buffer" in globalThis

const encoder = new TextEncoder()

const join = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    bytes.set(piece, end)
    end += piece.length
  }
  return bytes
}

/** The text in UTF-8. It may be a part of a larger buffer, so it is for reading only. */
export const fromText: (text: string) => Uint8Array = hasBuffer
  ? (text) => Buffer.from(text)
  : (text) => encoder.encode(text)

/** The pieces in one. */
export const concat: (pieces: ReadonlyArray<Uint8Array>) => Uint8Array = hasBuffer ? Buffer.concat : join
