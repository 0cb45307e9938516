/**
 * What makes a text expensive.
 */
import type { SendWarning } from "../../Message.ts"
import * as Segments from "../../segments/Segments.ts"

/** How many different characters are few enough to be worth a change. A text in another script has more. */
const maxCharacters = 3

const codePointOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`

/** Returns the characters of a text that are not in the alphabet, each once, or `undefined` when they are many. */
const outside = (text: string, options: Segments.Options): ReadonlyArray<string> | undefined => {
  const found = new Set<string>()
  for (const character of text) {
    if (Segments.count(character, options).encoding === "UCS-2") found.add(character)
    if (found.size > maxCharacters) return undefined
  }
  return [...found]
}

const encodingWarning = (
  text: string,
  { encoding, forcedBy, segments }: Segments.Segments,
  options: Segments.Options
): ReadonlyArray<SendWarning> => {
  if (encoding === "GSM-7" || segments === 1 || forcedBy === undefined) return []
  const characters = outside(text, options)
  if (characters === undefined) return []
  const without = characters.reduce((rest, character) => rest.replaceAll(character, ""), text)
  const fewer = Segments.count(without, options).segments
  if (fewer >= segments) return []
  const others = characters.length === 1 ? "" : ` and ${characters.length - 1} more`
  return [{
    code: "encoding",
    detail: `The text takes ${segments} segments, and ${fewer} without ${codePointOf(forcedBy.character)}${others}, ` +
      `first at index ${forcedBy.index}`
  }]
}

/** Returns what makes the text of an SMS expensive. */
export const aboutCost = (text: string, maxSegments: number, options: Segments.Options): ReadonlyArray<SendWarning> => {
  const counted = Segments.count(text, options)
  const { segments } = counted
  return [
    ...(segments > maxSegments
      ? [{ code: "segments" as const, detail: `The text takes ${segments} segments in ${counted.encoding}` }]
      : []),
    ...encodingWarning(text, counted, options)
  ]
}
