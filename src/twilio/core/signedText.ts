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
import { type Form, parsePairs } from "../../provider/core/body.ts"

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

/** Returns the URL with and without the port and the credentials. */
const variants = (url: string): ReadonlyArray<string> => {
  const [whole, scheme, userInfo, host, port] = authority.exec(url) ?? []
  return whole === undefined ?
    [] :
    [userInfo!, ""].flatMap((userInfo) =>
      ["", port || (/^https:/i.test(url) ? ":443" : ":80")].map((port) =>
        scheme + userInfo + host! + port + url.slice(whole.length)
      )
    )
}

/**
 * Rewrites the query like Node's legacy `querystring` module: `'` is kept, `+`
 * becomes `%20`, and repeated names are grouped.
 */
const withLegacyQuery = (url: string): string =>
  url.replace(
    /\?.*/s,
    (query) =>
      `?${
        Object.entries(parsePairs(query)).flatMap(([name, values]) =>
          [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        ).join("&")
      }`
  )

/**
 * Returns whether the path of a URL depends on who reads it. A router that ends
 * a path at `;` would call one handler for it, and `URL` finds another path: it
 * follows dots, escaped or not, takes a backslash for a slash, and leaves out tabs
 * and line breaks, and blanks at the end.
 */
export const isAmbiguousPath = (url: string): boolean =>
  /^[^?#]*(?:\\|\/(?:\.|%2e){1,2}(?:[/;?#]|[\0-\x20]*$))/i.test(url.replace(/[\t\n\r]/g, ""))

/** Returns the URL as `URL` writes it. One without a host would become another. */
const normalize = (url: string): string => /^https?:\/\/[^/?#\s]/i.test(url) ? URL.parse(url)?.href ?? "" : ""

/** Returns the candidates without duplicates, the most likely first. */
export const candidates = (received: string): Iterable<string> => {
  // Connection overrides are written as a fragment, which Twilio neither sends nor
  // signs
  // (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
  const url = received.replace(/#.*/s, "")
  const normalized = normalize(url)
  return new Set([url].concat([url, normalized, withLegacyQuery(normalized)].flatMap(variants)))
}
