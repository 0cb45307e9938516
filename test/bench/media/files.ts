/**
 * The files that the carrier of the benchmark serves: made from a number, so
 * that whoever knows the number knows every byte.
 */
import { createHash } from "node:crypto"

// SOI, and the APP0 segment of JFIF 1.02 (ITU-T T.871, 10.1): what tells a JPEG from its first bytes.
const jfif = Buffer.from("ffd8ffe000104a46494600010201004800480000", "hex")

const end = Buffer.from("ffd9", "hex")

/** A comment segment (ITU-T T.81, B.2.4.5) with the number of the file, so that no two files are the same. */
const comment = (index: number): Buffer => {
  const text = `file ${String(index).padStart(8, "0")}`
  const segment = Buffer.alloc(4 + text.length)
  segment.writeUInt16BE(0xfffe, 0)
  segment.writeUInt16BE(2 + text.length, 2)
  segment.write(text, 4, "latin1")
  return segment
}

/** The beginning of a file, as large for every number. */
export const headOf = (index: number): Buffer => Buffer.concat([jfif, comment(index)])

/** The rest, the same for all files of a size: noise that does not compress, as in a picture. */
export const tailOf = (size: number): Buffer => {
  const length = size - headOf(0).length
  const words = new Uint32Array(Math.ceil(length / 4))
  // Marsaglia's xorshift with 32 bits: fast, and the same everywhere.
  let state = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  const tail = Buffer.from(words.buffer, 0, length)
  end.copy(tail, length - end.length)
  return tail
}

/** The SHA-256 of each file, in order of the digests. */
export const digestsOf = (first: number, count: number, size: number): ReadonlyArray<string> => {
  const tail = tailOf(size)
  return Array.from(
    { length: count },
    (_, i) => createHash("sha256").update(headOf(first + i)).update(tail).digest("hex")
  ).sort()
}
