/**
 * The guarded client for Node, built on undici. Requires
 * `@effect/platform-node`.
 *
 * Each connection resolves the name once. All addresses must be public, and the
 * socket connects to one of them, so DNS rebinding has no effect. Proxy
 * environment variables are ignored, because a proxy would resolve the name
 * again.
 *
 * **Example** (The client of the fetcher)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { MediaFetcher } from "effect-sms"
 * import * as NodeGuardedClient from "effect-sms/media/NodeGuardedClient"
 *
 * export const Fetcher = Layer.provide(MediaFetcher.layer({ hosts: ["media.example.com"] }), NodeGuardedClient.layer())
 * ```
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeStream from "@effect/platform-node/NodeStream"
import Undici from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Dns from "node:dns/promises"
import { GuardedClient, type GuardedRequest, type GuardedResponse } from "./GuardedClient.ts"
import * as Connector from "./internal/NodeConnector.ts"
import { ConnectionFailed, InvalidBody, PrivateAddress } from "./MediaError.ts"

/**
 * Options of the client.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * Test hosts as `host:port`, whose addresses are not checked: for tests, and
   * for a carrier on this machine.
   */
  readonly testHosts?: ReadonlyArray<string> | undefined
  /** Whether every address is allowed, those of this machine and of its network too. */
  readonly allowPrivate?: boolean | undefined
  /** Resolves a name to all its addresses, as text. Uses the operating system's resolver by default. */
  readonly resolve?: Connector.Resolve | undefined
}

const systemResolve: Connector.Resolve = (hostname) =>
  Effect.map(
    Effect.tryPromise(() => Dns.lookup(hostname, { all: true })),
    (found) => found.map(({ address }) => address)
  )

const isCode = (cause: unknown, ...codes: ReadonlyArray<string>) =>
  Predicate.hasProperty(cause, "code") && codes.some((code) => code === cause.code)

/** Whether the response is not valid HTTP, or its length contradicts the headers. */
const isMalformed = (cause: unknown) =>
  (Predicate.hasProperty(cause, "name") && cause.name === "HTTPParserError") ||
  isCode(cause, "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "UND_ERR_HEADERS_OVERFLOW")

const requestError = (host: string) => (cause: unknown) => {
  if (cause instanceof Connector.NotPublic) return new PrivateAddress({ host })
  return isMalformed(cause)
    ? new InvalidBody({ expected: "a valid HTTP response" })
    : new ConnectionFailed({ host })
}

const streamError = (host: string) => (cause: unknown) =>
  // `UND_ERR_SOCKET` means that the peer closed the connection, not that it broke.
  isMalformed(cause) || isCode(cause, "UND_ERR_SOCKET")
    ? new InvalidBody({ expected: "a body of the declared length" })
    : new ConnectionFailed({ host })

/** Aborts the request, in any phase, when the scope closes. */
const scopedSignal = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (controller) => Effect.sync(() => controller.abort())
  ),
  ({ signal }) => signal
)

const values = (header: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  typeof header === "string" ? [header] : header ?? []

/**
 * Builds the client. Closing the scope closes its connections.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<GuardedClient["Service"], never, Scope.Scope> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const dispatcher = yield* NodeHttpClient.makeDispatcherOptions({
    allowH2: false,
    connect: Connector.make({
      build: Undici.buildConnector,
      lookup: (isAllowed) =>
        Connector.lookup(
          options.resolve ?? systemResolve,
          isAllowed,
          (effect, onExit) => void run(effect).addObserver(onExit)
        ),
      allowPrivate: options.allowPrivate ?? false,
      testHosts: options.testHosts ?? []
    })
  })

  const send = Effect.fnUntraced(function*(
    { body, headers, url }: GuardedRequest
  ): Effect.fn.Return<GuardedResponse, PrivateAddress | ConnectionFailed | InvalidBody, Scope.Scope> {
    const signal = yield* scopedSignal
    const response = yield* Effect.tryPromise({
      try: () =>
        dispatcher.request({
          method: body === undefined ? "GET" : "POST",
          origin: url.origin,
          path: url.pathname + url.search,
          headers,
          ...(body !== undefined && { body }),
          signal,
          // The caller enforces timeouts, on the clock of the runtime.
          headersTimeout: 0,
          bodyTimeout: 0
        }).then((response) => {
          // An abandoned body can still fail, and an unhandled `error` event would crash the process.
          response.body.on("error", () => {})
          return response
        }),
      catch: requestError(url.hostname)
    })
    return {
      status: response.statusCode,
      header: (name) => values(response.headers[name]),
      stream: NodeStream.fromReadable({ evaluate: () => response.body, onError: streamError(url.hostname) })
    }
  })

  return GuardedClient.of({ send })
})

/**
 * Provides the guarded client.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<GuardedClient> => Layer.effect(GuardedClient, make(options))
