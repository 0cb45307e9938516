/**
 * Node's HTTP server, with limits on connections and on slow callers.
 *
 * A caller that sends its headers slowly is not seen by routes, so its limit
 * belongs to the server. Node's own are a minute for the headers and five for a
 * request, and any number of connections. `WebhookServer.Options` has the limits
 * of a request that the routes see.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer, IncomingMessage, ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { safeHeaders } from "./internal/safeHeaders.ts"
import { skipBody } from "./internal/skipBody.ts"

/**
 * Options of the server.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  readonly port: number
  /** The interface to listen on. All by default. */
  readonly host?: string | undefined
  /** How long a caller may take to send its headers. 10 seconds by default; carriers send them at once. */
  readonly headersTimeout?: Duration.Input | undefined
  /** How long a caller may take to send a request with its body. 30 seconds by default. */
  readonly requestTimeout?: Duration.Input | undefined
  /** How long a caller may take to read a part of an answer. 15 seconds by default. */
  readonly writeTimeout?: Duration.Input | undefined
  /** How many connections are open at a time. One more is closed at once. 1000 by default. */
  readonly maxConnections?: number | undefined
  /** How long shutdown waits for open requests. Their connections are then closed. 5 seconds by default. */
  readonly gracefulShutdownTimeout?: Duration.Input | undefined
}

const millis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

/** Has `nosniff` also where Node itself answers, such as a request without a host or with an unknown expectation. */
class SafeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** The response that is being written to a connection. */
  static readonly current = new WeakMap<Duplex, SafeResponse>()

  constructor(...parameters: ConstructorParameters<typeof ServerResponse<Request>>) {
    super(...parameters)
    this.setHeader("x-content-type-options", safeHeaders["x-content-type-options"])
  }

  override assignSocket(socket: Socket): void {
    super.assignSocket(socket)
    SafeResponse.current.set(socket, this)
  }

  override detachSocket(socket: Socket): void {
    super.detachSocket(socket)
    SafeResponse.current.delete(socket)
  }
}

const statusOf = ({ code }: NodeJS.ErrnoException): number => {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 408
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413
    case "HPE_HEADER_OVERFLOW":
      return 431
    default:
      return 400
  }
}

/** Answers a request that is not HTTP, as Node does, with the headers and a problem. Says nothing of the error. */
const answerClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  // What is written after the beginning of another answer would be a part of that one.
  const isAnswering = SafeResponse.current.get(socket)?.headersSent === true
  if (!socket.writable || error.code === "ECONNRESET" || isAnswering) {
    socket.destroy()
    return
  }
  const status = statusOf(error)
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: "about:blank", status, title })
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

/**
 * Ends the connection of a body in pieces of a few bytes: each costs as much as
 * a large one, also where the body is not wanted and only drained.
 */
class PiecedRequest extends IncomingMessage {
  #pieces = 0
  #bytes = 0
  #isRefused = false

  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    this.#bytes += chunk?.length ?? 0
    if (chunk === null || ++this.#pieces <= maxPieces + this.#bytes / bytesOfPiece) return super.push(chunk, encoding)
    if (!this.#isRefused) {
      this.#isRefused = true
      answerClientError(new Error("The body comes in too many pieces"), this.socket)
      skipBody(this.socket)
    }
    return false
  }
}

/**
 * Provides Node's `HttpServer`, in the place of `NodeHttpServer.layer` and
 * `createServer`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options) => {
  const { gracefulShutdownTimeout = "5 seconds", host, maxConnections = 1000, port } = options
  const requestTimeout = millis(options.requestTimeout ?? "30 seconds")
  // Node refuses more than the whole request may take.
  const headersTimeout = Math.min(millis(options.headersTimeout ?? "10 seconds"), requestTimeout)
  const node = createServer({
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersTimeout / 2)),
    IncomingMessage: PiecedRequest,
    ServerResponse: SafeResponse
  })
  // Nothing was read or written for so long. What waits for a store or a carrier goes on.
  node.setTimeout(millis(options.writeTimeout ?? "15 seconds"), (socket) => {
    if (socket.writableLength > 0) socket.destroy()
  })
  // Shutdown would wait for a connection that stays open for another request.
  node.on("request", (_, response: ServerResponse) => {
    response.once("close", () => {
      if (!node.listening) node.closeIdleConnections()
    })
  })
  node.on("clientError", answerClientError)
  node.maxConnections = maxConnections
  // A connection that is still open would keep the process alive.
  const layerCloseConnections = Layer.effectDiscard(
    Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
  )
  return Layer.provideMerge(
    layerCloseConnections,
    NodeHttpServer.layer(() => node, { port, gracefulShutdownTimeout, ...(host !== undefined && { host }) })
  )
}
