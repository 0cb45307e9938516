/**
 * Replaces words by words that take as much room in a message: every character
 * by one of the same kind, in the same alphabet of SMS and of the same size.
 */
import type { Random } from "effect/Random"
import { basic } from "../../internal/gsm7.ts"
import * as Replacements from "./replacements.ts"

/** Words that carriers and applications act on, and those that make a link a link. */
const kept: ReadonlySet<string> = new Set([
  "stop",
  "stopall",
  "unsubscribe",
  "cancel",
  "end",
  "quit",
  "revoke",
  "optout",
  "arret",
  "arrêt",
  "start",
  "yes",
  "unstop",
  "help",
  "info",
  "aide",
  "http",
  "https",
  "www"
])

const list = (characters: string): ReadonlyArray<string> => Array.from(characters)

const [vowels, consonants] = [list("aeiou"), list("bcdfghjklmnprstvz")]
const letters = [...vowels, ...consonants]
const digits = list("0123456789")

/** Letters of the default alphabet of SMS, beside those of ASCII. */
const gsmLetters = [list("èéùìòñüàäöåøæß"), list("ÇÅÆÉÄÖÑÜØ"), list("ΔΦΓΛΩΠΨΣΘΞ")]

/** Letters outside that alphabet, which take one unit each. */
const scripts: ReadonlyArray<readonly [RegExp, ReadonlyArray<string>]> = [
  [/(?=\p{Lu})\p{Script=Latin}/u, list("ÂÊÎÔÛËÏÃÕ")],
  [/\p{Script=Latin}/u, list("âêîôûëïãõ")],
  [/(?=\p{Lu})\p{Script=Cyrillic}/u, list("БВГДЖЗИЛМНПРСТ")],
  [/(?=\p{Lu})\p{Script=Greek}/u, list("ΑΒΕΖΗΙΚΜΝ")],
  [/\p{Script=Greek}/u, list("αβγδεζηθικλ")],
  [/\p{Script=Arabic}/u, list("بتثجحدرسصع")],
  [/\p{Script=Hebrew}/u, list("אבגדהוזחטי")],
  [/\p{Script=Han}/u, list("天地玄黄宇宙洪荒日月")],
  [/\p{Script=Hiragana}/u, list("あいうえおかきくけこ")],
  [/\p{Script=Katakana}/u, list("アイウエオカキクケコ")],
  [/\p{Script=Hangul}/u, list("가나다라마바사아자차")],
  [/\p{Script=Thai}/u, list("กขคงจฉชดตถ")],
  [/\p{Script=Devanagari}/u, list("कखगघचछजझटठ")],
  [/\p{Script=Bengali}/u, list("কখগঘচছজঝটঠ")],
  [/\p{Script=Tamil}/u, list("கஙசஞடணதநபம")],
  [/\p{Script=Georgian}/u, list("აბგდევზთიკ")],
  [/\p{Script=Armenian}/u, list("աբգդեզէըթժ")]
]
const otherLetters = list("бвгджзилмнпрст")

/** Characters of two units. */
const wideLetters = list("\u{20000}\u{20001}\u{20002}\u{20003}\u{20004}\u{20005}")
const wideDigits = list("\u{1D7CE}\u{1D7CF}\u{1D7D0}\u{1D7D1}\u{1D7D2}")
const wideMarks = list("\u{E0100}\u{E0101}\u{E0102}")

const isWide = (character: string): boolean => character.length === 2

/** Returns a digit that is written as another one is. */
export const digitLike = (like: string, digit: string): string => {
  if (/[\uFF10-\uFF19]/.test(like)) return String.fromCodePoint(0xFF10 + Number(digit))
  if (/[\u06F0-\u06F9]/.test(like)) return String.fromCodePoint(0x06F0 + Number(digit))
  return /[0-9]/.test(like) ? digit : String.fromCodePoint(0x0660 + Number(digit))
}

/** Returns the characters that one may be replaced by. */
const alternatives = (character: string): ReadonlyArray<string> | undefined => {
  if (basic.includes(character)) return gsmLetters.find((letters) => letters.includes(character))
  if (/\p{Nd}/u.test(character)) {
    return isWide(character) ? wideDigits : digits.map((digit) => digitLike(character, digit))
  }
  if (/\p{N}/u.test(character)) return isWide(character) ? wideDigits : list("²³¹½¾")
  if (/\p{M}/u.test(character)) {
    // Those that choose how an emoji looks, and the frame of a key.
    if (/[\uFE00-\uFE0F\u20E3]/.test(character)) return undefined
    return isWide(character) ? wideMarks : ["\u0301"]
  }
  if (isWide(character)) return wideLetters
  return scripts.find(([script]) => script.test(character))?.[1] ?? otherLetters
}

/** Replaces what is no letter, digit, punctuation, symbol or blank, and could hide text. */
export const hidden = (text: string): string =>
  text.replaceAll(
    /[\p{Co}\p{Cn}\p{Cs}\u{E0000}-\u{E007F}]/gu,
    (character) => isWide(character) ? "\u{1F4AC}" : "\uFFFD"
  )

const isUpper = (character: string | undefined): boolean => character !== undefined && /[A-Z]/.test(character)

/** Replaces a word of lower-case letters and digits, and of other scripts. */
const generate = (random: Random) => (word: string): string => {
  const startsWithVowel = random.nextDoubleUnsafe() < 0.3
  return Array.from(word, (character, index) => {
    if (/[a-z]/i.test(character)) {
      const from = word.length < 3 ? letters : (index % 2 === 0) === startsWithVowel ? vowels : consonants
      return Replacements.pick(random, from)
    }
    // A zero at the beginning stays, and no other becomes one.
    if (/[0-9]/.test(character) && index === 0) {
      return character === "0"
        ? "0"
        : String(1 + Replacements.below(random, 9))
    }
    if (/[0-9]/.test(character)) return Replacements.pick(random, digits)
    const others = alternatives(character)
    return others === undefined ? character : Replacements.pick(random, others)
  }).join("")
}

/** Makes a function that replaces a word, in any case of ASCII letters by the same one. */
export const make = (random: Random): Replacements.Replace => {
  const word = generate(random)
  const replace = Replacements.make((original) => {
    const replacement = word(original)
    return kept.has(replacement) ? word(original) : replacement
  })
  const lower = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  return (original) => {
    if (kept.has(original.toLowerCase())) return original
    const characters = Array.from(original)
    return Array.from(
      replace(lower(original)),
      (character, index) => isUpper(characters[index]) ? character.toUpperCase() : character
    ).join("")
  }
}
