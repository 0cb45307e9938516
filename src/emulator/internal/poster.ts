/**
 * Posts webhooks over a bounded number of connections. It uses undici without
 * effects or promises: a fiber for each webhook would take more time than the
 * webhook.
 */
import Undici from "@effect/platform-node/Undici"
import { remembered } from "../../provider/core/remembered.ts"
import type { Outcome } from "../../provider/Emulation.ts"

export interface Outgoing {
  readonly method: "POST" | "GET"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The time for the response, in milliseconds. */
  readonly timeout: number
}

export interface Poster {
  /** `done` is called once, later. */
  readonly post: (request: Outgoing, done: (outcome: Outcome) => void) => void
  readonly close: () => void
}

/** More of an answer is not read. */
const maxAnswer = 64 * 1024

const connectTimeout = 5000

const noConnection: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

const failureOf = (error: Error): Outcome => {
  const codes = [error, ...(error instanceof AggregateError ? error.errors : [])].map((error: NodeJS.ErrnoException) =>
    error.code
  )
  return codes.some((code) => noConnection.has(code)) ? { _tag: "Unreachable" } : { _tag: "TimedOut" }
}

interface Target {
  readonly origin: string
  readonly path: string
}

const targetOf = (url: string): Target | undefined => {
  const parsed = URL.parse(url)
  return parsed === null || !/^https?:$/.test(parsed.protocol)
    ? undefined
    : { origin: parsed.origin, path: parsed.pathname + parsed.search }
}

const decoder = new TextDecoder()

export const make = (connections: number): Poster => {
  const agent = new Undici.Agent({ connections, pipelining: 1, connect: { timeout: connectTimeout } })

  const target = remembered(targetOf)

  const post: Poster["post"] = ({ body, headers, method, timeout, url }, done) => {
    const found = target(url)
    if (found === undefined) return done({ _tag: "Unreachable" })
    const chunks: Array<Uint8Array> = []
    let size = 0
    let status = 0
    let fields: Record<string, string | undefined> = {}
    agent.dispatch({
      origin: found.origin,
      path: found.path,
      method,
      headers,
      body: method === "GET" ? null : body,
      headersTimeout: timeout,
      bodyTimeout: timeout
    }, {
      onRequestStart: () => {},
      onResponseStart: (_, code, responseHeaders) => {
        status = code
        fields = flat(responseHeaders)
      },
      onResponseData: (_, chunk) => {
        size += chunk.length
        if (size <= maxAnswer) chunks.push(chunk)
      },
      onResponseEnd: () =>
        done({
          _tag: "Answered",
          status,
          headers: fields,
          body: chunks.length === 0 ? "" : chunks.map((chunk) => decoder.decode(chunk)).join("")
        }),
      onResponseError: (_, error) => done(failureOf(error))
    })
  }

  return {
    post,
    close: () => {
      agent.destroy().catch(() => {})
    }
  }
}

const flat = (headers: Readonly<Record<string, string | Array<string> | undefined>>) => {
  const fields: Record<string, string | undefined> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    fields[name] = Array.isArray(value) ? value.join(", ") : value
  }
  return fields
}
