/**
 * Reads the server's configuration from environment variables.
 *
 * A provider is enabled when its carrier's variables for receiving are set, and
 * it sends when those for sending are set. Incomplete variables prevent the
 * start: a server that silently omits a carrier would lose messages.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as IpNetwork from "effect/net/IpNetwork"
import * as Result from "effect/Result"
import * as Carriers from "../Carriers.ts"
import type * as Carrier from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { invalid, type InvalidVariable } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import * as MediaConfig from "./MediaConfig.ts"
import * as StorageConfig from "./StorageConfig.ts"
import type { Options } from "./WebhookServer.ts"

/**
 * A layer of one carrier's provider. Its error names the invalid variable.
 *
 * @category models
 * @since 0.1.0
 */
export type ProviderLayer = Layer.Layer<SmsProvider, InvalidVariable, Carrier.Services | HttpClient.HttpClient>

/**
 * The server's configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerConfig {
  /**
   * The address to listen on. All interfaces by default, or only the loopback
   * interface when no provider is configured.
   */
  readonly host: string
  readonly port: number
  readonly server: Options
  /** The configured providers, by name. */
  readonly providers: ReadonlyMap<string, ProviderLayer>
  /** Absent when no media store is configured. */
  readonly media: MediaConfig.MediaConfig | undefined
  /** The storage of the server. */
  readonly storage: StorageConfig.StorageConfig
}

/**
 * Returns the prefix of a carrier's variables: `TWILIO_` for `twilio`.
 *
 * @category getters
 * @since 0.1.0
 */
export const prefixOf = ({ name }: Pick<Carrier.Lazy, "name">): string => `${name.toUpperCase()}_`

/** Finds the carriers with at least one variable in the environment. The others are not loaded. */
const mentioned = Effect.fnUntraced(function*(carriers: ReadonlyArray<Carrier.Lazy>) {
  const provider = yield* ConfigProvider.ConfigProvider
  const isMentioned = Effect.fnUntraced(function*(carrier: Carrier.Lazy) {
    const prefix = prefixOf(carrier)
    // The environment source splits names at `_`; other sources do not.
    if ((yield* provider.load([prefix.slice(0, -1)])) !== undefined) return true
    const root = yield* provider.load([])
    return root?._tag === "Record" && [...root.keys].some((key) => key.startsWith(prefix))
  })
  return yield* Effect.flatMap(
    Effect.filter(carriers, isMentioned),
    Effect.forEach(({ load }) => load)
  ).pipe(Effect.mapError((cause) => new Config.ConfigError(cause)))
})

/** Parses a network. A single address counts as a network. */
const network = (text: string) =>
  IpNetwork.fromString(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)

const trustedProxies = Effect.gen(function*() {
  const networks = Environment.list((yield* Environment.text("TRUSTED_PROXIES")) ?? "").map(network)
  return yield* Result.all(networks).pipe(
    Effect.fromResult,
    Effect.mapError(() => invalid("TRUSTED_PROXIES", "must be a comma-separated list of networks, as in 10.0.0.0/8"))
  )
})

const port = Effect.gen(function*() {
  const value = (yield* Environment.text("PORT")) ?? "3000"
  return /^\d{1,5}$/.test(value) && Number(value) <= 65535
    ? Number(value)
    : yield* invalid("PORT", "must be a port number, 0 to 65535")
})

/**
 * Reads the configuration. `carriers` are the carriers that variables may
 * enable: those of this package by default.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(
  carriers: ReadonlyArray<Carrier.Lazy> = Carriers.all
): Effect.fn.Return<ServerConfig, InvalidVariable | Config.ConfigError> {
  const providers = new Map<string, ProviderLayer>()
  const configured: Array<Carrier.Any> = []
  for (const carrier of yield* mentioned(carriers)) {
    const { provider } = yield* carrier.environment
    const layer = yield* provider
    if (layer === undefined) continue
    providers.set(carrier.name, layer)
    configured.push(carrier)
  }
  return {
    host: (yield* Environment.text("HOST")) ?? (providers.size === 0 ? "127.0.0.1" : "0.0.0.0"),
    port: yield* port,
    server: {
      publicUrl: yield* Environment.publicUrl,
      trustedProxies: yield* trustedProxies,
      adminToken: yield* Environment.secret("ADMIN_TOKEN")
    },
    providers,
    media: yield* MediaConfig.load(configured),
    storage: yield* StorageConfig.load(providers.size > 0)
  }
})
