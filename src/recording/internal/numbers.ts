/**
 * Replaces phone numbers by numbers of the range that is reserved for fiction:
 * 555-0100 to 555-0199 in the area codes of North America.
 */
import type { Random } from "effect/Random"
import { fromCarrierDigits } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"
import * as Replacements from "./replacements.ts"
import { digitLike } from "./words.ts"

const areas = Array.from({ length: 800 }, (_, index) => 200 + index)
  // Codes of services, and those that are reserved, toll-free or charged.
  .filter((area) => area % 100 !== 0 && area % 100 !== 11 && Math.floor(area / 10) % 10 !== 9)
  .filter((area) => ![533, 544, 555, 566, 577, 588, 710, 833, 844, 855, 866, 877, 888].includes(area))

const perArea = 100

/** How many numbers a recording can have. */
export const capacity = areas.length * perArea

const numberAt = (index: number): string =>
  `1${areas[Math.floor(index / perArea) % areas.length]}55501${String(index % perArea).padStart(2, "0")}`

const northAmerican = /^1?[2-9]\d{2}[2-9]\d{6}$/

const minDigits = 7
/** From as many digits on, a number that nothing else tells to be one counts as one. */
const minUnknownDigits = 10
const maxDigits = 15

const toAscii = (text: string): string =>
  text.normalize("NFKC").replaceAll(
    /[\u0660-\u0669\u06F0-\u06F9]/g,
    (digit) => String(digit.charCodeAt(0) & 0xF)
  )

const digitsOf = (text: string): string => toAscii(text).replaceAll(/\D/g, "")

const startsWithSign = (text: string): boolean => /^[^\d]*\+/.test(toAscii(text))

/** A digit as texts have it. Rarer ones are replaced as words are. */
const digit = "[0-9\\uFF10-\\uFF19\\u0660-\\u0669\\u06F0-\\u06F9]"
const separator = "[ \\u00A0\\u2007\\u2009\\u202F()\\[\\]./\\u2010-\\u2015\\u2212-]"

/** What may be a phone number, or several numbers, in a text. */
const candidate = new RegExp(
  `(?<![\\p{L}\\p{M}\\p{N}])[+\\uFF0B]?[(\\[]?[+\\uFF0B]?${digit}(?:${separator}{0,3}${digit}){${
    minDigits - 1
  },40}(?![\\p{L}\\p{M}\\p{N}])`,
  "gu"
)

/** The functions that replace numbers. */
export interface Numbers {
  /** Returns the eleven digits that replace those of an international number. */
  readonly digitsFor: (international: string) => string
  /** Replaces the numbers in a text, each by one that takes as much room, and the rest with `other`. */
  readonly replaceIn: (text: string, other: Replacements.Replace) => string
  /** Replaces a short code by one of the same length. */
  readonly replaceShortCode: Replacements.Replace
  /** Returns whether there were more numbers than the range has. */
  readonly isExhausted: () => boolean
}

/** Writes eleven digits in the place of a number as it is written. */
const write = (original: string, replacement: string): string => {
  const count = digitsOf(original).length
  const fits = count === replacement.length || (count < replacement.length && !startsWithSign(original))
  if (fits) {
    const left = Array.from(replacement.slice(-count))
    return Array.from(original, (character) =>
      new RegExp(digit).test(character)
        ? digitLike(character, left.shift() ?? "0")
        : character).join("")
  }
  const room = original.length
  if (room > replacement.length) return `+${replacement}`.padEnd(room)
  return replacement.slice(-room)
}

/** The spans of a text with several groups of digits, the longest first. */
const spansOf = (text: string): ReadonlyArray<readonly [start: number, end: number]> => {
  const groups = Array.from(text.matchAll(new RegExp(`[+\\uFF0B]?[(\\[]?[+\\uFF0B]?${digit}+`, "gu")))
  const spans: Array<readonly [number, number]> = []
  for (let size = groups.length; size > 0; size--) {
    for (let at = 0; at + size <= groups.length; at++) {
      const last = groups[at + size - 1]!
      spans.push([groups[at]!.index, last.index + last[0].length])
    }
  }
  return spans
}

/** Makes the functions that replace numbers. */
export const make = (random: Random): Numbers => {
  const replacements = new Map<string, string>()
  /** The numbers by their last digits, to find one that is written without its country code. */
  const endings = new Map<string, Array<string>>()
  let isExhausted = false

  const take = (key: string): string => {
    let index = replacements.size
    // A recording of numbers that are fiction already must not keep one.
    while (numberAt(index) === key) index = (index + 1) % capacity
    if (replacements.size >= capacity) isExhausted = true
    return numberAt(index)
  }

  const digitsForKey = (key: string): string => {
    const known = replacements.get(key)
    if (known !== undefined) return known
    const replacement = take(key)
    replacements.set(key, replacement)
    const ending = key.slice(-minDigits)
    endings.set(ending, [...endings.get(ending) ?? [], key])
    return replacement
  }

  const digitsFor = (international: string): string =>
    digitsForKey(personOf(fromCarrierDigits(`+${digitsOf(international)}`)))

  const knownAs = (digits: string): string | undefined => {
    const national = digits.replace(/^0+/, "")
    return endings.get(national.slice(-minDigits))?.find((key) => key.endsWith(national))
  }

  /** Returns the replacement of what is a number in any case. */
  const find = (text: string): string | undefined => {
    const digits = digitsOf(text)
    if (digits.length < minDigits || digits.length > maxDigits) return undefined
    if (startsWithSign(text)) return digitsFor(digits)
    const international = personOf(fromCarrierDigits(`+${digits}`))
    if (replacements.has(international)) return digitsForKey(international)
    const known = knownAs(digits)
    if (known !== undefined) return digitsForKey(known)
    return northAmerican.test(digits) ? digitsFor(digits.length === 10 ? `1${digits}` : digits) : undefined
  }

  const replaceCandidate = (text: string, other: Replacements.Replace): string => {
    for (const [start, end] of spansOf(text)) {
      const number = text.slice(start, end)
      const found = find(number)
      if (found !== undefined) {
        return replaceCandidate(text.slice(0, start), other) + write(number, found) +
          replaceCandidate(text.slice(end), other)
      }
    }
    const { length } = digitsOf(text)
    return length < minUnknownDigits || length > maxDigits ? other(text) : write(text, digitsFor(text))
  }

  return {
    digitsFor,
    replaceIn: (text, other) => {
      let replaced = ""
      let at = 0
      for (const { 0: found, index } of text.matchAll(candidate)) {
        replaced += other(text.slice(at, index)) + replaceCandidate(found, other)
        at = index + found.length
      }
      return replaced + other(text.slice(at))
    },
    replaceShortCode: Replacements.make((code) =>
      Array.from(code, (_, index) => String(Replacements.below(random, index === 0 ? 9 : 10) + (index === 0 ? 1 : 0)))
        .join("")
    ),
    isExhausted: () => isExhausted
  }
}
