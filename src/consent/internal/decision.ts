/**
 * Decides whether a person may be texted, from the person's last words.
 */
import { type Address, kind } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"
import * as LastWords from "./lastWords.ts"

/** Which words concern a send: those to the same number, to the same provider, or all. */
export type Scope = "number" | "provider" | "all"

/** The sender and the provider of a send. */
export interface About {
  readonly sender: Address | undefined
  readonly provider: string | undefined
}

/** Returns our number, or `undefined` for a sender that stands for several numbers, or that nobody can write to. */
const numberOf = (sender: Address | undefined): string | undefined =>
  sender === undefined || kind(sender) === "SenderId" ? undefined : personOf(sender)

/** Returns the last of the words if it opts out. */
const stopOf = <W extends LastWords.Word>(words: ReadonlyArray<W>): W | undefined => {
  const [first, ...others] = words
  if (first === undefined) return undefined
  const last = others.reduce(LastWords.later, first)
  return last.action === "stop" ? last : undefined
}

/** Returns the word by which the person must not be texted, if there is one. */
export const stopFor = <W extends LastWords.Word>(
  words: ReadonlyArray<W>,
  about: About,
  scope: Scope
): W | undefined => {
  switch (scope) {
    case "all":
      return stopOf(words)
    case "provider": {
      const { provider } = about
      return stopOf(
        words.filter((word) => provider === undefined || word.provider === undefined || word.provider === provider)
      )
    }
    case "number": {
      const everywhere = words.filter(({ sender }) => sender === undefined)
      const numbers = new Set(words.flatMap(({ sender }) => sender === undefined ? [] : personOf(sender)))
      const number = numberOf(about.sender)
      const of = (number: string) =>
        stopOf([...everywhere, ...words.filter(({ sender }) => sender !== undefined && personOf(sender) === number)])
      if (number !== undefined) return of(number)
      // The carrier may choose any of our numbers.
      return Array.from(numbers, of).find((stop) => stop !== undefined) ?? stopOf(everywhere)
    }
  }
}
