/** The server's configuration, from an environment of the test's own. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { ConfigProvider, Context, Effect, Layer } from "effect"
import { ServerConfig } from "../../src/http/index.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as keys from "../telnyx/keys.ts"
import { secrets } from "./carriers.ts"

/** Makes each carrier receive. */
export const all = {
  TWILIO_AUTH_TOKEN: secrets.twilio,
  SINCH_WEBHOOK_SECRET: secrets.sinch,
  TELNYX_PUBLIC_KEY: keys.publicKey,
  VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup
}

export const load = (env: Record<string, string>) =>
  ServerConfig.load().pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })))

/** Loads, and builds the providers. */
export const start = Effect.fnUntraced(function*(env: Record<string, string>) {
  const { providers } = yield* load(env)
  return new Map(
    yield* Effect.forEach(providers, ([name, layer]) =>
      Effect.map(
        Layer.build(Layer.provide(layer, [NodeCrypto.layer, NodeHttpClient.layerUndici])),
        (context) => [name, Context.get(context, SmsProvider)] as const
      ))
  )
})
