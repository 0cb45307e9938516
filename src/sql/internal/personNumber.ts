/**
 * Finds a phone number in text, in the forms in which people write it: with its
 * country code or as within the country, and with spaces, dots, hyphens,
 * slashes and parentheses. Letters in the place of digits, digits of other
 * scripts and a number without its area code are not found.
 */

/** The country code of a number and its other digits. Two digits are a code if no longer code begins with them. */
const parts = /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(\d*)$/

const separators = "[\\s().\\-/\\u2010-\\u2015]{0,3}"

const spaced = (digits: string): string => Array.from(digits).join(separators)

/** Fewer digits may be anything. */
const shortestNumber = 7

/** The digits that every form of a number has. */
const core = (number: string): string => {
  const [, , national = ""] = parts.exec(number) ?? []
  return national.length >= shortestNumber ? national : number
}

/** Returns the source of a regular expression that matches a number in any form. */
const formsOf = (number: string): string => {
  const [, code = "", national = ""] = parts.exec(number) ?? []
  const whole = `(?<!\\d)(?:00|011)?${spaced(code)}${separators}(?:0${separators})?${spaced(national)}`
  if (core(number) === number) return whole
  // Behind another country code, the same digits are another number.
  return `${whole}|(?<!\\d|\\+\\d{1,3}${separators})0?${spaced(national)}`
}

/** Returns the source of a regular expression that matches any of the numbers in any form. */
export const sourceOf = (numbers: ReadonlyArray<string>): string => `(?:${numbers.map(formsOf).join("|")})(?!\\d)`

/** Returns a `LIKE` pattern of all texts that have a form of the number, and of some others. */
export const patternOf = (number: string): string => `%${Array.from(core(number)).join("%")}%`
