/**
 * Parses http and https URLs strictly. `URL` drops tabs, line breaks and the
 * blanks around a URL without an error, so what it checks is not what was
 * written.
 */

/** Matches what `URL` removes: tabs, line breaks, and control characters and blanks at the ends. */
// oxlint-disable-next-line no-control-regex
const dropped = /[\t\n\r]|^[\0-\x20]|[\0-\x20]$/

/** Returns whether `URL` would ignore a part of the text. */
export const isRewritten = (text: string): boolean => dropped.test(text)

/** Parses an absolute http or https URL that can be passed on as it is written. Returns `undefined` for other text. */
export const parse = (text: string): URL | undefined => {
  // oxlint-disable-next-line no-control-regex
  if (!/^https?:\/\/[^/\\?#]/i.test(text) || /[\0-\x20\x7F]/.test(text)) return undefined
  return URL.parse(text) ?? undefined
}
