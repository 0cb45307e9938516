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
import { createServer } from "node:http"

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
  const node = createServer({
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersTimeout / 2))
  })
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
