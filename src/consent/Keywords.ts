/**
 * Keywords: messages that consist of one word with which a person opts out,
 * opts in or asks for help.
 *
 * A keyword is the whole message, in any letter case, with any punctuation
 * around it and any accents. `STOP 12345` and `please stop by` are none. What
 * other messages mean is decided by `FreeText`.
 *
 * The words are collected from carriers and rules, and are no legal advice. An
 * operator can add words, and choose the languages.
 *
 * @since 0.1.0
 */
import { lookup } from "../internal/record.ts"
import { folded } from "./internal/lookAlikes.ts"

/**
 * What a keyword asks for.
 *
 * @category models
 * @since 0.1.0
 */
export type Action = "stop" | "start" | "help"

/**
 * The words of a language.
 *
 * @category models
 * @since 0.1.0
 */
export type Words = Readonly<Record<Action, ReadonlyArray<string>>>

/**
 * The languages that have words.
 *
 * @category models
 * @since 0.1.0
 */
export type Language = "en" | "fr" | "es"

/**
 * The words by language.
 *
 * - `en`: 47 CFR 64.1200 (a)(10) (stop, quit, end, revoke, opt out, cancel,
 *   unsubscribe), and the defaults of carriers
 *   (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out,
 *   https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out)
 * - `fr`: Canadian Common Short Code Application Guidelines
 *   (https://www.txt.ca/resources/)
 * - `es`: words in use in the United States and Spain. No rule lists them
 *
 * @category words
 * @since 0.1.0
 */
export const words: Readonly<Record<Language, Words>> = {
  en: {
    stop: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
    start: ["START", "YES", "UNSTOP"],
    help: ["HELP", "INFO"]
  },
  fr: { stop: ["ARRET"], start: [], help: ["AIDE"] },
  es: { stop: ["ALTO", "PARAR", "CANCELAR", "BAJA"], start: ["INICIAR"], help: ["AYUDA"] }
}

/**
 * Options of recognition.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The languages whose words count. English and French by default. */
  readonly languages?: ReadonlyArray<Language> | undefined
  /** Further words, of any language. */
  readonly more?: Partial<Words> | undefined
}

/**
 * A recognized keyword.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keyword {
  readonly action: Action
  /** The word, in capitals. */
  readonly word: string
  /** The language of the word, or `undefined` for one of {@link Options.more}. */
  readonly language: Language | undefined
}

/** A word that is also an answer: it opts in only a person who is opted out. */
const answers: ReadonlySet<string> = new Set(["YES"])

/**
 * Returns whether the keyword opts in only a person who is opted out, because
 * it is an ordinary answer otherwise.
 *
 * **Example** (A word that is also an answer)
 *
 * ```ts run
 * import { Keywords } from "effect-sms"
 *
 * const recognize = Keywords.make()
 * Keywords.isAnswer(recognize("Yes")!) // => true
 * Keywords.isAnswer(recognize("START")!) // => false
 * Keywords.words.fr.stop // => ["ARRET"]
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isAnswer = ({ word }: Keyword): boolean => answers.has(word)

/**
 * Builds the function that recognizes a keyword in the text of a message.
 *
 * **Example** (Recognizing keywords)
 *
 * ```ts run
 * import { Keywords } from "effect-sms"
 *
 * const recognize = Keywords.make()
 *
 * recognize(" Stop. ")?.action // => "stop"
 * recognize("Arrêt")?.action // => "stop"
 * recognize("STOP 12345") // => undefined
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { languages = ["en", "fr"], more = {} }: Options = {}
): (text: string) => Keyword | undefined => {
  const table: Record<string, Keyword> = {}
  const add = (language: Language | undefined, { help = [], start = [], stop = [] }: Partial<Words>) => {
    // The last one wins: a word of several lists opts out.
    for (const [action, list] of [["help", help], ["start", start], ["stop", stop]] as const) {
      for (const word of list) {
        const form = folded(word)
        if (form !== "" && lookup(table, form)?.action !== "stop") table[form] = { action, word, language }
      }
    }
  }
  for (const language of languages) add(language, words[language])
  add(undefined, more)
  return (text) => lookup(table, folded(text))
}
