/**
 * The webhook server, configured by the environment. With no carrier
 * configured it demonstrates itself.
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import { createServer } from "node:http"
import * as Credentials from "./demo/Credentials.ts"
import * as Demo from "./demo/Demo.ts"
import * as ServerConfig from "./http/ServerConfig.ts"
import * as WebhookServer from "./http/WebhookServer.ts"
import * as RoomKit from "./rooms/RoomKit.ts"
import * as SmsProviders from "./SmsProviders.ts"

const layerServer = ({ host, port, providers, server }: ServerConfig.ServerConfig) =>
  HttpRouter.serve(WebhookServer.layer(server)).pipe(
    Layer.provide([RoomKit.layer(), SmsProviders.layer(...providers.values())]),
    Layer.provide([NodeCrypto.layer, NodeHttpServer.layer(createServer, { host, port })])
  )

/** The base URL of a server on this machine, for the one who started it. */
const localUrl = Effect.map(HttpServer.HttpServer, ({ address }) =>
  "port" in address ? `http://localhost:${address.port}` : HttpServer.formatAddress(address))

const layerDemo = ({ host, port, server }: ServerConfig.ServerConfig) =>
  Layer.unwrap(Effect.gen(function*() {
    const generated = yield* Credentials.generate
    const credentials = { ...generated, adminToken: server.adminToken ?? generated.adminToken }
    const base = yield* localUrl
    const options = { ...server, publicUrl: base, adminToken: credentials.adminToken }
    const layerServing = HttpRouter.serve(WebhookServer.layer(options), { disableLogger: true, disableListenLog: true })
    return Layer.effectDiscard(Demo.play(credentials, base)).pipe(
      Layer.provide(layerServing),
      Layer.provide([RoomKit.layer(), Credentials.layerProviders(credentials)])
    )
  })).pipe(
    Layer.provide([NodeCrypto.layer, FetchHttpClient.layer, NodeHttpServer.layer(createServer, { host, port })])
  )

const program = Effect.gen(function*() {
  const config = yield* ServerConfig.load
  yield* Layer.launch(config.providers.size === 0 ? layerDemo(config) : layerServer(config))
})

NodeRuntime.runMain(program)
