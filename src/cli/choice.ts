/**
 * Words on the command line whose letter case does not matter.
 */
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"

/** Returns the choice that a word names, in whichever case. */
export const choiceOf = <A extends string>(choices: ReadonlyArray<A>, word: string): A | undefined =>
  choices.find((choice) => choice.toLowerCase() === word.toLowerCase())

/** Like `Flag.Literals`, in any letter case. */
export const anyCase = <A extends string>(name: string, choices: ReadonlyArray<A>) => {
  const primitive = Primitive.Choice(choices.map((choice) => [choice, choice] as const))
  const { parse } = primitive
  return Param.makeSingle({
    kind: Param.flagKind,
    name,
    // The choices stay, for the help and the completions.
    primitiveType: Object.assign(primitive, { parse: (word: string) => parse(choiceOf(choices, word) ?? word) })
  })
}
