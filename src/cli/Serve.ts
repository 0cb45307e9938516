/**
 * The command `effect-sms serve`: runs the server, configured by environment
 * variables. Runs a demonstration when no carrier is configured.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as DeliveryTracker from "../delivery/DeliveryTracker.ts"
import * as Demo from "../demo/Demo.ts"
import * as DocsSite from "../demo/DocsSite.ts"
import * as Forwarder from "../forward/Forwarder.ts"
import * as ConsolePhone from "../http/ConsolePhone.ts"
import * as ConsoleServer from "../http/ConsoleServer.ts"
import * as ConsoleSessions from "../http/ConsoleSessions.ts"
import * as Draining from "../http/Draining.ts"
import * as MediaConfig from "../http/MediaConfig.ts"
import * as MediaServer from "../http/MediaServer.ts"
import * as MessagesServer from "../http/MessagesServer.ts"
import * as NodeServer from "../http/NodeServer.ts"
import * as ServerConfig from "../http/ServerConfig.ts"
import * as TelemetryConfig from "../http/TelemetryConfig.ts"
import * as WebhookServer from "../http/WebhookServer.ts"
import * as MediaStore from "../media/MediaStore.ts"
import * as NodeGuardedClient from "../media/NodeGuardedClient.ts"
import * as NodeIncrementalHash from "../media/NodeIncrementalHash.ts"
import * as NodeMediaRehosting from "../media/NodeMediaRehosting.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import type { Lazy } from "../provider/Carrier.ts"
import * as Exchanges from "../provider/Exchanges.ts"
import { generateSecret } from "../provider/Secrets.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import * as MissingReports from "../rooms/MissingReports.ts"
import * as RoomKit from "../rooms/RoomKit.ts"
import * as SmsChannel from "../rooms/SmsChannel.ts"
import * as Outbox from "../sending/Outbox.ts"
import * as SmsRouter from "../sending/SmsRouter.ts"
import * as UnknownSends from "../sending/UnknownSends.ts"
import { fail } from "./Failed.ts"
import * as WorkerMetrics from "./workerMetrics.ts"
import * as Workers from "./Workers.ts"

const listenError = ({ host, port }: ServerConfig.ServerConfig, { cause }: HttpServerError.ServeError): string => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is in use: set PORT`
    case "EACCES":
      return `This user may not listen on port ${port}: set PORT`
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST must be an address of this machine, but ${host} is not`
    default:
      return `Cannot listen on ${host}, port ${port}: ${String(cause)}`
  }
}

/** Returns the warning about webhooks that are not verified, or only in part. */
const warningOf = ({ capabilities: { receive }, name }: Provider): string | undefined => {
  if (receive === undefined) return undefined
  const { covers, scheme } = receive.verification
  if (scheme === "none") return `Webhooks of ${name} are not verified: anyone who knows the URL can forge messages`
  return covers.includes("body")
    ? undefined
    : `Webhooks of ${name} are verified by a ${scheme} that does not cover their content: serve the URL over HTTPS only`
}

/** Logs what is served, and warns of what is not verified. */
const logProviders = Effect.fnUntraced(function*(config: ServerConfig.ServerConfig) {
  const { consent, emulatorUrl, media, server, storage } = config
  const { all } = yield* SmsProviders.SmsProviders
  const namesOf = (providers: ReadonlyArray<Provider>) => providers.map(({ name }) => name).join(", ")
  yield* Effect.log(`Providers: ${namesOf(all)}`)
  const sending = all.filter(({ capabilities }) => capabilities.send !== undefined)
  if (sending.length > 0) yield* Effect.log(`Sending: ${namesOf(sending)}`)
  yield* Effect.log(`Storage: ${storage.description}`)
  for (const provider of all) {
    const warning = warningOf(provider)
    if (warning !== undefined) yield* Effect.logWarning(warning)
  }
  const reporting = sending.filter(({ capabilities }) => capabilities.send?.options.includes("statusCallback") === true)
  if (reporting.length > 0 && server.publicUrl === undefined) {
    yield* Effect.logWarning(
      `PUBLIC_URL is not set: no message asks ${namesOf(reporting)} for delivery reports to this server`
    )
  }
  if (emulatorUrl !== undefined) {
    yield* Effect.logWarning(
      "EMULATOR_URL is set: the console shows the phone of an emulator, which is for development"
    )
  }
  if (!consent.isOn) yield* Effect.logWarning("CONSENT is off: messages also go to people who have opted out")
  const signing = all.filter(({ capabilities }) => capabilities.receive?.verification.covers.includes("url") === true)
  if (signing.length > 0 && server.publicUrl === undefined && server.allowedHosts === undefined) {
    yield* Effect.logWarning(
      `PUBLIC_URL is not set: the caller's Host header decides which URL ${
        namesOf(signing)
      } must have signed. Set PUBLIC_URL, or ALLOWED_HOSTS`
    )
  }
  for (const hint of media?.hints ?? []) yield* Effect.logWarning(hint)
})

/**
 * How long shutdown waits for messages whose files are being re-hosted. The
 * carrier has already received its acknowledgement and will not redeliver them.
 */
const mediaShutdownTimeout = "20 seconds"

const listenLog = { disableListenLog: !Workers.isFirst }

/** Adds the console to the routes of the API, which then accept its sessions. */
const withConsole = <A, E, R>(
  routes: Layer.Layer<A, E, R>,
  { console, emulatorUrl, media }: Pick<ServerConfig.ServerConfig, "console" | "emulatorUrl" | "media">,
  sessions: ReturnType<typeof ConsoleSessions.layer>
) => {
  const phone = emulatorUrl === undefined ? Layer.empty : ConsolePhone.layer({ url: emulatorUrl })
  return Layer.mergeAll(
    Layer.provide(routes, console ? sessions : Layer.empty),
    console
      ? Layer.provide(ConsoleServer.layer({ mediaUrls: media === undefined ? [] : [media.filesUrl] }), [
        sessions,
        NodeServices.layer,
        phone
      ])
      : Layer.empty
  )
}

/** Keeps the latest requests for those who look at them in the console. */
const layerExchanges = ({ console }: Pick<ServerConfig.ServerConfig, "console">) =>
  console ? Layer.orDie(Exchanges.layer()) : Layer.empty

/** Provides the routes, and the hook that re-hosts media if a media store is configured. */
const layerRoutes = (config: ServerConfig.ServerConfig) => {
  const { drainSeconds, media, server: options, storage } = config
  const drain = { grace: Duration.seconds(drainSeconds) }
  const shutdownTimeout = media === undefined ? "10 seconds" : mediaShutdownTimeout
  const routes = Layer.mergeAll(
    withConsole(MessagesServer.layer({ ...options, shutdownTimeout }), config, ConsoleSessions.layer(options)),
    MissingReports.layer()
  ).pipe(
    Layer.provide(UnknownSends.layer())
  )
  // With an inbox, accepted events are processed until the routes close; the rest is left to other processes.
  const processed = storage.processor === undefined
    ? routes
    : Layer.provide(routes, storage.processor({ shutdownTimeout: "5 seconds" }))
  if (media === undefined) return Draining.layer(WebhookServer.serveRoutes(processed, listenLog), drain)
  const { fetcher, isServed, store } = media
  const served = isServed
    ? Layer.provide(
      WebhookServer.serveRoutes(Layer.mergeAll(processed, MediaServer.layer), listenLog),
      MediaServer.layerUntraced
    )
    : WebhookServer.serveRoutes(processed, listenLog)
  return Draining.layer(served, drain).pipe(
    Layer.provide(NodeMediaRehosting.layer({ ...fetcher, timeout: "15 seconds" })),
    Layer.provide(store),
    Layer.provide([NodeServices.layer, NodeHttpClient.layerUndici, NodeIncrementalHash.layer])
  )
}

const layerForwarding = (forward: ServerConfig.ServerConfig["forward"]) =>
  forward === undefined ? Layer.empty : Layer.orDie(Forwarder.layer({ endpoints: forward.endpoints })).pipe(
    Layer.provide(NodeGuardedClient.layer({ allowPrivate: forward.allowPrivate }))
  )

/** The maximum duration of a shutdown, after the time for load balancers. A database that hangs must not block it. */
const endTimeout = Duration.seconds(30)

/** Built last, so that its finalizer runs first. */
const layerDeadline = ({ drainSeconds }: ServerConfig.ServerConfig) =>
  Layer.effectDiscard(
    Effect.addFinalizer(() =>
      Effect.sleep(Duration.sum(endTimeout, Duration.seconds(drainSeconds))).pipe(
        Effect.andThen(Effect.logError("Shutdown timed out; unfinished work is left to other processes")),
        Effect.andThen(Effect.sync(() => process.exit(1))),
        Effect.forkDetach
      )
    )
  )

const layerServer = (config: ServerConfig.ServerConfig) => {
  const shutdownTimeout = config.media === undefined ? "5 seconds" : mediaShutdownTimeout
  const maxConnections = Math.ceil(config.maxConnections / Workers.countOf(config.workers))
  const { consent, quietHours, sendLimits, sendWarnings } = config
  // The guards are checked last: a message may have waited for a rate limit. What one refuses is not counted.
  const providers = Array.from(
    config.providers.values(),
    (provider) =>
      config.sendPolicy(consent.enforce(quietHours.enforce(sendLimits.enforce(sendWarnings.warn(provider)))))
  )
  const log = Workers.isFirst ? logProviders(config) : Effect.void
  const served = Layer.mergeAll(layerRoutes(config), Layer.effectDiscard(log))
  return Layer.provideMerge(layerDeadline(config), served).pipe(
    Layer.provide(Workers.isWorker ? WorkerMetrics.layer : Layer.empty),
    Layer.provide(NodeServer.layer({ ...config, maxConnections })),
    Layer.provide(layerForwarding(config.forward)),
    // Answers in rooms go out through the carrier that the person wrote to.
    Layer.provide([SmsChannel.layerProviders, config.guards.rooms, sendLimits.rooms, sendLimits.layer]),
    // Built before the server listens, so that invalid keys prevent the start.
    Layer.provide([RoomKit.layer({ shutdownTimeout }), SmsRouter.layer()]),
    Layer.provide(consent.intake),
    Layer.provide(Outbox.layer()),
    Layer.provide(SmsProviders.layer(...providers)),
    Layer.provide(consent.layer),
    // One shared tracker: the router records the receipts, and the kit the delivery reports.
    Layer.provide(DeliveryTracker.layer()),
    // An unusable database prevents the start as well.
    Layer.provide(config.storage.layer({ shutdownTimeout })),
    Layer.provide(layerExchanges(config)),
    Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
  )
}

/**
 * Returns the base URL to print for the operator. It contains the address,
 * because `localhost` may resolve to another server that listens on `::1`.
 */
const localUrl = Effect.map(HttpServer.HttpServer, ({ address }) => {
  if (!("port" in address)) return HttpServer.formatAddress(address)
  const host = NetAddress.formatIp(address.address)
  const local = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host
  return `http://${local}:${address.port}`
})

/** The port of the emulator, unless another one runs there. */
const emulatorPort = 4010

/** Starts an emulator for the server at the URL. Loaded on demand: a server with carriers needs none of it. */
const startEmulator = Effect.fnUntraced(function*(appUrl: string, carriers: ReadonlyArray<Lazy>) {
  const Emulator = yield* Effect.promise(() => import("../emulator/Emulator.ts"))
  const options = { appUrl, carriers, pace: 0.1 }
  return yield* Effect.catchTag(
    Emulator.make({ ...options, port: emulatorPort }),
    "ListenError",
    () => Effect.orDie(Emulator.make(options))
  )
})

const layerDemo = (config: ServerConfig.ServerConfig, carriers: ReadonlyArray<Lazy>) =>
  Layer.unwrap(Effect.gen(function*() {
    const adminToken = config.server.adminToken ?? (yield* generateSecret)
    const base = yield* localUrl
    const emulator = yield* startEmulator(base, carriers)
    const variables = ConfigProvider.fromEnv({ env: { ...emulator.env, DATABASE_URL: "memory:" } })
    const { carriers: configured, consent, emulatorUrl, providers, storage } = yield* Effect.provideService(
      ServerConfig.load(carriers),
      ConfigProvider.ConfigProvider,
      variables
    )
    const { fetcher } = yield* Effect.provideService(
      MediaConfig.loadFetcher(configured),
      ConfigProvider.ConfigProvider,
      variables
    )
    const options = { ...config.server, publicUrl: base, adminToken }
    const sessions = ConsoleSessions.layer(options)
    const play = Effect.gen(function*() {
      const key = config.console ? yield* (yield* ConsoleSessions.ConsoleSessions).invite : undefined
      return yield* Demo.play({ base, key, emulator, adminToken })
    })
    const routes = Layer.mergeAll(
      withConsole(MessagesServer.layer(options), { ...config, emulatorUrl }, sessions),
      MediaServer.layer,
      NodeMediaRehosting.layer(fetcher),
      DocsSite.layer()
    ).pipe(
      Layer.provide(UnknownSends.layer()),
      Layer.provide([MediaServer.layerUntraced, Layer.orDie(MediaStore.layerMemory({ baseUrl: `${base}/media` }))])
    )
    return Layer.effectDiscard(play).pipe(
      Layer.provide(Draining.layer(WebhookServer.serveRoutes(routes, { disableLogger: true, disableListenLog: true }))),
      // Before the routes, which then have the same: a key is good where it was made.
      Layer.provide(sessions),
      Layer.provide([SmsChannel.layerProviders, Demo.layerAssistant]),
      Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
      Layer.provide(consent.intake),
      Layer.provide(Outbox.layer()),
      Layer.provide(SmsProviders.layer(...Array.from(providers.values(), consent.enforce))),
      Layer.provide(consent.layer),
      Layer.provide(DeliveryTracker.layer()),
      Layer.provide(storage.layer({ shutdownTimeout: "5 seconds" })),
      Layer.provide(layerExchanges(config))
    )
  })).pipe(
    Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici, NodeServices.layer, NodeServer.layer(config)])
  )

const run = Effect.fnUntraced(function*(config: ServerConfig.ServerConfig, carriers: ReadonlyArray<Lazy>) {
  if (config.providers.size === 0) return yield* Layer.launch(layerDemo(config, carriers))
  return yield* Layer.launch(layerServer(config))
})

const start = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>) {
  if (!Workers.isWorker) {
    // First, because one of them may be why the start fails.
    for (const warning of yield* ServerConfig.warnings(carriers)) yield* Effect.logWarning(warning)
  }
  const config = yield* ServerConfig.load(carriers)
  const workers = Workers.countOf(config.workers)
  if (workers > 1 && !Workers.isWorker) return yield* Effect.scoped(Workers.run(workers))
  return yield* Effect.catchTag(run(config, carriers), "ServeError", (error) => fail(listenError(config, error)))
})

/** Runs the server until the process is signalled to stop. */
export const serve = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>) {
  const flag = Option.flatten(yield* Effect.serviceOption(GlobalFlag.LogLevel))
  const { collector, logs } = yield* TelemetryConfig.load(process.stdout.isTTY, Option.getOrUndefined(flag))
  // The loggers of the collector are added to those of the process.
  const telemetry = Layer.provideMerge(Layer.provide(collector, NodeHttpClient.layerUndici), logs)
  return yield* Effect.provide(start(carriers), telemetry)
}, Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)))
