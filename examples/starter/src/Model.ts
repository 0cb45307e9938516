/**
 * What writes the answers. The one here looks for words. Replace `layer` by one
 * that calls a language model: nothing else changes.
 *
 * export const layer = Layer.succeed(Model, {
 *   answer: (turns) => Effect.tryPromise({
 *     try: () => client.chat(turns.map(({ author, text }) => …)),
 *     catch: () => new ModelUnavailable()
 *   })
 * })
 */
import { Context, Data, Effect, Layer } from "effect"

/** One message of the conversation, oldest first. */
export interface Turn {
  readonly author: "person" | "assistant"
  readonly text: string
}

export class ModelUnavailable extends Data.TaggedError("ModelUnavailable") {}

export class Model extends Context.Service<Model, {
  /** Answers the last turn. `undefined` says nothing. */
  readonly answer: (turns: ReadonlyArray<Turn>) => Effect.Effect<string | undefined, ModelUnavailable>
}>()("app/Model") {}

const answers: ReadonlyArray<readonly [words: RegExp, answer: string]> = [
  [/\b(?:open|hours|close)\b/i, "We are open from 9 am to 6 pm, Monday to Saturday."],
  [/\b(?:where|address)\b/i, "You find us at 100 Main Street."],
  [/\b(?:hello|hi|bonjour)\b/i, "Hello. How can we help?"]
]

const otherwise = "Thank you. One of us will write to you soon."

export const layer = Layer.succeed(Model, {
  answer: (turns) => {
    const question = turns.at(-1)?.text ?? ""
    const [, answer] = answers.find(([words]) => words.test(question)) ?? []
    return Effect.succeed(answer ?? otherwise)
  }
})
