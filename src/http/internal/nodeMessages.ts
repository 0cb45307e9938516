/**
 * Node's requests and responses with the limits and headers of the server, and
 * a server that asks a front about each request before its listeners.
 */
import { IncomingMessage, Server, ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { setImmediate } from "node:timers"
import { errorUrl } from "../../internal/errorUrl.ts"
import type { Fronted, FrontedRequest, FrontedResponse } from "./nodeFronted.ts"
import { safeHeaders } from "./safeHeaders.ts"
import { skipBody } from "./skipBody.ts"

/** Has `nosniff` also where Node itself answers, such as a request without a host or with an unknown expectation. */
export class SafeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request>
  implements FrontedResponse
{
  /** The response that is being written to a connection. */
  static readonly current = new WeakMap<Duplex, SafeResponse>()

  override assignSocket(socket: Socket): void {
    super.assignSocket(socket)
    SafeResponse.current.set(socket, this)
  }

  override detachSocket(socket: Socket): void {
    super.detachSocket(socket)
    SafeResponse.current.delete(socket)
  }

  override writeHead(status: number, ...others: ReadonlyArray<never>): this {
    this.setHeader("x-content-type-options", safeHeaders["x-content-type-options"])
    return super.writeHead(status, ...others as unknown as [undefined])
  }

  answer(status: number, headers: ReadonlyArray<string>, body: string | Uint8Array): void {
    super.writeHead(status, headers as Array<string>)
    this.end(body)
  }
}

/** The status of an answer, and the code of its problem. */
const problemOf = ({ code }: NodeJS.ErrnoException): readonly [number, string] => {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "RequestTimeout"]
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [413, "ContentTooLarge"]
    case "HPE_HEADER_OVERFLOW":
      return [431, "HeadersTooLarge"]
    default:
      return [400, "BadRequest"]
  }
}

/** Whether the answer to a whole request is still to come, or on its way. */
const isOwed = ({ headersSent, req, writableEnded }: SafeResponse): boolean =>
  req.complete && (writableEnded || !headersSent)

/** Connections with an error that waits for answers to what came before it. */
const failing = new WeakSet<Duplex>()

/** Answers a request that is not HTTP, as Node does, with the headers and a problem. Says nothing of the error. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  const response = SafeResponse.current.get(socket)
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  // The caller would take it for the answer to the request before: a carrier would send that webhook again.
  if (response !== undefined && isOwed(response)) {
    if (failing.has(socket)) return
    failing.add(socket)
    response.once("close", () => {
      failing.delete(socket)
      answerClientError(error, socket)
    })
    return
  }
  // What is written after the beginning of another answer would be a part of that one.
  if (response?.headersSent === true) {
    socket.destroy()
    return
  }
  const [status, code] = problemOf(error)
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: errorUrl(code), status, title })
  const headers = {
    ...safeHeaders,
    "connection": "close",
    "content-type": "application/problem+json",
    "content-length": String(body.length)
  }
  const head = [`HTTP/1.1 ${status} ${title}`, ...Object.entries(headers).map((header) => header.join(": "))]
  socket.end([...head, "", body].join("\r\n"), () => socket.destroy())
}

/** How many pieces a body may come in, and one more for each so many bytes. Callers and proxies send kilobytes at a time. */
const maxPieces = 64
const bytesOfPiece = 256

/** A body that is kept out of the stream of its request until it is complete. */
interface Held {
  readonly pieces: Array<Uint8Array>
  left: number
  readonly onComplete: (body: Uint8Array) => void
  readonly onLate: () => void
}

/**
 * Ends the connection of a body in pieces of a few bytes: each costs as much as
 * a large one, also where the body is not wanted and only drained.
 */
export class BoundedRequest extends IncomingMessage implements FrontedRequest {
  #pieces = 0
  #bytes = 0
  #isRefused = false
  #held: Held | undefined

  /** A body that comes later passes through the stream. To read that takes longer than all else that Node does for it. */
  hold(bytes: number, onComplete: (body: Uint8Array) => void, onLate: () => void): void {
    this.#held = { pieces: [], left: bytes, onComplete, onLate }
    // By then, all that was read from the connection with the headers is parsed.
    process.nextTick(() => this.#release())
  }

  #release(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    for (const piece of held.pieces) super.push(piece)
    held.onLate()
  }

  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    this.#bytes += chunk?.length ?? 0
    if (chunk === null || ++this.#pieces <= maxPieces + this.#bytes / bytesOfPiece) {
      return this.#held === undefined || chunk === null ? super.push(chunk, encoding) : this.#keep(this.#held, chunk)
    }
    if (!this.#isRefused) {
      this.#isRefused = true
      answerClientError(new Error("The body comes in too many pieces"), this.socket)
      skipBody(this.socket)
    }
    return false
  }

  #keep(held: Held, piece: Uint8Array): boolean {
    const { pieces } = held
    pieces.push(piece)
    held.left -= piece.length
    if (held.left === 0) {
      this.#held = undefined
      held.onComplete(pieces.length === 1 ? piece : Buffer.concat(pieces))
    }
    return true
  }
}

/** A server that a front can be set on. */
export class FrontedServer extends Server implements Fronted {
  front: Fronted["front"] = undefined

  afterReading(run: () => void): void {
    setImmediate(run)
  }

  serve(request: FrontedRequest, response: FrontedResponse): void {
    super.emit("request", request, response)
  }

  override emit(event: string, ...parameters: ReadonlyArray<unknown>): boolean {
    if (event === "request" && this.front?.(...parameters as [BoundedRequest, SafeResponse]) === true) return true
    return super.emit(event, ...parameters)
  }
}
