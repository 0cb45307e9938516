/**
 * A seeded generator, because a run of the emulator must be repeatable and its
 * state must fit into a snapshot. Not for secrets of a real account.
 */
import type { Random } from "../../provider/Emulation.ts"

/** The state of a generator: four 32-bit numbers. */
export type State = readonly [number, number, number, number]

export interface Seeded extends Random {
  readonly state: () => State
  readonly restore: (state: State) => void
}

/** Hashes a text to a generator of well-mixed 32-bit numbers (xmur3). */
const hashed = (text: string): () => number => {
  let hash = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 3432918353)
    hash = (hash << 13) | (hash >>> 19)
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
    return (hash ^= hash >>> 16) >>> 0
  }
}

/** The bytes in hexadecimal digits. */
const bytes = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/** Makes a generator (sfc32). Different purposes of one seed have independent values. */
export const make = (seed: string, purpose: string): Seeded => {
  const start = hashed(`${seed} ${purpose}`)
  let [a, b, c, d] = [start(), start(), start(), start()]

  const uint32 = (): number => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return sum >>> 0
  }
  // The first values depend too much on the seed.
  for (let i = 0; i < 12; i++) uint32()

  const next = () => uint32() / 4294967296
  return {
    next,
    hex: (length) => {
      let text = ""
      while (text.length < length) {
        const value = uint32()
        text += bytes[value >>> 24]! + bytes[(value >>> 16) & 255]! + bytes[(value >>> 8) & 255]! + bytes[value & 255]!
      }
      return text.length === length ? text : text.slice(0, length)
    },
    text: (length) => {
      let text = ""
      for (let i = 0; i < length; i++) text += letters[Math.floor(next() * letters.length)]!
      return text
    },
    state: () => [a, b, c, d],
    restore: (state) => {
      ;[a, b, c, d] = state
    }
  }
}
