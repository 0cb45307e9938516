/**
 * What would have made a refused signature match.
 *
 * Nearly every refused webhook of a real account is one of a few mistakes of
 * set-up: a proxy that ends TLS, a path prefix, a framework that re-encodes.
 * Each is tried, and the first that fits is named to the operator.
 */
import type { Form } from "../internal/payload.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import { fieldsText, join, split } from "./SignedText.ts"

const trimmed = (form: Form): Form =>
  Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value])
  )

const withoutEmpty = (form: Form): Form => Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""))

const lastValues = (form: Form): Form =>
  Object.fromEntries(Object.entries(form).map(([name, value]) => [name, typeof value === "string" ? value : value.at(-1)!]))

const schemes = (url: string): Iterable<readonly [string, string]> => {
  const parts = split(url)
  if (parts === undefined) return []
  const other = parts.scheme.toLowerCase() === "https://" ? "http" : "https"
  return [["", url], [`the URL with ${other} instead of ${other === "https" ? "http" : "https"}`, join({ ...parts, scheme: `${other}://` })]]
}

const hosts = function*(url: string, request: WebhookRequest): Iterable<readonly [string, string]> {
  yield ["", url]
  const parts = split(url)
  if (parts === undefined) return
  for (const name of ["x-forwarded-host", "x-original-host", "host"]) {
    const host = request.headers[name]?.split(",", 1)[0]?.trim()
    if (host) yield [`the host of the ${name} header`, join({ ...parts, host, port: "" })]
  }
}

const paths = function*(url: string): Iterable<readonly [string, string]> {
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

const decode = (text: string): string => new URLSearchParams(`=${text.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("") ?? text

const bodies = (form: Form): ReadonlyArray<readonly [string, Form]> => [
  ["the form with its values trimmed", trimmed(form)],
  ["the form without its empty fields", withoutEmpty(form)],
  ["the form with only the last value of a repeated field", lastValues(form)],
  ["no form fields", {}]
]

/** What is tried: a name for the operator, the URL, and the text of the fields. */
export const variants = function*(request: WebhookRequest, form: Form): Iterable<readonly [string, string, string]> {
  const fields = fieldsText(form)
  for (const [scheme, url] of schemes(request.url)) {
    const name = (change: string) => [scheme, change].filter((part) => part !== "").join(" and ")
    for (const [host, changed] of hosts(url, request)) yield [name(host), changed, fields]
    for (const [path, changed] of paths(url)) yield [name(path), changed, fields]
    for (const [body, changed] of bodies(form)) yield [name(body), url, fieldsText(changed)]
  }
}
