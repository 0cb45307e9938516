/**
 * Functions that split a URL without changing a character. `URL` would
 * normalize it.
 */

/** Removes the fragment, which is never sent to a server. */
export const withoutFragment = (url: string): string => {
  const start = url.indexOf("#")
  return start === -1 ? url : url.slice(0, start)
}

/** Returns the query with its question mark, or the empty string. */
export const queryOf = (url: string): string => {
  const target = withoutFragment(url)
  const start = target.indexOf("?")
  return start === -1 ? "" : target.slice(start)
}

/** Decodes percent escapes. Leaves `+` and malformed escapes unchanged. */
export const percentDecoded = (text: string): string =>
  new URLSearchParams(`=${text.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("") ?? text
