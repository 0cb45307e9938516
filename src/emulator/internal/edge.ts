/**
 * Answers API requests on a Node server: finds the dialect of a request, lets
 * the faults happen, and writes the response.
 */
import * as Effect from "effect/Effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type * as Emulation from "../../provider/Emulation.ts"
import type { Effect as Fault } from "../Fault.ts"
import type { Exchanges } from "./exchanges.ts"
import type { Simulation } from "./simulation.ts"

/** The path of a carrier's files is `/media/` and its name. */
export const mediaPath = "media"

/** More than any carrier takes. */
const maxBody = 12_000_000

export interface Target {
  readonly carrier: string
  readonly isMedia: boolean
  readonly path: string
  readonly query: string
}

export interface Options {
  readonly simulation: Simulation
  readonly exchanges: Exchanges
  /** The carriers by the host names of their APIs. */
  readonly hosts: ReadonlyArray<{ readonly carrier: string; readonly isHost: (host: string) => boolean }>
  /** Runs an effect in the background. */
  readonly run: (effect: Effect.Effect<unknown>) => void
}

const hostOf = (request: IncomingMessage): string => (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase()

/** Finds the carrier of a request by its path, or by its host. */
const targetOf = ({ hosts, simulation }: Options, request: IncomingMessage): Target | undefined => {
  const url = request.url ?? "/"
  const question = url.indexOf("?")
  const whole = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? "" : url.slice(question + 1)
  const [, first = "", second = ""] = whole.split("/", 3)
  if (simulation.accounts.has(first)) {
    return { carrier: first, isMedia: false, path: whole.slice(first.length + 1) || "/", query }
  }
  if (first === mediaPath && simulation.accounts.has(second)) {
    return { carrier: second, isMedia: true, path: whole.slice(first.length + second.length + 2) || "/", query }
  }
  const host = hostOf(request)
  const carrier = hosts.find(({ isHost }) => isHost(host))?.carrier
  return carrier === undefined ? undefined : { carrier, isMedia: false, path: whole, query }
}

/** Node joins the values of a repeated header. Only `set-cookie`, which no request has, is a list. */
const headersOf = (request: IncomingMessage): Readonly<Record<string, string | undefined>> =>
  request.headers as Readonly<Record<string, string | undefined>>

const find = <Type extends Fault["type"]>(
  effects: ReadonlyArray<Fault>,
  type: Type
): Fault & { readonly type: Type } | undefined =>
  effects.find((effect): effect is Fault & { readonly type: Type } => effect.type === type)

/** Returns the refusal that faults demand before a request has any effect. */
const refusalOf = (effects: ReadonlyArray<Fault>): Emulation.RefusedCall | undefined => {
  for (const effect of effects) {
    if (effect.type === "rateLimit") return { _tag: "RateLimited", retryAfterSeconds: effect.retryAfter }
    if (effect.type === "refuse") return { _tag: "Refused", reason: effect.reason }
    if (effect.type === "serverError" && effect.taken !== true) return { _tag: "Failed", status: effect.status ?? 500 }
    if (effect.type === "reset" || effect.type === "lose") return { _tag: "Failed", status: 500 }
  }
  return undefined
}

/** Changes one byte of a body. */
export const corrupt = (body: string | Uint8Array, random: Emulation.Random): string | Uint8Array => {
  if (body.length === 0) return body
  const at = Math.floor(random.next() * body.length)
  if (typeof body === "string") return body.slice(0, at) + (body[at] === "x" ? "y" : "x") + body.slice(at + 1)
  const bytes = Uint8Array.from(body)
  bytes[at]! ^= 1
  return bytes
}

const drip = (response: ServerResponse, reply: Emulation.ApiReply, bytesPerSecond: number) =>
  Effect.gen(function*() {
    const bytes = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body
    response.writeHead(reply.status, { ...reply.headers, "content-length": bytes.length })
    const size = Math.max(1, Math.ceil(bytesPerSecond / 10))
    for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
      response.write(bytes.subarray(at, at + size))
      yield* Effect.sleep(1000 * size / bytesPerSecond)
    }
    response.end()
  })

const write = (response: ServerResponse, { body, headers, status }: Emulation.ApiReply): void => {
  // Without a length, the head and each chunk would be written on their own.
  response.writeHead(status, status === 204 ? headers : { "content-length": Buffer.byteLength(body), ...headers })
  response.end(body)
}

/** Answers a request whose body has arrived. */
const answer = (
  options: Options,
  target: Target,
  request: IncomingMessage,
  response: ServerResponse,
  body: string
): void => {
  const { exchanges, run, simulation } = options
  const { carrier, isMedia, path, query } = target
  const dialect = simulation.accounts.get(carrier)!.dialect!
  const headers = headersOf(request)
  const method = request.method ?? "GET"
  const asked: Emulation.ApiRequest = { method, path, query, headers, body }
  const call: Emulation.Call = isMedia && dialect.media !== undefined
    ? { operation: "media", kind: "media", run: () => dialect.media!(asked) }
    : dialect.call(asked)
  const { kind, numbers = [] } = call
  const effects = simulation.faults.ofExchange({ carrier, kind, numbers })
  const refusal = refusalOf(effects) ??
    (kind === "send" && simulation.isFull ? { _tag: "RateLimited" as const, retryAfterSeconds: 1 } : undefined)
  let reply = simulation.withSkew(
    effects,
    () => refusal === undefined ? call.run() : dialect.refuse(refusal, call)
  )
  const failure = find(effects, "serverError")
  if (refusal === undefined && failure !== undefined) {
    reply = dialect.refuse({ _tag: "Failed", status: failure.status ?? 500 }, call)
  }
  if (find(effects, "corrupt") !== undefined) {
    reply = { ...reply, body: corrupt(reply.body, simulation.random) }
  }
  const isSilent = effects.some(({ type }) => type === "reset" || type === "lose" || type === "cut")
  exchanges.add({
    at: simulation.now,
    carrier,
    direction: "request",
    operation: call.operation,
    method,
    url: request.url ?? "",
    requestHeaders: headers,
    requestBody: body,
    ...(!isSilent && { status: reply.status, responseHeaders: reply.headers, responseBody: reply.body }),
    faults: effects,
    warnings: simulation.takeWarnings()
  })
  if (effects.length === 0) return write(response, reply)
  if (find(effects, "lose") !== undefined) return
  if (find(effects, "reset") !== undefined) return void response.socket?.resetAndDestroy()
  const slowly = find(effects, "drip")
  const finish = find(effects, "cut") !== undefined
    ? Effect.sync(() => response.socket?.destroy())
    : slowly !== undefined
    ? drip(response, reply, slowly.bytesPerSecond ?? 20)
    : Effect.sync(() => write(response, reply))
  let wait = 0
  for (const effect of effects) if (effect.type === "delay") wait += effect.millis
  run(wait === 0 ? finish : Effect.delay(finish, wait))
}

const unknown: Emulation.ApiReply = {
  status: 404,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: "not found", message: "No carrier of the emulator has this path" })
}

/** Builds the listener for all requests but those to the control API. */
export const listener = (options: Options) => (request: IncomingMessage, response: ServerResponse): void => {
  response.on("error", () => {})
  const target = targetOf(options, request)
  if (target === undefined) {
    request.resume()
    return write(response, unknown)
  }
  const chunks: Array<Buffer> = []
  let size = 0
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBody) chunks.push(chunk)
    else request.destroy()
  })
  request.on("end", () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    answer(options, target, request, response, body.toString())
  })
}
