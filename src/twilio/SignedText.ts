/**
 * The texts that a Twilio signature may have been made over: a URL, followed
 * by the form fields.
 *
 * The URL that a server sees is rarely the one that Twilio signed: Twilio drops
 * credentials, keeps or drops the port by product and by release, and some of
 * its back ends sign an escaped form of the query. So a verifier tries a short
 * list, the exact string first. Twilio's own SDKs do the same, each with
 * another list (https://www.twilio.com/docs/usage/security).
 */
import type { Form } from "../provider/Body.ts"
import { withoutFragment } from "../provider/Url.ts"

/** What is signed beside the URL. A repeated field counts once a distinct value, in sorted order. */
export const fieldsText = (form: Form): string => {
  let text = ""
  for (const name of Object.keys(form).sort()) {
    const value = form[name]!
    if (typeof value === "string") text += name + value
    else for (const distinct of [...new Set(value)].sort()) text += name + distinct
  }
  return text
}

export interface Parts {
  /** With the slashes. */
  readonly scheme: string
  /** With the `@`, or nothing. */
  readonly userInfo: string
  readonly host: string
  /** With the colon, or nothing. */
  readonly port: string
  /** Path, query and fragment. */
  readonly rest: string
}

/** Cuts the string without changing a character of it, which `URL` would do. */
export const split = (url: string): Parts | undefined => {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i.exec(url)
  if (match === null) return undefined
  const authority = match[2]!
  const afterUserInfo = authority.lastIndexOf("@") + 1
  const hostAndPort = authority.slice(afterUserInfo)
  // Past the bracket of an IPv6 literal, a colon begins the port.
  const colon = hostAndPort.indexOf(":", hostAndPort.lastIndexOf("]") + 1)
  return {
    scheme: match[1]!,
    userInfo: authority.slice(0, afterUserInfo),
    host: colon === -1 ? hostAndPort : hostAndPort.slice(0, colon),
    port: colon === -1 ? "" : hostAndPort.slice(colon),
    rest: url.slice(match[0].length)
  }
}

export const join = (parts: Parts): string => parts.scheme + parts.userInfo + parts.host + parts.port + parts.rest

const withPorts = function*(url: string): Iterable<string> {
  const parts = split(url)
  if (parts === undefined) return
  const port = parts.port || (parts.scheme.toLowerCase() === "https://" ? ":443" : ":80")
  for (const userInfo of parts.userInfo === "" ? [""] : [parts.userInfo, ""]) {
    yield join({ ...parts, userInfo, port: "" })
    yield join({ ...parts, userInfo, port })
  }
}

/** The query as Node's legacy `querystring` module writes it: `'` stays, `+` becomes `%20`, repeated names move together. */
const withLegacyQuery = (url: string): string => {
  const start = url.indexOf("?") + 1
  if (start === 0) return url
  const fields: Record<string, Array<string>> = Object.create(null)
  for (const [name, value] of new URLSearchParams(url.slice(start - 1))) {
    if (fields[name] === undefined) fields[name] = [value]
    else fields[name].push(value)
  }
  const pairs = Object.entries(fields).flatMap(([name, values]) =>
    values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  )
  return url.slice(0, start) + pairs.join("&")
}

const alternatives = function*(url: string): Iterable<string> {
  yield* withPorts(url)
  const normalized = URL.parse(url)?.href
  if (normalized === undefined) return
  yield* withPorts(normalized)
  yield* withPorts(withLegacyQuery(normalized))
}

/** The candidates, each once, the likeliest first and computed only when it is needed. */
export const candidates = function*(received: string): Iterable<string> {
  // Connection overrides are written as a fragment, which Twilio neither sends nor signs
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
