/**
 * Reads a variable that is a list of known words.
 */
import * as Effect from "effect/Effect"
import { invalid, list, text } from "../../provider/Environment.ts"

/** Reads the list. `undefined` when the variable is not set. */
export const listOf = Effect.fnUntraced(function*<A extends string>(name: string, known: ReadonlyArray<A>) {
  const value = yield* text(name)
  if (value === undefined) return undefined
  const words = list(value)
  const found = known.filter((word) => words.includes(word))
  return found.length === words.length
    ? found
    : yield* invalid(name, `must be a comma-separated list of ${known.join(", ")}`)
})
