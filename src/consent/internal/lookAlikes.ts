/**
 * Letters of other scripts that look like Latin capitals, and the form by which
 * a whole message is compared with a keyword.
 */

/**
 * Capitals by the Latin letter that they look like, after Unicode's
 * confusables.txt (https://www.unicode.org/Public/security/latest/), and small
 * capitals. Zero is here too: people write `ST0P` to pass a filter.
 */
const table: Readonly<Record<string, string>> = {
  A: "АΑᎪᴀ",
  B: "ВΒᏴʙ",
  C: "СϹᏟᴄ",
  D: "ᎠԀᴅ",
  E: "ЕΕᎬЁᴇ",
  F: "ꜰ",
  G: "ɢ",
  H: "НΗᎻʜ",
  I: "ІΙᏆӀꞮ",
  J: "ЈᎫᴊ",
  K: "КΚᏦᴋ",
  L: "ᏞԼʟ",
  M: "МΜᎷᴍ",
  N: "ΝՈɴ",
  O: "ОΟՕ0ᴏØ",
  P: "РΡᏢᴘ",
  Q: "Ԛ",
  R: "ᎡᏒƦ",
  S: "ЅՏᏚꜱ",
  T: "ТΤᎢᴛ",
  U: "ՍႮᴜ",
  V: "ѴᏙᴠ",
  W: "ԜᎳᴡ",
  X: "ХΧ",
  Y: "УΥҮʏ",
  Z: "ΖᏃᴢ"
}

const latin = new Map(
  Object.entries(table).flatMap(([letter, others]) => Array.from(others, (other) => [other, letter] as const))
)

/** Capitals in a black circle or square, which decompose into nothing: each alphabet begins with its A. */
const enclosed = /[\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}]/gu

const released = (letter: string): string => {
  const code = letter.codePointAt(0)!
  return String.fromCharCode(65 + code - (code < 0x1F170 ? 0x1F150 : 0x1F170))
}

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
  const capitals = trimmed.replaceAll(enclosed, released).normalize("NFKD").toUpperCase().normalize("NFKD").replaceAll(
    /[^\p{L}\p{N}]/gu,
    ""
  )
  return Array.from(capitals, (letter) => latin.get(letter) ?? letter).join("")
}
