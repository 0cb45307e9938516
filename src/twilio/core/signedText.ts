/**
 * The texts that Twilio may have signed: a URL followed by the form fields.
 *
 * The URL that a server receives is often not the one that Twilio signed:
 * Twilio removes credentials, keeps or removes the port depending on product
 * and release, and some of its back ends sign an escaped form of the query. The
 * verifier therefore tries a short list of candidates, the exact URL first.
 * Twilio's own SDKs do the same, each with a different list
 * (https://www.twilio.com/docs/usage/security).
 */
import { type Form, formFromText } from "../../provider/core/body.ts"
import { withoutFragment } from "../../provider/Url.ts"

/**
 * Returns the signed text of the form fields. A repeated field contributes each
 * distinct value once, in sorted order. `sorted` has the names.
 */
export const fieldsText = (form: Form, sorted: ReadonlyArray<string> = Object.keys(form).sort()): string => {
  let text = ""
  for (const name of sorted) {
    const value = form[name]!
    if (typeof value === "string") text += name + value
    else for (const distinct of [...new Set(value)].sort()) text += name + distinct
  }
  return text
}

/** The parts of a URL that carriers write in several ways. */
export interface Parts {
  /** Includes the slashes. */
  readonly scheme: string
  /** Includes the `@`. Empty if absent. */
  readonly userInfo: string
  readonly host: string
  /** Includes the colon. Empty if absent. */
  readonly port: string
  /** The path, query and fragment. */
  readonly rest: string
}

/** After the bracket of an IPv6 literal, a colon starts the port. */
const authority = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@|)((?:[^/?#]*\])?[^/?#:]*)(:[^/?#]*|)/i

/** Splits a URL without normalizing it, unlike `URL`. */
export const split = (url: string): Parts | undefined => {
  const [whole, scheme, userInfo, host, port] = authority.exec(url) ?? []
  return whole === undefined
    ? undefined
    : { scheme: scheme!, userInfo: userInfo!, host: host!, port: port!, rest: url.slice(whole.length) }
}

export const join = ({ host, port, rest, scheme, userInfo }: Parts): string => scheme + userInfo + host + port + rest

const withPorts = function*(url: string): Iterable<string> {
  const parts = split(url)
  if (parts === undefined) return
  const port = parts.port || (parts.scheme.toLowerCase() === "https://" ? ":443" : ":80")
  for (const userInfo of parts.userInfo === "" ? [""] : [parts.userInfo, ""]) {
    yield join({ ...parts, userInfo, port: "" })
    yield join({ ...parts, userInfo, port })
  }
}

/**
 * Rewrites the query like Node's legacy `querystring` module: `'` is kept, `+`
 * becomes `%20`, and repeated names are grouped.
 */
const withLegacyQuery = (url: string): string => {
  const start = url.indexOf("?") + 1
  if (start === 0) return url
  const pairs = Object.entries(formFromText(url.slice(start))).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  )
  return url.slice(0, start) + pairs.join("&")
}

/** The path as `URL` reads it: without line breaks and tabs, and without blanks at the end of the URL. */
const pathOf = (url: string): string => {
  let end = url.length
  while (end > 0 && url.charCodeAt(end - 1) <= 0x20) end--
  const [path = ""] = (split(url)?.rest ?? url).slice(0, end - url.length || undefined).split(/[?#]/, 1)
  return path.replace(/[\t\n\r]/g, "") || "/"
}

/** Returns the bytes that a path stands for, a character each. An escape need not be part of valid UTF-8. */
const unescaped = (path: string): string =>
  path
    .replace(/[^\0-\x7F]+/g, (text) => encodeURIComponent(text.toWellFormed()))
    .replace(/%[\da-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))

/** A segment that leads to another path, escaped or not. `URL` takes a backslash for a slash. */
const dotSegment = /(?:^|[/\\])(?:\.|%2e){1,2}(?=[/\\;?]|$)/i

/**
 * Returns whether the path of a URL depends on who reads it. A router that ends
 * a path at `;` would call one handler for it, and `URL` finds another path.
 */
export const isAmbiguousPath = (url: string): boolean => dotSegment.test(pathOf(url))

/** Returns the URL as `URL` writes it, unless that is one of another path. */
const normalize = (url: string): string | undefined => {
  const normalized = URL.parse(url)?.href
  return normalized !== undefined && unescaped(pathOf(normalized)) === unescaped(pathOf(url)) ? normalized : undefined
}

const alternatives = function*(url: string): Iterable<string> {
  yield* withPorts(url)
  const normalized = normalize(url)
  if (normalized === undefined) return
  yield* withPorts(normalized)
  yield* withPorts(withLegacyQuery(normalized))
}

/** Yields the candidates without duplicates, the most likely first, each computed on demand. */
export const candidates = function*(received: string): Iterable<string> {
  // Connection overrides are written as a fragment, which Twilio neither sends nor
  // signs
  // (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
  const url = withoutFragment(received)
  yield url
  const seen = new Set([url])
  for (const candidate of alternatives(url)) {
    if (seen.has(candidate)) continue
    seen.add(candidate)
    yield candidate
  }
}
