/**
 * `effect-sms serve`: the server, configured by the environment. With no
 * carrier configured it demonstrates itself.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import { createServer } from "node:http"
import * as DeliveryStore from "../delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../delivery/DeliveryTracker.ts"
import * as Credentials from "../demo/Credentials.ts"
import * as Demo from "../demo/Demo.ts"
import * as MediaServer from "../http/MediaServer.ts"
import * as MessagesServer from "../http/MessagesServer.ts"
import * as ServerConfig from "../http/ServerConfig.ts"
import * as WebhookServer from "../http/WebhookServer.ts"
import * as NodeIncrementalHash from "../media/NodeIncrementalHash.ts"
import * as NodeMediaRehosting from "../media/NodeMediaRehosting.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import * as RoomKit from "../rooms/RoomKit.ts"
import * as SmsRouter from "../sending/SmsRouter.ts"
import { fail } from "./Failed.ts"

const listenError = ({ host, port }: ServerConfig.ServerConfig, { cause }: HttpServerError.ServeError): string => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is in use: set PORT`
    case "EACCES":
      return `Port ${port} is not allowed to this user: set PORT`
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST must be an address of this machine, and ${host} is not`
    default:
      return `Cannot listen on ${host}, port ${port}: ${String(cause)}`
  }
}

/**
 * Node's server. A caller that sends its request slowly holds a connection, so
 * there is a limit to how slowly; a carrier sends all at once. And a connection
 * that is still open when the time for open requests is over is closed, or it
 * would keep the process from ending.
 */
const layerNode = ({ host, port }: ServerConfig.ServerConfig) => {
  const node = createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000
  })
  const layerCloseConnections = Layer.effectDiscard(
    Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
  )
  return Layer.provideMerge(
    layerCloseConnections,
    NodeHttpServer.layer(() => node, { host, port, gracefulShutdownTimeout: "5 seconds" })
  )
}

/** Tells the operator what is served, and warns of what is not verified. */
const logProviders = Effect.fnUntraced(function*({ media }: ServerConfig.ServerConfig) {
  const { get, names } = yield* SmsProviders.SmsProviders
  const providers = yield* Effect.orDie(Effect.forEach(names, get))
  yield* Effect.log(`Providers: ${names.join(", ")}`)
  const sending = providers.filter(({ capabilities }) => capabilities.send !== undefined)
  if (sending.length > 0) yield* Effect.log(`Sending: ${sending.map(({ name }) => name).join(", ")}`)
  for (const { capabilities, name } of providers) {
    if (capabilities.verification === "none") {
      yield* Effect.logWarning(`Webhooks of ${name} are not verified: whoever knows the URL can send messages`)
    }
  }
  if (
    names.includes("twilio") && media !== undefined && !Object.hasOwn(media.fetcher.credentials ?? {}, "api.twilio.com")
  ) {
    yield* Effect.logWarning(
      "Twilio's files can be fetched with TWILIO_ACCOUNT_SID, or TWILIO_API_KEY and TWILIO_API_SECRET"
    )
  }
})

/**
 * How long the end of the server waits for messages whose files are being
 * re-hosted: the carrier got its answer and will not repeat them.
 */
const mediaShutdownTimeout = "20 seconds"

/** The routes, with the hook that re-hosts media below them where there is a store for them. */
const layerRoutes = ({ media, server: options }: ServerConfig.ServerConfig) => {
  if (media === undefined) return MessagesServer.serve(options)
  const routes = MessagesServer.layer({ ...options, shutdownTimeout: mediaShutdownTimeout })
  const { fetcher, isServed, store } = media
  const served = isServed
    ? Layer.provide(WebhookServer.serveRoutes(Layer.mergeAll(routes, MediaServer.layer)), MediaServer.layerUntraced)
    : WebhookServer.serveRoutes(routes)
  return Layer.provide(served, NodeMediaRehosting.layer({ ...fetcher, timeout: "15 seconds" })).pipe(
    Layer.provide(store),
    Layer.provide([NodeServices.layer, NodeHttpClient.layerUndici, NodeIncrementalHash.layer])
  )
}

const layerServer = (config: ServerConfig.ServerConfig) => {
  const shutdownTimeout = config.media === undefined ? "5 seconds" : mediaShutdownTimeout
  return Layer.mergeAll(layerRoutes(config), Layer.effectDiscard(logProviders(config))).pipe(
    Layer.provide(layerNode(config)),
    // Before the server listens: keys that cannot be used stop the start.
    Layer.provide([RoomKit.layer({ shutdownTimeout }), SmsRouter.layer()]),
    // And so does a database that cannot be used.
    Layer.provide(config.mms.aggregator({ shutdownTimeout })),
    Layer.provide(SmsProviders.layer(...config.providers.values())),
    // One tracker: the router says what was sent, and the kit what the carriers report of it.
    Layer.provide(Layer.provide(DeliveryTracker.layer(), DeliveryStore.layerStoreMemory())),
    Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
  )
}

/**
 * The base URL for the one who started the server. By address, because
 * `localhost` may lead to another server that listens on `::1`.
 */
const localUrl = Effect.map(HttpServer.HttpServer, ({ address }) => {
  if (!("port" in address)) return HttpServer.formatAddress(address)
  const host = NetAddress.formatIp(address.address)
  const local = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host
  return `http://${local}:${address.port}`
})

const layerDemo = (config: ServerConfig.ServerConfig) =>
  Layer.unwrap(Effect.gen(function*() {
    const generated = yield* Credentials.generate
    const credentials = { ...generated, adminToken: config.server.adminToken ?? generated.adminToken }
    const base = yield* localUrl
    const options = { ...config.server, publicUrl: base, adminToken: credentials.adminToken }
    return Layer.effectDiscard(Demo.play(credentials, base)).pipe(
      Layer.provide(WebhookServer.serve(options, { disableLogger: true, disableListenLog: true })),
      Layer.provide([RoomKit.layer(), Credentials.layerProviders(credentials)])
    )
  })).pipe(Layer.provide([NodeCrypto.layer, FetchHttpClient.layer, layerNode(config)]))

const run = Effect.fnUntraced(function*(config: ServerConfig.ServerConfig) {
  if (config.providers.size === 0) return yield* Layer.launch(layerDemo(config))
  return yield* Layer.launch(layerServer(config))
})

/** Serves until it is told to end. */
export const serve = Effect.gen(function*() {
  const config = yield* ServerConfig.load
  return yield* Effect.catchTag(run(config), "ServeError", (error) => fail(listenError(config, error)))
}).pipe(
  Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message))
)
