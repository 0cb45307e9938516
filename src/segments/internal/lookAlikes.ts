/**
 * Characters that look like one in the default SMS alphabet, or are invisible.
 * Letters are not included: `c` instead of `ç` would be a spelling mistake.
 */
import { type Alphabet, isWritable } from "./gsm7.ts"

const groups: ReadonlyArray<readonly [to: string, from: string]> = [
  ["'", "‘’‚‛‹›`´ʹʻʼʽˈˊˋ′‵＇"],
  ["\"", "“”„‟«»″‶ʺ˝〃"],
  ["-", "−⁃"],
  ["/", "⁄∕"],
  ["*", "•‣∗"],
  [".", "․"],
  ["..", "‥"],
  ["...", "…"],
  ["!", "ǃ"],
  [":", "∶"],
  ["~", "∼˜"],
  ["^", "ˆ"],
  ["|", "¦∣"],
  ["x", "×"],
  [" ", "\t"],
  ["\n", "\v\u0085\u2028\u2029"]
]

const table: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  groups.flatMap(([to, from]) => Array.from(from, (character) => [character, to] as const))
)

const dash = /^\p{Pd}$/u
const space = /^\p{Zs}$/u
// Joiners, direction marks, variation selectors, the soft hyphen, the byte order mark.
const unseen = /^\p{Default_Ignorable_Code_Point}$/u
// Latin ligatures, and full-width letters, digits and signs.
const compatible = /^[\uFB00-\uFB06\uFF01-\uFF5E]$/

const lookAlike = (character: string): string => {
  const known = table.get(character)
  if (known !== undefined) return known
  if (dash.test(character)) return "-"
  if (space.test(character)) return " "
  if (unseen.test(character)) return ""
  return compatible.test(character) ? character.normalize("NFKC") : character
}

/**
 * Returns the grapheme written in the alphabet, if possible. A grapheme is
 * replaced as a whole or not at all: an emoji without its joiners would become
 * several emoji.
 */
export const replacement = (grapheme: string, alphabet: Alphabet): string | undefined => {
  if (isWritable(grapheme, alphabet)) return grapheme
  // Composes a letter and its combining accent to the single letter that the alphabet may contain.
  const composed = Array.from(
    grapheme.normalize("NFC"),
    (character) => isWritable(character, alphabet) ? character : lookAlike(character)
  ).join("")
  return isWritable(composed, alphabet) ? composed : undefined
}
