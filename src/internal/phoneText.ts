/**
 * Cleans phone numbers that people type or paste, down to an optional `+` and
 * digits. This module knows no numbering plan and decides nothing about
 * countries.
 *
 * The grammar is that of Google's libphonenumber, with one exception: a number
 * inside a sentence is refused, not cut out. `libphonenumber-js` has most of
 * that grammar too, but keeps state between two calls with a `phone-context`,
 * and ignores a full-width sign. No regular expression here keeps state.
 */

/** A phone number without punctuation. */
export interface PhoneText {
  /** The digits, after a `+` if the text has one. */
  readonly number: string
  /**
   * Digits of the same text that must not be a phone number on their own: if
   * they are, the text holds two numbers, or a number and words.
   */
  readonly others: ReadonlyArray<string>
  /** Whether the digits stand for letters in part. */
  readonly hasLetters: boolean
  /** Whether an extension was left out. */
  readonly hasExtension: boolean
}

// The longest number in circulation is 15 digits; the rest is room for
// separators. A bound keeps the cost of hostile input small.
const maxLength = 64

const noOthers: ReadonlyArray<string> = []

const plain = /^\+?[\d ()[\]./-]+$/

// A tilde separates digits too, unless it is the label of an extension.
const separated = /^\+?[\d ()[\]./~-]+$/

/** Matches three digits and then letters, as in `1-800-FLOWERS`. */
const withLetters = /^\+?(?:[ ().-]*\d){3}[\da-z ().-]*$/i

const digitsOf = (text: string): string => {
  const digits = text.replaceAll(/\D+/g, "")
  return text.startsWith("+") ? `+${digits}` : digits
}

const isFullWidth = (character: string): boolean => character >= "\uFF01" && character <= "\uFF5E"

/**
 * Detects characters that NFKC turns into an ASCII digit, letter or `+`, other
 * than full-width forms: superscripts, circled digits, `№`. Libphonenumber
 * drops them. Reading them as digits would give a different number.
 */
const isDisguised = (character: string): boolean =>
  character > "\x7F" && !isFullWidth(character) && /[\da-z+]/i.test(character.normalize("NFKC"))

/**
 * Translates full-width forms and Arabic digits to ASCII. Invisible characters
 * (direction marks, byte order mark, zero-width blanks) and the dashes and
 * blanks of typography become a parenthesis, which separates digits and never
 * an extension from its label, as in libphonenumber. Line breaks and tabs stay,
 * since they separate two numbers.
 */
const toAscii = (text: string): string | undefined =>
  Array.from(text).some(isDisguised) ? undefined : text
    .replaceAll(/(?![- \u00A0])[\p{Default_Ignorable_Code_Point}\p{Pd}\p{Zs}\u2053\u2212\u223C\u30FC\uFF70]/gu, ")")
    .normalize("NFKC")
    // The last four bits of these digits are their value.
    .replaceAll(/[\u0660-\u0669\u06F0-\u06F9]/g, (digit) => String(digit.charCodeAt(0) & 0xF))

// Quotes, brackets, sentence marks, list bullets, telephone signs, the blank of Braille, and the marks that stand for a
// picture or an annotation in copied text. Without `*` and `#`, which are dialled, and without symbols that look like a
// plus sign.
const noise = /[\s\x85"'`‘’‚‛“”„‟‹›«»<>()[\]{}|,.;:!?/~=_•·‣▪●☎☏✆📞📱📲\u2800\uFFF9-\uFFFC-]/u

const without = (around: RegExp) => (text: string): string => {
  const characters = Array.from(text)
  const isContent = (character: string) => !around.test(character)
  return characters.slice(characters.findIndex(isContent), characters.findLastIndex(isContent) + 1).join("")
}

/** Removes blanks and punctuation around a text. */
const trim = without(noise)

/** Removes blanks and invisible characters around any text, and nothing inside. */
export const trimBlanks: (text: string) => string = without(
  /[\s\x85\u2800\uFFF9-\uFFFC\p{Default_Ignorable_Code_Point}]/u
)

/** The schemes of URIs that contain a phone number: RFC 3966, RFC 5724, and those that telephones add. */
const schemes = "tel|sms|smsto|mms|mmsto|callto"

// Some programs add the scheme twice, or with the slashes of a web address.
const scheme = new RegExp(`^(?:(?:${schemes}):[\\s/)]*)+`, "i")

const onlyScheme = new RegExp(`^(?:${schemes})$`, "i")

/** Returns whether a text is the scheme of a phone number, without its colon. */
export const isScheme = (text: string): boolean => onlyScheme.test(text)

// In Brazil, the place of the digits of a long-distance company is marked: `(0xx11)`.
const anyCompany = /(?<!\d)0xx(?=\D?\d{2}\D)/i

const domain = /^(?:(?!-)[a-z\d-]+(?<!-)\.)*[a-z][a-z\d-]*(?<!-)\.?$/i

/**
 * Returns the number of a `tel:` URI (RFC 3966), after the digits of its
 * context. A context that is a domain name does not change the number.
 */
const withContext = (text: string): string | undefined => {
  const at = text.search(/;phone-context=/i)
  const number = (at < 0 ? text : text.slice(0, at)).split(/;isub=/i, 1)[0]!
  if (at < 0) return number
  const context = text.slice(at + ";phone-context=".length).split(";", 1)[0]!
  if (/^\+[().-]*\d[\d().-]*$/.test(context)) return context + number
  return domain.test(context) ? number : undefined
}

// The labels that libphonenumber knows. A comma, semicolon or tilde can also separate two numbers. A `#` at the end
// marks an extension without a label.
const extension =
  /(?:;ext=|(?:e?xt(?:ensi[oó]?)?n?|доб|anexo|int|[x#]|(?<separator>[~;]|(?<!,),))[:.]?[ \t,-]*)(?<digits>\d{1,9})#?$|[ -]\d{1,6}#$/i

// Seven digits are a local number in many countries.
const maxAfterSeparator = 6

/** The telephone keypad, from A to Z. */
const keypad = "22233344455566677778889999"

const toDigit = (letter: string): string => keypad[letter.toLowerCase().charCodeAt(0) - 97]!

const withoutExtension = { others: noOthers, hasLetters: false, hasExtension: false }

const readNumber = (text: string, rest: Omit<PhoneText, "number">): PhoneText | undefined => {
  if (separated.test(text)) return { ...rest, number: digitsOf(text) }
  // Libphonenumber reads letters from three on, and drops fewer. One or two are a typing error.
  if (!withLetters.test(text) || text.replaceAll(/[^a-z]+/gi, "").length < 3) return undefined
  return {
    ...rest,
    number: digitsOf(text.replaceAll(/[a-z]/gi, toDigit)),
    others: [...rest.others, digitsOf(text)],
    hasLetters: true
  }
}

const readClean = (text: string): PhoneText | undefined => {
  const found = extension.exec(text)
  if (found === null) return readNumber(text, withoutExtension)
  const { digits = "", separator } = found.groups!
  if (separator !== undefined && digits.length > maxAfterSeparator) return undefined
  const between = separator === undefined ? " \t," : " \t"
  let end = found.index
  while (end > 0 && between.includes(text[end - 1]!)) end--
  const others = separator === undefined ? noOthers : [digits]
  return readNumber(text.slice(0, end), { others, hasLetters: false, hasExtension: true })
}

/** Returns a text in ASCII, without blanks and punctuation around it, or `undefined` if it cannot be a number. */
export const clean = (text: string): string | undefined => {
  if (text.length > maxLength) return undefined
  const ascii = toAscii(text)
  return ascii === undefined ? undefined : trim(ascii)
}

/**
 * Reads a text that is one phone number. Returns `undefined` for any other
 * text, for two numbers and for more than 64 characters.
 */
export const read = (text: string): PhoneText | undefined => {
  if (text.length <= maxLength && plain.test(text)) return { ...withoutExtension, number: digitsOf(text) }
  const cleaned = clean(text)
  // Before a context is added, libphonenumber reads such a number as an extension.
  if (cleaned !== undefined && /^\P{N}*[~\uFF5E]\P{N}*\p{N}+.*;phone-context=/isu.test(text)) return undefined
  const number = cleaned === undefined ? undefined : withContext(trim(cleaned.replace(scheme, "")))
  return number === undefined ? undefined : readClean(number.replace(anyCompany, "0"))
}

// Letters and an extension need a numbering plan to be told from words and a second number. Of the numbers of North
// America the length is known. Some write the 1 that is dialled there behind the country code.
const northAmerican = /^\+1(?:1(?=[2-9]))?\d{10}$/

// A slash also separates an area code. Behind more digits than one has, another number begins, or its last digits.
const twoNumbers = /\d(?:[^\d/]*\d){7}[^/]*\/.*\d/s

/**
 * Reads a text that is one phone number with its country code. Returns `+` and
 * digits, or `undefined` for any other text. An extension is not accepted,
 * since no message reaches it, nor are two numbers with a slash between them.
 */
export const readInternational = (text: string): string | undefined => {
  const found = read(text)
  if (found === undefined || !found.number.startsWith("+") || found.hasExtension) return undefined
  if (twoNumbers.test(clean(text) ?? "")) return undefined
  const needsLength = found.hasLetters || found.number.startsWith("+1")
  return !needsLength || northAmerican.test(found.number) ? found.number : undefined
}
