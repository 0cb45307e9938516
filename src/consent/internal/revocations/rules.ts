/**
 * How rules for revocations in free text are written.
 *
 * A rule is a regular expression for a whole sentence in small letters, without
 * accents, in which `{name}` stands for one of several words.
 */

export interface Definition {
  /** Alternatives by name, separated by `|`. */
  readonly words: Readonly<Record<string, string>>
  /** Words that may begin a sentence. */
  readonly before: string
  /** Words that may end it. */
  readonly after: string
  /** What is asked for by a sentence that revokes consent, whatever else the message has. */
  readonly clear: ReadonlyArray<string>
  /** What is asked for by a message that is nothing else, words that may begin it, and words that may end it. */
  readonly alone: { readonly before: string; readonly asked: string; readonly after: string }
  /** What is asked for by a sentence that may revoke consent. */
  readonly likely: ReadonlyArray<string>
  /** Words that take back or restrict what a message says. */
  readonly retracted: string
}

export interface Rules {
  readonly clear: RegExp
  readonly alone: RegExp
  readonly likely: RegExp
  readonly retracted: RegExp
}

/** Builds the expressions of a language. */
export const make = ({ after, alone, before, clear, likely, retracted, words }: Definition): Rules => {
  const expand = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (_, name: string) => `(?:${expand(words[name]!)})`)
  const sentence = (asked: ReadonlyArray<string>) =>
    new RegExp(expand(`^(?:(?:${before}),? )*(?:${asked.join("|")})(?:,? (?:${after}))*$`))
  return {
    clear: sentence(clear),
    likely: sentence(likely),
    alone: new RegExp(
      expand(`^(?:(?:${alone.before})[,.]? )*(?:${alone.asked})(?:[,.]? (?:${alone.after}))*$`)
    ),
    retracted: new RegExp(`\\b(?:${retracted})\\b`)
  }
}
