/**
 * Replaces texts by texts that are sent in the same way: the same encoding, the
 * same number of segments, the same numbers and words by the same ones.
 */
import * as Segments from "../../segments/Segments.ts"
import type { Numbers } from "./numbers.ts"
import type { Replace } from "./replacements.ts"
import { hidden } from "./words.ts"

const isSentAlike = (one: string, other: string): boolean => {
  const [first, second] = [one, other].map((text) => Segments.count(text))
  return first!.encoding === second!.encoding && first!.units === second!.units && first!.segments === second!.segments
}

/** Makes a function that replaces texts. */
export const make = (numbers: Numbers, replaceWord: Replace): Replace => {
  const replaceWords: Replace = (text) => hidden(text).replaceAll(/[\p{L}\p{M}\p{N}]+/gu, (word) => replaceWord(word))
  return (text) => {
    const replaced = numbers.replaceIn(text, replaceWords)
    // A number that is written in other digits or with other blanks may alone decide the encoding.
    return isSentAlike(text, replaced) ? replaced : replaceWords(text)
  }
}
