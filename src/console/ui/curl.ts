/**
 * Requests as text.
 */
import * as Result from "effect/Result"
import type { ExchangeView } from "../../http/ExchangesApi.ts"

/** Quotes a word for a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Headers that curl writes itself. */
const own = ["host", "content-length", "connection", "accept-encoding"]

/** Returns the command that sends a request again. Its secrets are masked. */
export const curlOf = ({ body, headers, method, url }: ExchangeView): string =>
  [
    `curl -X ${method} ${quoted(url)}`,
    ...Object.entries(headers).filter(([name]) => !own.includes(name)).map(([name, value]) =>
      `-H ${quoted(`${name}: ${value}`)}`
    ),
    ...(body === "" ? [] : [`--data-binary ${quoted(body)}`])
  ].join(" \\\n  ")

/** Returns a body as people read it: a form line by line, and JSON with indents. */
export const pretty = (text: string, type: string = ""): string => {
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return Array.from(new URLSearchParams(text), ([name, value]) => `${name}: ${value}`).join("\n")
  }
  const json = Result.try(() => JSON.parse(text) as unknown)
  return Result.isSuccess(json) ? JSON.stringify(json.success, null, 2) : text
}
