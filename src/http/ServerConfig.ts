/**
 * Reads the server's configuration from environment variables.
 *
 * A provider is enabled when its carrier's variables for receiving are set, and
 * it sends when those for sending are set. Incomplete variables prevent the
 * start: a server that silently omits a carrier would lose messages.
 *
 * **Example** (Reading the configuration of the server)
 *
 * ```ts run
 * import { ConfigProvider, Effect } from "effect"
 * import { ServerConfig } from "effect-sms"
 *
 * const env = { TWILIO_AUTH_TOKEN: "0123456789abcdef0123456789abcdef", DATABASE_URL: "memory:", PORT: "8080" }
 * const loaded = ServerConfig.load().pipe(
 *   Effect.map(({ port, providers }) => [port, [...providers.keys()]]),
 *   Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
 * )
 *
 * await Effect.runPromise(loaded) // => [8080, ["twilio"]]
 * ```
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
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
import * as ConsentConfig from "./ConsentConfig.ts"
import * as ForwardConfig from "./ForwardConfig.ts"
import * as GuardsConfig from "./GuardsConfig.ts"
import * as privateHosts from "./internal/privateHosts.ts"
import * as SetVariables from "./internal/setVariables.ts"
import * as variableNames from "./internal/variableNames.ts"
import * as MediaConfig from "./MediaConfig.ts"
import { isHost } from "./PublicUrl.ts"
import * as QuietHoursConfig from "./QuietHoursConfig.ts"
import * as SendLimitsConfig from "./SendLimitsConfig.ts"
import * as SendPolicyConfig from "./SendPolicyConfig.ts"
import * as SendWarningsConfig from "./SendWarningsConfig.ts"
import * as StorageConfig from "./StorageConfig.ts"
import * as TelemetryConfig from "./TelemetryConfig.ts"
import * as TokensConfig from "./TokensConfig.ts"
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
  /** How many connections are open at a time. One more is closed at once. */
  readonly maxConnections: number
  /** How many processes serve the port; `auto` is one for each core. */
  readonly workers: number | "auto"
  /** How many seconds the server is not ready before it closes the port. */
  readonly drainSeconds: number
  readonly server: Options
  /** The configured providers, by name. */
  readonly providers: ReadonlyMap<string, ProviderLayer>
  /** The configured carriers. */
  readonly carriers: ReadonlyArray<Carrier.Any>
  /** Whether the server has the console, under `/console`. */
  readonly console: boolean
  /** The URL of the emulator whose phone the console shows. */
  readonly emulatorUrl: string | undefined
  /** Applies rate limits and circuit breakers to the providers. */
  readonly sendPolicy: SendPolicyConfig.SendPolicyConfig
  /** Enforces the consent of people. */
  readonly consent: ConsentConfig.ConsentConfig
  readonly guards: GuardsConfig.GuardsConfig
  readonly quietHours: QuietHoursConfig.QuietHoursConfig
  /** Limits how often people are texted, and what messages cost. */
  readonly sendLimits: SendLimitsConfig.SendLimitsConfig
  /** Warns of messages that cost too much or that carriers may refuse. */
  readonly sendWarnings: SendWarningsConfig.SendWarningsConfig
  /** Absent when no media store is configured. */
  readonly media: MediaConfig.MediaConfig | undefined
  /** Absent when nothing is forwarded. */
  readonly forward: ForwardConfig.ForwardConfig | undefined
  /** The storage of the server. */
  readonly storage: StorageConfig.StorageConfig
}

/**
 * Returns the prefix of a carrier's variables: `TWILIO_` for `twilio`.
 *
 * @category getters
 * @since 0.1.0
 */
export const prefixOf = SetVariables.prefixOf

/**
 * The variables of the server. Those of the carriers are with each carrier, in
 * `Carrier.environment`.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = [
  "PORT",
  "HOST",
  "PUBLIC_URL",
  "TRUSTED_PROXIES",
  "ALLOWED_HOSTS",
  "MAX_CONNECTIONS",
  "WORKERS",
  "DRAIN_SECONDS",
  "ADMIN_TOKEN",
  "CONSOLE",
  "EMULATOR_URL",
  "SEND_LONG_TEXT",
  "SEND_SEVERAL_MEDIA",
  "SEND_RATE_LIMIT",
  "SEND_CIRCUIT_FAILURES",
  ...ConsentConfig.variables,
  ...GuardsConfig.variables,
  ...QuietHoursConfig.variables,
  ...SendLimitsConfig.variables,
  ...SendWarningsConfig.variables,
  "MEDIA_DIR",
  "MEDIA_S3_BUCKET",
  "MEDIA_S3_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "MEDIA_SECRET",
  "MEDIA_S3_ENDPOINT",
  "MEDIA_URL",
  "MEDIA_HOSTS",
  "MEDIA_TEST_HOSTS",
  "MEDIA_MAX_AGE_DAYS",
  "DATABASE_URL",
  "MMS_TIMEOUT_SECONDS",
  ...ForwardConfig.variables,
  ...TokensConfig.variables,
  ...TelemetryConfig.variables
]

/** Describes the URLs that carriers, or the recipients of files, call and cannot reach. */
const unreachable = Effect.gen(function*() {
  const urls = { PUBLIC_URL: yield* Environment.text("PUBLIC_URL"), MEDIA_URL: yield* Environment.text("MEDIA_URL") }
  return Object.entries(urls)
    .filter(([, value]) => Environment.list(value ?? "").some(privateHosts.isPrivate))
    .map(([name]) => `${name} names a host that carriers cannot reach: it is not on the public internet`)
}).pipe(
  // Invalid values stop the start later.
  Effect.catchTag("InvalidVariable", () => Effect.succeed([]))
)

/**
 * Describes the variables that are set and have no effect: those with a name
 * that looks like one of ours and is none, with the one that was probably
 * meant, ours that are empty, and URLs that carriers cannot reach. No
 * description has a value.
 *
 * **Example** (A variable with a wrong name)
 *
 * ```ts run
 * import { ConfigProvider, Effect } from "effect"
 * import { ServerConfig } from "effect-sms"
 *
 * const env = { TWILIO_AUTH_TOKN: "0123456789abcdef0123456789abcdef" }
 * const warnings = Effect.provideService(
 *   ServerConfig.warnings(),
 *   ConfigProvider.ConfigProvider,
 *   ConfigProvider.fromEnv({ env })
 * )
 *
 * await Effect.runPromise(warnings) // => ["TWILIO_AUTH_TOKN is not read: did you mean TWILIO_AUTH_TOKEN?"]
 * ServerConfig.prefixOf({ name: "twilio" }) // => "TWILIO_"
 * ServerConfig.variables.includes("PORT") // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const warnings = Effect.fnUntraced(function*(
  carriers: ReadonlyArray<Carrier.Lazy> = Carriers.all
): Effect.fn.Return<ReadonlyArray<string>, Config.ConfigError> {
  const names = yield* SetVariables.readNames
  const known = [...variables]
  const carriersOf: Array<readonly [prefix: string, title: string]> = []
  for (const carrier of yield* SetVariables.loadCarriers(carriers, names, variableNames.hasPrefix)) {
    carriersOf.push([prefixOf(carrier), carrier.title])
    for (const { name } of (yield* carrier.environment).variables) known.push(name)
  }
  const found: Array<string> = []
  for (const [name, hasValue] of names) {
    if (known.includes(name)) {
      // Those of AWS are there for other programs too.
      if (!hasValue && !name.startsWith("AWS_")) found.push(`${name} is set, but empty: it counts as not set`)
      continue
    }
    const meant = variableNames.likeliest(name, known)
    const [, title] = carriersOf.find(([prefix]) => variableNames.hasPrefix(name, prefix)) ?? []
    // Where the other one has a value, this one is some other program's.
    if (meant !== undefined && (title !== undefined || names.get(meant) !== true)) {
      found.push(`${name} is not read: did you mean ${meant}?`)
    } else if (title !== undefined) found.push(`${name} is not read: ${title} has no variable of this name`)
  }
  return [...found, ...yield* unreachable].toSorted()
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

/** The hosts that a request may name, each with its port unless that is the default. */
const allowedHosts = Effect.gen(function*() {
  const hosts = Environment.list((yield* Environment.text("ALLOWED_HOSTS")) ?? "")
  return hosts.every(isHost)
    ? hosts.length === 0 ? undefined : hosts
    : yield* invalid(
      "ALLOWED_HOSTS",
      "must be a comma-separated list of hosts, as in sms.example.com, without https://"
    )
})

/** An address or a name. A name that is none of this machine is found out when the server listens. */
const host = Environment.checked("HOST", (value) => {
  if (/^[a-z]+:\/\//i.test(value)) return "must be an address of this machine: what carriers call is PUBLIC_URL"
  return /^[\w.-]+$/.test(value) || (/^[\da-f:.]+(?:%\w+)?$/i.test(value) && /:.*:/.test(value))
    ? undefined
    : "must be an address of this machine, as in 0.0.0.0 or ::, without brackets: the port is PORT"
})

const port = Effect.gen(function*() {
  const value = (yield* Environment.text("PORT")) ?? "3000"
  return /^\d{1,5}$/.test(value) && Number(value) <= 65535
    ? Number(value)
    : yield* invalid("PORT", "must be a port number, 0 to 65535")
})

/** Carriers keep a few dozen open, and each may hold the largest body of a webhook in memory. */
const maxConnections = Effect.gen(function*() {
  const value = (yield* Environment.text("MAX_CONNECTIONS")) ?? "1000"
  return /^[1-9]\d{0,5}$/.test(value)
    ? Number(value)
    : yield* invalid("MAX_CONNECTIONS", "must be a whole number from 1 to 999999")
})

/** A load balancer has to see that the server is not ready while it is still served. */
const drainSeconds = Effect.gen(function*() {
  const value = (yield* Environment.text("DRAIN_SECONDS")) ?? "0"
  return /^\d{1,3}$/.test(value) && Number(value) <= 300
    ? Number(value)
    : yield* invalid("DRAIN_SECONDS", "must be a whole number of seconds from 0 to 300")
})

const hasConsole = Effect.gen(function*() {
  const value = (yield* Environment.text("CONSOLE")) ?? "on"
  return value === "on" || value === "off" ? value === "on" : yield* invalid("CONSOLE", "must be on or off")
})

const emulatorUrl = Environment.checked(
  "EMULATOR_URL",
  (value) =>
    /^https?:\/\/[^\s/?#@]+\/?$/.test(value) && URL.canParse(value)
      ? undefined
      : "must be the address of an emulator, as in http://127.0.0.1:4010"
)

/** Several processes share nothing but the database. */
const readWorkers = Effect.fnUntraced(function*(isStored: boolean) {
  const value = (yield* Environment.text("WORKERS")) ?? "1"
  if (value !== "auto" && !/^[1-9]\d?$/.test(value)) {
    return yield* invalid("WORKERS", "must be auto, or a whole number from 1 to 99")
  }
  if (value !== "1" && !isStored) {
    return yield* invalid(
      "WORKERS",
      "needs a carrier and a DATABASE_URL other than memory: that the processes can share"
    )
  }
  return value === "auto" ? value : Number(value)
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
  for (
    const carrier of yield* SetVariables.loadCarriers(carriers, yield* SetVariables.readNames, SetVariables.startsWith)
  ) {
    const { provider } = yield* carrier.environment
    const layer = yield* provider
    if (layer === undefined) continue
    providers.set(carrier.name, layer)
    configured.push(carrier)
  }
  const [publicUrl, ...others] = (yield* Environment.publicUrls) ?? []
  const hosts = yield* allowedHosts
  const storage = yield* StorageConfig.load(providers.size > 0)
  return {
    host: (yield* host) ?? (providers.size === 0 ? "127.0.0.1" : "0.0.0.0"),
    port: yield* port,
    maxConnections: yield* maxConnections,
    workers: yield* readWorkers(storage.processor !== undefined),
    drainSeconds: yield* drainSeconds,
    console: yield* hasConsole,
    emulatorUrl: yield* emulatorUrl,
    server: {
      publicUrl: publicUrl === undefined || others.length === 0 ? publicUrl : [publicUrl, ...others],
      trustedProxies: yield* trustedProxies,
      ...(hosts !== undefined && { allowedHosts: hosts }),
      adminToken: yield* Environment.credential("ADMIN_TOKEN"),
      tokens: yield* TokensConfig.load
    },
    providers,
    carriers: configured,
    sendPolicy: yield* SendPolicyConfig.load,
    consent: yield* ConsentConfig.load,
    guards: yield* GuardsConfig.load,
    quietHours: yield* QuietHoursConfig.load,
    sendLimits: yield* SendLimitsConfig.load,
    sendWarnings: yield* SendWarningsConfig.load,
    media: yield* MediaConfig.load(configured),
    forward: yield* ForwardConfig.load,
    storage
  }
})
