/**
 * Runs the application. The variables of a carrier, in `.env`, turn it on.
 * Without any, the emulator plays the carriers, and no message leaves this machine.
 */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, ConfigProvider, Console, Effect, Layer, Runtime } from "effect"
import { DeliveryTracker, RoomKit, ServerConfig, SmsChannel, SmsProviders, WebhookServer } from "effect-sms"
import { Emulator } from "effect-sms/emulator"
import * as NodeServer from "effect-sms/http/NodeServer"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { Application } from "./Application.ts"

const shutdownTimeout = "5 seconds"

/** The server: webhooks come in, the application answers through the carrier that the person wrote to. */
const layerServer = ({ consent, providers, storage, ...config }: ServerConfig.ServerConfig) =>
  WebhookServer.serve(config.server).pipe(
    // In a database, a webhook is acknowledged when it is stored, and processed from there.
    Layer.provide(storage.processor?.({ shutdownTimeout }) ?? Layer.empty),
    Layer.provide([Application, SmsChannel.layerProviders]),
    Layer.provide(RoomKit.layer()),
    // STOP and START are recorded, and nothing is sent to a person who has opted out.
    Layer.provide(consent.intake),
    Layer.provide(SmsProviders.layer(...Array.from(providers.values(), consent.enforce))),
    Layer.provide(consent.layer),
    Layer.provide(DeliveryTracker.layer()),
    Layer.provide(storage.layer({ shutdownTimeout })),
    Layer.provide(NodeServer.layer(config)),
    Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
  )

/** Starts the emulator, and returns the configuration of a server that uses it. */
const emulated = Effect.gen(function*() {
  const port = yield* Config.withDefault(Config.Port("PORT"), 3000)
  const emulatorPort = yield* Config.withDefault(Config.Port("EMULATOR_PORT"), 4010)
  const { env, url } = yield* Emulator.make({ appUrl: `http://127.0.0.1:${port}`, port: emulatorPort, pace: 0.1 })
  const person = `${url}/_emulator/people/+15145550142/messages`
  yield* Console.log(`No carrier is configured: an emulator plays them, and no message leaves this machine.

Write to the application as a person, and read the answer:

  curl -H 'content-type: application/json' -d '{"text":"When are you open?"}' ${person}
  curl ${person}
`)
  const variables = ConfigProvider.fromEnv({ env: { ...env, HOST: "127.0.0.1", DATABASE_URL: "memory:" } })
  return yield* Effect.provideService(ServerConfig.load(), ConfigProvider.ConfigProvider, variables)
})

const Main = Layer.unwrap(Effect.gen(function*() {
  const config = yield* ServerConfig.load()
  return layerServer(config.providers.size > 0 ? config : yield* emulated)
}))

NodeRuntime.runMain(Layer.launch(Main), {
  // A server ends by a signal, which is no failure.
  teardown: (exit, onExit) => Runtime.defaultTeardown(exit, (code) => onExit(code === 130 ? 0 : code))
})
