/**
 * Returns the first `length` bytes of a list of chunks, or all of them if there
 * are fewer.
 */
export const headOf = (pieces: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const head = new Uint8Array(Math.min(length, pieces.reduce((sum, piece) => sum + piece.length, 0)))
  let offset = 0
  for (const piece of pieces) {
    const part = piece.subarray(0, head.length - offset)
    head.set(part, offset)
    offset += part.length
  }
  return head
}
