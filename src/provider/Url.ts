/**
 * Parts of a URL, cut without changing a character, which `URL` would do.
 */

/** What is sent to a server: a fragment never is. */
export const withoutFragment = (url: string): string => {
  const start = url.indexOf("#")
  return start === -1 ? url : url.slice(0, start)
}

/** The query with its question mark, or nothing. */
export const queryOf = (url: string): string => {
  const target = withoutFragment(url)
  const start = target.indexOf("?")
  return start === -1 ? "" : target.slice(start)
}

/** The text with its percent escapes decoded, and `+` and broken escapes left alone. */
export const percentDecoded = (text: string): string =>
  new URLSearchParams(`=${text.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("") ?? text
