/**
 * The words by which people opt out and in again.
 */
import type * as Emulation from "../../provider/Emulation.ts"

const keywords = ["STOP", "START", "HELP"] as const

/** Finds the keyword that a text is, for a carrier that handles them. */
export const keywordOf = (
  { keywords: words }: Emulation.Dialect,
  text: string,
  hasOptedOut: boolean
): Emulation.Keyword | undefined => {
  if (words === undefined || text.length > 20) return undefined
  const word = text.trim().toUpperCase()
  const keyword = keywords.find((keyword) => words[keyword].words.includes(word))
  // A "yes" opts in only somebody who has opted out. To others it is an answer.
  return keyword === "START" && word !== "START" && !hasOptedOut ? undefined : keyword
}
