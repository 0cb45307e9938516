/**
 * Rates how plausible a text is as a message, to find the alphabet of its bytes.
 */

/** Groups of scripts that are written together. Other scripts are rare in messages. */
const scripts = [
  /\p{Script=Latin}/u,
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}]/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Arabic}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Hangul}/u,
  /\p{Script=Thai}/u,
  /\p{Script=Devanagari}/u,
  /\p{Script=Bengali}/u,
  /\p{Script=Tamil}/u,
  /\p{Script=Georgian}/u,
  /\p{Script=Armenian}/u
]

const [latin, ideographic] = [0, 1]

/** Lone surrogates, control characters other than line breaks and tabs, and unassigned code points. */
const impossible = /[\p{Cs}\p{Cn}\p{Co}]|(?![\t\n\r\f])\p{Cc}/u

const latinWeight = (character: string): number => {
  if (/[a-z]/.test(character)) return 1
  if (/[A-Z]/.test(character)) return 0.9
  return /\p{Ll}/u.test(character) ? 0.85 : 0.7
}

/** Rates a character that occurs with any script. */
const neutralWeight = (character: string): number => {
  if (character === " ") return 1
  if (/[0-9]|\p{Extended_Pictographic}/u.test(character)) return 0.9
  if (/[.,!?'"\-:;()/@\n\r&+%#*=€$£_~^|[\]{}\\]/.test(character)) return 0.8
  return /(?![¡¿§])[\p{M}\p{Cf}\p{P}]/u.test(character) ? 0.75 : 0.2
}

const scriptOf = (character: string): number =>
  /[\p{L}\p{M}]/u.test(character) ? scripts.findIndex((script) => script.test(character)) : -1

/** Returns a rating from 0, for bytes that cannot be text, to 1, for lower-case words. */
export const looksLike = (text: string): number => {
  if (text === "" || impossible.test(text)) return 0
  const characters = Array.from(text)
  const kinds = characters.map(scriptOf)
  const counts = scripts.map((_, script) => kinds.filter((kind) => kind === script).length)
  const main = counts.indexOf(Math.max(...counts))
  const weights = characters.map((character, index) => {
    const kind = kinds[index]!
    if (kind === -1) return /\p{L}/u.test(character) ? 0.2 : neutralWeight(character)
    if (kind === latin) return latinWeight(character)
    if (kind !== main) return 0.2
    return kind === ideographic ? 0.9 : 0.95
  })
  return weights.reduce((sum, weight) => sum + weight, 0) / characters.length
}
