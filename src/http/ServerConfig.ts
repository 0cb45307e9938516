/**
 * The server's configuration from the environment.
 *
 * A provider is on when its variables are there. One that is half set stops
 * the start: a server that silently leaves out a carrier loses messages.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as Signature from "effect/crypto/Signature"
import * as IpNetwork from "effect/net/IpNetwork"
import * as Sinch from "../sinch/index.ts"
import type { SmsProvider } from "../SmsProvider.ts"
import * as Telnyx from "../telnyx/index.ts"
import * as Twilio from "../twilio/index.ts"
import * as VoiceMeUp from "../voicemeup/index.ts"
import type { Options } from "./WebhookServer.ts"

/**
 * A variable is missing or cannot be used. Names the variable, never its
 * value.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidVariable extends Schema.TaggedError<InvalidVariable>()("InvalidVariable", {
  variable: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.variable} ${this.problem}`
  }
}

/**
 * A layer of one carrier's provider.
 *
 * @category models
 * @since 0.1.0
 */
export type ProviderLayer = Layer.Layer<
  SmsProvider,
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Mac.Mac | Digest.Digest | Signature.Signature
>

/**
 * What the environment says.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerConfig {
  /** Where to listen. All interfaces by default, or only this machine when no provider is configured. */
  readonly host: string
  readonly port: number
  readonly server: Options
  /** The providers that are configured, by name. Empty when none is. */
  readonly providers: ReadonlyMap<string, ProviderLayer>
}

/** A variable that is set to nothing is not set: compose files pass empty ones on. */
const variable = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.getOrUndefined(value)?.trim() || undefined)

const invalid = (variable: string, problem: string) => new InvalidVariable({ variable, problem })

const list = (value: string): ReadonlyArray<string> =>
  value.split(",").map((part) => part.trim()).filter((part) => part !== "")

const secrets = (value: string) => list(value).map((secret) => Redacted.make(secret))

/** The choice that a variable holds. */
const choice = Effect.fnUntraced(function*<const A extends string>(name: string, choices: ReadonlyArray<A>) {
  const value = yield* variable(name)
  const chosen = choices.find((choice) => choice === value?.toLowerCase())
  return value === undefined || chosen !== undefined
    ? chosen
    : yield* invalid(name, `must be one of ${choices.join(", ")}`)
})

/**
 * The value of the variable that turns a provider on. When it is missing while
 * another of the provider's variables is set, somebody forgot it.
 */
const required = Effect.fnUntraced(function*(name: string, others: ReadonlyArray<string>, hint: string = "") {
  const value = yield* variable(name)
  if (value !== undefined) return value
  for (const other of others) {
    if ((yield* variable(other)) !== undefined) {
      return yield* invalid(name, `is missing: ${other} is set, but webhooks cannot be verified without it${hint}`)
    }
  }
  return undefined
})

const twilio = Effect.map(
  required("TWILIO_AUTH_TOKEN", ["TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_API_SECRET"]),
  (tokens) => tokens === undefined ? undefined : Twilio.layer({ authToken: secrets(tokens) })
)

const telnyx = Effect.map(
  required("TELNYX_PUBLIC_KEY", ["TELNYX_API_KEY"]),
  (keys) => keys === undefined ? undefined : Telnyx.layer({ publicKey: list(keys) })
)

const sinch = Effect.gen(function*() {
  const scheme = yield* choice("SINCH_VERIFICATION", ["hmac-sha256", "hmac-sha1", "none"])
  if (scheme === "none") return Sinch.layer({ verification: Sinch.unsigned })
  const value = yield* required(
    "SINCH_WEBHOOK_SECRET",
    ["SINCH_SERVICE_PLAN_ID", "SINCH_API_TOKEN", "SINCH_VERIFICATION"],
    " (SINCH_VERIFICATION=none takes them unsigned)"
  )
  if (value === undefined) return undefined
  const verify = scheme === "hmac-sha1" ? Sinch.hmacSha1 : Sinch.hmacSha256
  return Sinch.layer({ verification: verify(secrets(value)) })
})

const voicemeup = Effect.gen(function*() {
  const timeZone = yield* variable("VOICEMEUP_TIME_ZONE")
  const scheme = yield* choice("VOICEMEUP_VERIFICATION", ["token", "none"])
  if (scheme === "none") return VoiceMeUp.layer({ verification: { scheme: "None" }, timeZone })
  const token = yield* required(
    "VOICEMEUP_WEBHOOK_TOKEN",
    ["VOICEMEUP_USERNAME", "VOICEMEUP_AUTH_TOKEN", "VOICEMEUP_TIME_ZONE", "VOICEMEUP_VERIFICATION"],
    " (VOICEMEUP_VERIFICATION=none takes them from anybody)"
  )
  return token === undefined
    ? undefined
    : VoiceMeUp.layer({ verification: { scheme: "Token", token: secrets(token) }, timeZone })
})

const publicUrl = Effect.gen(function*() {
  const value = yield* variable("PUBLIC_URL")
  if (value === undefined) return undefined
  const protocol = URL.parse(value)?.protocol
  return protocol === "https:" || protocol === "http:"
    ? value
    : yield* invalid("PUBLIC_URL", "must be a URL that begins with https:// or http://")
})

const trustedProxies = Effect.gen(function*() {
  const networks = list((yield* variable("TRUSTED_PROXIES")) ?? "").map(IpNetwork.fromString)
  return yield* Result.all(networks).pipe(
    Effect.fromResult,
    Effect.mapError(() => invalid("TRUSTED_PROXIES", "must be a comma-separated list of networks, as in 10.0.0.0/8"))
  )
})

const port = Effect.gen(function*() {
  const value = (yield* variable("PORT")) ?? "3000"
  return /^\d{1,5}$/.test(value) && Number(value) <= 65535
    ? Number(value)
    : yield* invalid("PORT", "must be a port number, 0 to 65535")
})

/**
 * Reads the environment.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<ServerConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const adminToken = yield* variable("ADMIN_TOKEN")
  const layers = { twilio: yield* twilio, sinch: yield* sinch, telnyx: yield* telnyx, voicemeup: yield* voicemeup }
  const providers = new Map(
    Object.entries(layers).flatMap(([name, layer]) => layer === undefined ? [] : [[name, layer as ProviderLayer]])
  )
  return {
    host: (yield* variable("HOST")) ?? (providers.size === 0 ? "127.0.0.1" : "0.0.0.0"),
    port: yield* port,
    server: {
      publicUrl: yield* publicUrl,
      trustedProxies: yield* trustedProxies,
      adminToken: adminToken === undefined ? undefined : Redacted.make(adminToken)
    },
    providers
  }
})
