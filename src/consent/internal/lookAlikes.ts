/**
 * Letters of other scripts that look like Latin capitals, and the form by which
 * a whole message is compared with a keyword.
 */

/**
 * Capitals by the Latin letter that they look like, after Unicode's
 * confusables.txt (https://www.unicode.org/Public/security/latest/). Zero is
 * here too: people write `ST0P` to pass a filter.
 */
const table: Readonly<Record<string, string>> = {
  A: "АΑᎪ",
  B: "ВΒᏴ",
  C: "СϹᏟ",
  D: "ᎠԀ",
  E: "ЕΕᎬЁ",
  H: "НΗᎻ",
  I: "ІΙᏆӀ",
  J: "ЈᎫ",
  K: "КΚᏦ",
  L: "ᏞԼ",
  M: "МΜᎷ",
  N: "ΝՈ",
  O: "ОΟՕ0",
  P: "РΡᏢ",
  Q: "Ԛ",
  R: "ᎡᏒ",
  S: "ЅՏᏚ",
  T: "ТΤᎢ",
  U: "ՍႮ",
  V: "ѴᏙ",
  W: "ԜᎳ",
  X: "ХΧ",
  Y: "УΥҮ",
  Z: "ΖᏃ"
}

const latin = new Map(
  Object.entries(table).flatMap(([letter, others]) => Array.from(others, (other) => [other, letter] as const))
)

/** The longest message that is compared with keywords: longer ones are none. */
const maxLength = 64

/**
 * Returns a whole message as capitals and digits: without accents, punctuation,
 * symbols, blanks and invisible characters, and with Latin letters in place of
 * those that look alike. Empty for a message that is too long to be a keyword.
 */
export const folded = (text: string): string => {
  const trimmed = text.trim()
  if (trimmed.length > maxLength) return ""
  // Capitals first: few small letters of other scripts look like Latin ones whose capitals do not.
  const capitals = trimmed.normalize("NFKD").toUpperCase().normalize("NFKD").replaceAll(/[^\p{L}\p{N}]/gu, "")
  return Array.from(capitals, (letter) => latin.get(letter) ?? letter).join("")
}
