/**
 * How many septets the characters of the default alphabet of SMS take.
 */
import { basic, extension } from "../../internal/gsm7.ts"

export { basic, extension }

/** Returns the number of septets of a code point, or 0 when it is not in the alphabet. */
export type Alphabet = (codePoint: number) => number

const septets = /* @__PURE__ */ (() => {
  // All codes are at most that of the euro sign, so a lookup table is small, and the fastest option.
  const table = new Uint8Array(0x20ad)
  for (let i = 0; i < basic.length; i++) table[basic.charCodeAt(i)] = 1
  for (let i = 0; i < extension.length; i++) table[extension.charCodeAt(i)] = 2
  return table
})()

const whole: Alphabet = (codePoint) => septets[codePoint] ?? 0

/** Builds the alphabet without the characters that a carrier does not support. */
export const alphabet = (excluding: string): Alphabet => {
  if (excluding === "") return whole
  const excluded = new Set(Array.from(excluding, (character) => character.codePointAt(0)))
  return (codePoint) => excluded.has(codePoint) ? 0 : whole(codePoint)
}

/** Returns whether the text consists only of characters of the alphabet. */
export const isWritable = (text: string, alphabet: Alphabet): boolean => {
  for (let i = 0; i < text.length; i++) {
    if (alphabet(text.charCodeAt(i)) === 0) return false
  }
  return true
}
