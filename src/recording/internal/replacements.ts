/**
 * Replacements that stay the same for as long as a recording takes. They are
 * random, so nothing of the original can be computed from them.
 */
import type { Random } from "effect/Random"

/** How often another replacement is tried when one is taken. */
const attempts = 20

/** Returns the replacement of a text: the same one each time. */
export type Replace = (original: string) => string

/** Returns a whole number from 0 up to, but not including, a limit. */
export const below = (random: Random, limit: number): number => Math.floor(random.nextDoubleUnsafe() * limit)

/** Returns a character of a text. */
export const pick = (random: Random, characters: ReadonlyArray<string>): string =>
  characters[below(random, characters.length)]!

/**
 * Makes a function that replaces texts, each by one of its own. `generate` is
 * called again when its result is taken, or is the original. After some
 * attempts, `lengthen` makes the result unique, or it is shared where there is
 * none: one letter has only so many replacements.
 */
export const make = (generate: Replace, lengthen?: (replacement: string) => string): Replace => {
  const replacements = new Map<string, string>()
  const taken = new Set<string>()
  return (original) => {
    const known = replacements.get(original)
    if (known !== undefined) return known
    let replacement = generate(original)
    for (let i = 0; i < attempts && (replacement === original || taken.has(replacement)); i++) {
      replacement = generate(original)
    }
    if (lengthen !== undefined) { while (taken.has(replacement)) replacement = lengthen(replacement) }
    replacements.set(original, replacement)
    taken.add(replacement)
    return replacement
  }
}
