/**
 * Diagnoses a refused signature by finding a change of the request that
 * matches.
 *
 * Nearly every refused webhook of a real account has one of a few causes: a
 * proxy that terminates TLS, a path prefix, or a framework that re-encodes the
 * request. Each is tried, alone and together with the other scheme, and the
 * first match is reported to the operator. Its name says what to change and
 * contains nothing from the request.
 */
import * as Result from "effect/Result"
import type { Form } from "../provider/Body.ts"
import { utf8 } from "../provider/Secrets.ts"
import { percentDecoded, withoutFragment } from "../provider/Url.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import { fieldsText, join, split } from "./core/signedText.ts"

/** A description for the operator, and the value that may have been signed. */
type Change<A> = readonly [name: string, changed: A]

const schemes = (url: string): ReadonlyArray<Change<string>> => {
  const parts = split(url)
  if (parts !== undefined) {
    const [other, given] = parts.scheme.toLowerCase() === "https://" ? ["http", "https"] : ["https", "http"]
    return [["", url], [`the URL with ${other} instead of ${given}`, join({ ...parts, scheme: `${other}://` })]]
  }
  // Node's `request.url` is a path; the host candidates come from the headers below.
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
    if (host) yield [`the URL with the host of the ${name} header`, join({ ...parts, host, port: "" })]
  }
  const port = header("x-forwarded-port")
  if (port) yield ["the URL with the port of the x-forwarded-port header", join({ ...parts, port: `:${port}` })]
  const prefix = header("x-forwarded-prefix")
  if (prefix) {
    yield [
      "the URL with the path prefix of the x-forwarded-prefix header",
      join({ ...parts, rest: prefix + parts.rest })
    ]
  }
}

const spellings = function*(url: string): Iterable<Change<string>> {
  const question = url.indexOf("?")
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? "" : url.slice(question)
  if (path.endsWith("/")) yield ["the URL without the trailing slash", path.slice(0, -1) + query]
  else yield ["the URL with a trailing slash", `${path}/${query}`]
  if (query === "") return
  yield ["the URL without its query", path]
  yield ["the URL with its query percent-decoded", path + percentDecoded(query)]
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
  ["the URL without any form fields", {}]
]

/**
 * Yields the variants to try: a description, the URL and the text of the
 * fields. The first is the unchanged request.
 */
export const variants = function*(
  request: WebhookRequest,
  form: Form
): Iterable<readonly [name: string, url: string, fields: string]> {
  const fields = fieldsText(form)
  for (const [scheme, url] of schemes(withoutFragment(request.url))) {
    const name = (change: string) => scheme === "" ? change : `${scheme} and ${change.replace(/^the URL /, "")}`
    yield [scheme, url, fields]
    for (const [location, changed] of locations(url, request)) yield [name(location), changed, fields]
    for (const [spelling, changed] of spellings(url)) yield [name(spelling), changed, fields]
    for (const [change, changed] of forms(form)) {
      const text = fieldsText(changed)
      if (text !== fields) yield [name(change), url, text]
    }
  }
}

/** Adds a space after each comma and colon outside of strings, as Python's JSON encoder does. */
const spaced = (compact: string): string =>
  compact.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[,:]/g, (token) => token === "," || token === ":" ? `${token} ` : token)

/**
 * Yields the forms that a JSON body may have had before a proxy or framework
 * re-serialized it. The first is the unchanged body.
 */
export const bodies = function*(body: Uint8Array): Iterable<Change<Uint8Array>> {
  yield ["", body]
  // Fails for invalid JSON, and for JSON nested deeper than the stack allows.
  const compact = Result.try(() => JSON.stringify(JSON.parse(new TextDecoder().decode(body))))
  if (Result.isFailure(compact)) return
  yield ["the JSON body without white space, as it was before it was re-serialized", utf8(compact.success)]
  yield ["the JSON body with spaces, as it was before it was re-serialized", utf8(spaced(compact.success))]
}
