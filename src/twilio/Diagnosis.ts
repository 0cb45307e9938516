/**
 * What would have made a refused signature match.
 *
 * Nearly every refused webhook of a real account is one of a few mistakes of
 * set-up: a proxy that ends TLS, a path prefix, a framework that re-encodes.
 * Each is tried, alone and with the other scheme, and the first that fits is
 * named to the operator. A name says what to change and holds nothing of the
 * request.
 */
import { type Form, isRecord } from "../internal/payload.ts"
import { utf8 } from "../internal/secrets.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import { fieldsText, join, split, withoutFragment } from "./SignedText.ts"

/** A name for the operator, and the thing as it may have been signed. */
type Change<A> = readonly [name: string, changed: A]

const schemes = (url: string): ReadonlyArray<Change<string>> => {
  const parts = split(url)
  if (parts !== undefined) {
    const [other, given] = parts.scheme.toLowerCase() === "https://" ? ["http", "https"] : ["https", "http"]
    return [["", url], [`the URL with ${other} instead of ${given}`, join({ ...parts, scheme: `${other}://` })]]
  }
  // Node's `request.url` is a path; the host comes from the headers below.
  return url.startsWith("/")
    ? ["https", "http"].map((scheme) => [`the URL with ${scheme} before its path`, `${scheme}://${url}`])
    : []
}

const locations = function*(url: string, request: WebhookRequest): Iterable<Change<string>> {
  const parts = split(url)
  if (parts === undefined) return
  const header = (name: string) => request.headers[name]?.split(",", 1)[0]?.trim()
  for (const name of ["x-forwarded-host", "x-original-host", "host"]) {
    const host = header(name)
    if (host) yield [`the host of the ${name} header`, join({ ...parts, host, port: "" })]
  }
  const port = header("x-forwarded-port")
  if (port) yield ["the port of the x-forwarded-port header", join({ ...parts, port: `:${port}` })]
  const prefix = header("x-forwarded-prefix")
  if (prefix) {
    yield ["the path prefix of the x-forwarded-prefix header", join({ ...parts, rest: prefix + parts.rest })]
  }
}

const decode = (query: string): string =>
  new URLSearchParams(`=${query.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("") ?? query

const spellings = function*(url: string): Iterable<Change<string>> {
  const question = url.indexOf("?")
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? "" : url.slice(question)
  if (path.endsWith("/")) yield ["the URL without the trailing slash", path.slice(0, -1) + query]
  else yield ["the URL with a trailing slash", `${path}/${query}`]
  if (query === "") return
  yield ["the URL without its query", path]
  yield ["the URL with its query percent-decoded", path + decode(query)]
  yield ["the URL with its query encoded as a form", `${path}?${new URLSearchParams(query)}`]
  yield ["the URL with spaces in its query as %20", path + query.replaceAll("+", "%20")]
}

const mapValues = (form: Form, f: (value: string | ReadonlyArray<string>) => string | ReadonlyArray<string>): Form =>
  Object.fromEntries(Object.entries(form).map(([name, value]) => [name, f(value)]))

const forms = (form: Form): ReadonlyArray<Change<Form>> => [
  ["the form with its values trimmed", mapValues(form, (value) => typeof value === "string" ? value.trim() : value)],
  ["the form without its empty fields", Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""))],
  [
    "the form with only the last value of a repeated field",
    mapValues(form, (value) => typeof value === "string" ? value : value.at(-1)!)
  ],
  ["no form fields", {}]
]

/** What is tried for a request whose body is covered by its fields, or that has none. */
export const variants = function*(
  request: WebhookRequest,
  form: Form
): Iterable<readonly [name: string, url: string, fields: string]> {
  const fields = fieldsText(form)
  for (const [scheme, url] of schemes(withoutFragment(request.url))) {
    const name = (change: string) => scheme === "" ? change : `${scheme} and ${change}`
    if (scheme !== "") yield [scheme, url, fields]
    for (const [location, changed] of locations(url, request)) yield [name(location), changed, fields]
    for (const [spelling, changed] of spellings(url)) yield [name(spelling), changed, fields]
    for (const [change, changed] of forms(form)) {
      const text = fieldsText(changed)
      if (text !== fields) yield [name(change), url, text]
    }
  }
}

/** As Python, Ruby and PHP write it with one line and a space after each comma and colon. */
const spaced = (value: unknown): string =>
  // A line break is layout here: inside of a string it is escaped.
  JSON.stringify(value, undefined, 1)
    .replace(/,\n */g, ", ")
    .replace(/([[{])\n */g, "$1")
    .replace(/\n *([\]}])/g, "$1")

/** The ways in which a JSON body may have been written before something parsed it and wrote it anew. */
export const rewritten = (json: unknown): ReadonlyArray<Change<Uint8Array>> =>
  isRecord(json)
    ? [
      [
        "the JSON body without white space, as it was before it was parsed and written anew",
        utf8(JSON.stringify(json))
      ],
      ["the JSON body with spaces, as it was before it was parsed and written anew", utf8(spaced(json))]
    ]
    : []
