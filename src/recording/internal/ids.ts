/**
 * Replaces ids by ids of the same form.
 */
import type { Random } from "effect/Random"
import * as Replacements from "./replacements.ts"

const [digits, hex, letters] = ["0123456789", "abcdef", "abcdefghijklmnopqrstuvwxyz"].map((text) => Array.from(text))

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const ulid = /^[0-7][\dA-Z]{25}$/

/** Returns whether a text looks like an id that a program made. */
export const isId = (text: string): boolean =>
  uuid.test(text) || ulid.test(text) || /^[A-Z]{2}[\da-f]{32}$/.test(text) || /^(?=.*\d)[\da-f]{16,}$/i.test(text)

/** Returns how many characters at the beginning stay: the two letters of a SID, and the highest digit of a ULID. */
const keptOf = (id: string): number => /^[A-Z]{2}[\da-f]{32}$/.test(id) ? 2 : ulid.test(id) ? 1 : 0

/** The functions that replace ids. */
export interface Ids {
  readonly replace: Replacements.Replace
  /** As {@link Ids.replace}, but the first two letters stay if they are capital letters. */
  readonly replaceSid: Replacements.Replace
}

/** Makes the functions that replace ids. */
export const make = (random: Random): Ids => {
  const generate = (kept: number) => (id: string): string => {
    const isHex = /^[\da-f-]+$/i.test(id.slice(kept))
    const isUuid = uuid.test(id)
    return Array.from(id, (character, index) => {
      // The version and the variant of a UUID.
      if (index < kept || (isUuid && (index === 14 || index === 19))) return character
      // A zero at the beginning stays, and no other becomes one.
      if (/\d/.test(character) && index === 0 && id.length > 1) {
        return character === "0" ? "0" : String(1 + Replacements.below(random, 9))
      }
      if (/\d/.test(character)) return Replacements.pick(random, digits!)
      if (/[a-z]/.test(character)) return Replacements.pick(random, isHex ? hex! : letters!)
      if (/[A-Z]/.test(character)) return Replacements.pick(random, isHex ? hex! : letters!).toUpperCase()
      return /[\p{L}\p{M}\p{N}]/u.test(character) ? "x" : character
    }).join("")
  }
  const isSid = (id: string) => /^[A-Z]{2}[\w-]/.test(id)
  const sids = new Set<string>()
  const all = Replacements.make(
    (id) => generate(sids.has(id) ? 2 : keptOf(id))(id),
    (id) => `${id}${Replacements.pick(random, digits!)}`
  )
  return {
    replace: all,
    replaceSid: (id) => {
      if (isSid(id)) sids.add(id)
      return all(id)
    }
  }
}
