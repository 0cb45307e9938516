/**
 * Passes a request on to a server as it came: the path and the headers
 * character for character, and the bytes of the body. Clients that take a URL
 * write it anew, which can break a signature of the URL.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Https from "node:https"

/** The server could not be reached, or closed the connection. */
export class NotForwarded extends Data.TaggedError("NotForwarded")<{ readonly cause: unknown }> {}

/** The headers of one connection, which are not passed on (RFC 9110, 7.6.1), and those of the body's length. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

/** Returns the headers to pass on, as alternating names and values. */
const headersOf = (rawHeaders: ReadonlyArray<string>, length: number): ReadonlyArray<string> => {
  const headers: Array<string> = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (!ofConnection.has(rawHeaders[index]!.toLowerCase())) headers.push(rawHeaders[index]!, rawHeaders[index + 1]!)
  }
  return [...headers, "content-length", String(length), "connection", "close"]
}

/** Passes a request on, and returns the response. */
export const forward = (options: {
  /** The address of the server. A path of it goes before that of the request. */
  readonly to: URL
  readonly method: string
  readonly path: string
  /** Alternating names and values. */
  readonly rawHeaders: ReadonlyArray<string>
  readonly body: Uint8Array
}): Effect.Effect<Http.IncomingMessage, NotForwarded> =>
  Effect.callback((resume) => {
    const { body, method, path, rawHeaders, to } = options
    const request = (to.protocol === "https:" ? Https : Http).request({
      hostname: to.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: to.port === "" ? undefined : Number(to.port),
      method,
      path: `${to.pathname.replace(/\/+$/, "")}${path}`,
      headers: headersOf(rawHeaders, body.length)
    })
    request.once("response", (response) => resume(Effect.succeed(response)))
    request.once("error", (cause) => resume(Effect.fail(new NotForwarded({ cause }))))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/** Returns the headers of a response to pass on. */
export const responseHeaders = ({ headers }: Http.IncomingMessage): Record<string, string | ReadonlyArray<string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || (ofConnection.has(name) && name !== "content-length") ? [] : [[name, value]]
    )
  )
