/**
 * The server's configuration from the environment.
 *
 * A provider is on when its variables are there, and sends when those of
 * `SendingConfig` are. One that is half set stops the start: a server that
 * silently leaves out a carrier loses messages.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as IpNetwork from "effect/net/IpNetwork"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { choice, invalid, type InvalidVariable, parts, publicUrl, secret, variable } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import * as Sinch from "../sinch/index.ts"
import * as Telnyx from "../telnyx/index.ts"
import * as Twilio from "../twilio/index.ts"
import * as VoiceMeUp from "../voicemeup/index.ts"
import * as MediaConfig from "./MediaConfig.ts"
import * as MmsConfig from "./MmsConfig.ts"
import * as SendingConfig from "./SendingConfig.ts"
import type { Options } from "./WebhookServer.ts"

export { InvalidVariable } from "../provider/Environment.ts"

/**
 * A layer of one carrier's provider. Its error is of the variable that the
 * provider could not be made of.
 *
 * @category models
 * @since 0.1.0
 */
export type ProviderLayer = Layer.Layer<SmsProvider, InvalidVariable, Services>

type Services = Mac.Mac | Digest.Digest | Signature.Signature | HttpClient.HttpClient

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
  /** Absent when no media store is configured. */
  readonly media: MediaConfig.MediaConfig | undefined
  readonly mms: MmsConfig.MmsConfig
}

/**
 * The secrets that turn a provider on: one, or several with commas between
 * them while one is being replaced. When there is none while another of the
 * provider's variables is set, somebody forgot it.
 */
const required = Effect.fnUntraced(function*(name: string, others: ReadonlyArray<string>, hint: string = "") {
  const value = yield* secret(name)
  if (value !== undefined) {
    const values = parts(Redacted.value(value))
    return values.length === 0
      ? yield* invalid(name, "must be a secret, or several with commas between them")
      : values.map((value) => Redacted.make(value, { label: name }))
  }
  for (const other of others) {
    if ((yield* secret(other)) !== undefined) {
      return yield* invalid(name, `is missing: ${other} is set, but webhooks cannot be verified without it${hint}`)
    }
  }
  return undefined
})

/** A secret that would not be used is a mistake, and a dangerous one. */
const unused = Effect.fnUntraced(function*(name: string, choice: string) {
  if ((yield* secret(name)) !== undefined) {
    return yield* invalid(name, `is set, but ${choice}=none verifies nothing: unset one of the two`)
  }
})

/** What a provider could not be made of, as the variable that it came from. */
const blame = (name: string) => (error: CryptoError.CryptoError | Cause.IllegalArgumentError): InvalidVariable =>
  error._tag === "CryptoError"
    ? invalid(name, `cannot be used. ${error.reason.message}`)
    : invalid("VOICEMEUP_TIME_ZONE", "must be the name of a time zone, as in America/Toronto")

const provider = <R extends Services>(
  name: string,
  layer: Layer.Layer<SmsProvider, CryptoError.CryptoError | Cause.IllegalArgumentError, R>
): ProviderLayer => Layer.catch(layer, (error) => Layer.unwrap(Effect.fail(blame(name)(error))))

const sendingVariables = (name: keyof typeof SendingConfig.variables): ReadonlyArray<string> => {
  const { needed, others } = SendingConfig.variables[name]
  return [...needed, ...others]
}

const twilio = Effect.gen(function*() {
  const name = "TWILIO_AUTH_TOKEN"
  const authToken = yield* required(name, [...sendingVariables("twilio"), "TWILIO_API_KEY", "TWILIO_API_SECRET"])
  if (authToken === undefined) return undefined
  const sending = yield* SendingConfig.twilio
  return provider(
    name,
    sending === undefined ? Twilio.layerWebhook({ authToken }) : Twilio.layer({ authToken, ...sending })
  )
})

const telnyx = Effect.gen(function*() {
  const name = "TELNYX_PUBLIC_KEY"
  const keys = yield* required(name, sendingVariables("telnyx"))
  if (keys === undefined) return undefined
  const publicKey = keys.map((key) => Redacted.value(key))
  const sending = yield* SendingConfig.telnyx
  return provider(
    name,
    sending === undefined ? Telnyx.layerWebhook({ publicKey }) : Telnyx.layer({ publicKey, ...sending })
  )
})

const sinchVerification = Effect.gen(function*() {
  const name = "SINCH_WEBHOOK_SECRET"
  const scheme = yield* choice("SINCH_VERIFICATION", ["hmac-sha256", "hmac-sha1", "none"])
  if (scheme === "none") {
    yield* unused(name, "SINCH_VERIFICATION")
    return Sinch.unsigned
  }
  const secrets = yield* required(
    name,
    [...sendingVariables("sinch"), "SINCH_VERIFICATION"],
    " (SINCH_VERIFICATION=none takes them unsigned)"
  )
  if (secrets === undefined) return undefined
  return scheme === "hmac-sha1" ? Sinch.hmacSha1(secrets) : Sinch.hmacSha256(secrets)
})

const sinch = Effect.gen(function*() {
  const verification = yield* sinchVerification
  if (verification === undefined) return undefined
  const sending = yield* SendingConfig.sinch
  return provider(
    "SINCH_WEBHOOK_SECRET",
    sending === undefined ? Sinch.layerWebhook({ verification }) : Sinch.layer({ verification, ...sending })
  )
})

const voicemeupVerification = Effect.gen(function*() {
  const name = "VOICEMEUP_WEBHOOK_TOKEN"
  const scheme = yield* choice("VOICEMEUP_VERIFICATION", ["token", "none"])
  if (scheme === "none") {
    yield* unused(name, "VOICEMEUP_VERIFICATION")
    return { scheme: "None" } as const
  }
  const token = yield* required(
    name,
    [...sendingVariables("voicemeup"), "VOICEMEUP_TIME_ZONE", "VOICEMEUP_VERIFICATION"],
    " (VOICEMEUP_VERIFICATION=none takes them from anybody)"
  )
  return token === undefined ? undefined : { scheme: "Token", token } as const
})

const voicemeup = Effect.gen(function*() {
  const timeZone = yield* variable("VOICEMEUP_TIME_ZONE")
  const verification = yield* voicemeupVerification
  if (verification === undefined) return undefined
  const options = { verification, timeZone }
  const sending = yield* SendingConfig.voicemeup
  return provider(
    "VOICEMEUP_WEBHOOK_TOKEN",
    sending === undefined ? VoiceMeUp.layerWebhook(options) : VoiceMeUp.layer({ ...options, ...sending })
  )
})

/** One address is a network too. */
const network = (text: string) =>
  IpNetwork.fromString(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`)

const trustedProxies = Effect.gen(function*() {
  const networks = parts((yield* variable("TRUSTED_PROXIES")) ?? "").map(network)
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
  const layers = { twilio: yield* twilio, sinch: yield* sinch, telnyx: yield* telnyx, voicemeup: yield* voicemeup }
  const providers = new Map(
    Object.entries(layers).flatMap(([name, layer]) => layer === undefined ? [] : [[name, layer]])
  )
  return {
    host: (yield* variable("HOST")) ?? (providers.size === 0 ? "127.0.0.1" : "0.0.0.0"),
    port: yield* port,
    server: {
      publicUrl: yield* publicUrl,
      trustedProxies: yield* trustedProxies,
      adminToken: yield* secret("ADMIN_TOKEN")
    },
    providers,
    media: yield* MediaConfig.load,
    mms: yield* MmsConfig.load
  }
})
