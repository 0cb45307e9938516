/**
 * The texts that answer keywords.
 *
 * @since 0.1.0
 */
import type { Action, Language } from "./Keywords.ts"

/**
 * A text in each language.
 *
 * @category models
 * @since 0.1.0
 */
export type Text = Readonly<Record<Language, string>>

/**
 * The texts that answer keywords, unless others are given. There is none for
 * HELP: it has to name the sender, and how to reach a person.
 *
 * @category texts
 * @since 0.1.0
 */
export const defaults: Readonly<Record<Exclude<Action, "help">, Text>> = {
  stop: {
    en: "You are unsubscribed and will receive no more messages. Reply START to resubscribe.",
    fr: "Vous êtes désabonné et ne recevrez plus de messages. Répondez START pour vous réabonner.",
    es: "Ha cancelado su suscripción y no recibirá más mensajes. Responda START para volver a suscribirse."
  },
  start: {
    en: "You are subscribed again. Reply STOP to unsubscribe.",
    fr: "Vous êtes de nouveau abonné. Répondez ARRET pour vous désabonner.",
    es: "Se ha suscrito de nuevo. Responda STOP para cancelar."
  }
}

/**
 * Which keywords are answered.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * - `auto`: those that the carrier does not answer by itself. The default
   * - `always`: all, for accounts whose carrier was told not to answer
   * - `never`: none
   */
  readonly answer?: "auto" | "always" | "never" | undefined
  /** The text for each action, in one language or in all. `""` for no answer. */
  readonly texts?: Partial<Readonly<Record<Action, string | Text>>> | undefined
}

/**
 * Returns the text that answers a keyword, or `undefined` for no answer.
 *
 * @category getters
 * @since 0.1.0
 */
export const textOf = (
  texts: Options["texts"] = {},
  action: Action,
  language: Language | undefined
): string | undefined => {
  const text = texts[action] ?? (action === "help" ? undefined : defaults[action])
  const found = typeof text === "string" ? text : text?.[language ?? "en"]
  return found === "" ? undefined : found
}
