/**
 * Revocations in free text: `please stop texting me`, `lose my number`.
 *
 * A message is split into sentences. A sentence revokes consent only if all of
 * it does: polite words, what is asked for, and words such as `anymore` or
 * `please` at the end. Anything else in the sentence makes it mean something
 * else (`stop texting me at work`, `why did you stop texting me`), and a
 * condition or a joke anywhere in the message takes it back. So `don't stop`,
 * `stop by at 5` and `ok stop worrying` are none.
 *
 * What a sentence says is `clear`, or only `likely`: `wrong number` and
 * `leave me alone` may mean something else. Only what is clear is ever enforced.
 * `test/consent/FreeText.test.ts` measures precision and recall on a labelled
 * list of messages.
 *
 * @since 0.1.0
 */
import { en } from "./internal/revocations/en.ts"
import { es } from "./internal/revocations/es.ts"
import { fr } from "./internal/revocations/fr.ts"
import * as Rules from "./internal/revocations/rules.ts"
import type { Language } from "./Keywords.ts"

/**
 * A recognized revocation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Revocation {
  readonly certainty: "clear" | "likely"
  readonly language: Language
}

/**
 * Options of recognition.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The languages whose rules count. All by default. */
  readonly languages?: ReadonlyArray<Language> | undefined
}

const definitions: Readonly<Record<Language, Rules.Definition>> = { en, es, fr }

/** The longest message that is read. A longer one is no mere revocation. */
const maxLength = 400

/** Returns text in small letters, without accents and with plain apostrophes and blanks. */
const plain = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(/\p{M}|\p{Cf}/gu, "")
    .toLowerCase()
    .replaceAll(/[\u2018\u2019\u02BC`\u00B4]/g, "'")

/** Splits into sentences of words. Punctuation that separates no sentences becomes a blank. */
const sentencesOf = (text: string): ReadonlyArray<string> =>
  text
    .split(/[.!?;:\n\r…]+/)
    .map((sentence) => sentence.replaceAll(/[^\p{L}\p{N}',]+/gu, " ").replaceAll(/ ?, ?/g, ", ").trim())
    .map((sentence) => sentence.replace(/,$/, ""))
    .filter((sentence) => sentence !== "")

/**
 * Builds the function that recognizes a revocation in the text of a message.
 * Keywords are recognized by `Keywords`.
 *
 * **Example** (Recognizing revocations)
 *
 * ```ts run
 * import { FreeText } from "effect-sms"
 *
 * const recognize = FreeText.make()
 *
 * recognize("Hi, please stop texting me!")?.certainty // => "clear"
 * recognize("Sorry, wrong number")?.certainty // => "likely"
 * recognize("Please don't stop") // => undefined
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { languages = ["en", "fr", "es"] }: Options = {}
): (text: string) => Revocation | undefined => {
  const rules = languages.map((language) => ({ language, ...Rules.make(definitions[language]) }))
  return (text) => {
    if (text.length > maxLength) return undefined
    const sentences = sentencesOf(plain(text))
    const whole = sentences.join(". ")
    let likely: Revocation | undefined
    for (const { alone, clear, language, likely: maybe, retracted } of rules) {
      if (retracted.test(whole)) continue
      if (sentences.some((sentence) => clear.test(sentence)) || alone.test(whole)) {
        return { certainty: "clear", language }
      }
      if (sentences.some((sentence) => maybe.test(sentence))) likely ??= { certainty: "likely", language }
    }
    return likely
  }
}
