/**
 * Node's HTTP server, with limits on connections and on slow callers.
 *
 * A caller that sends its headers slowly is not seen by routes, so its limit
 * belongs to the server. Node's own are a minute for the headers and five for a
 * request, and any number of connections. `WebhookServer.Options` has the limits
 * of a request that the routes see.
 *
 * **Example** (A server with limits)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { WebhookServer } from "effect-sms"
 * import * as NodeServer from "effect-sms/http/NodeServer"
 *
 * export const Server = WebhookServer.serve({ publicUrl: "https://sms.example.com" }).pipe(
 *   Layer.provide(NodeServer.layer({ port: 3000, headersTimeout: "5 seconds", maxConnections: 1000 }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ServerResponse } from "node:http"
import { NodeFronted } from "./internal/nodeFronted.ts"
import { answerClientError, BoundedRequest, FrontedServer, SafeResponse } from "./internal/nodeMessages.ts"

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
  const node = new FrontedServer({
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersTimeout / 2)),
    IncomingMessage: BoundedRequest,
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
    Layer.merge(
      NodeHttpServer.layer(() => node, { port, gracefulShutdownTimeout, ...(host !== undefined && { host }) }),
      Layer.succeed(NodeFronted, node)
    )
  )
}
