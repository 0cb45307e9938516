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
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Signature from "effect/crypto/Signature"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as IpNetwork from "effect/net/IpNetwork"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as FileMediaStore from "../media/FileMediaStore.ts"
import type { IncrementalHash } from "../media/IncrementalHash.ts"
import * as MediaFetcher from "../media/MediaFetcher.ts"
import type { AgeOptions, MediaStore } from "../media/MediaStore.ts"
import * as S3MediaStore from "../media/S3MediaStore.ts"
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
 * A layer of one carrier's provider. Its error is of the variable that the
 * provider could not be made of.
 *
 * @category models
 * @since 0.1.0
 */
export type ProviderLayer = Layer.Layer<SmsProvider, InvalidVariable, Mac.Mac | Digest.Digest | Signature.Signature>

/**
 * A layer of the media store. Its error is of the variable that the store could
 * not be made of.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaStoreLayer = Layer.Layer<
  MediaStore,
  InvalidVariable,
  | FileSystem.FileSystem
  | Path.Path
  | HttpClient.HttpClient
  | Mac.Mac
  | SecureRandom.SecureRandom
  | IncrementalHash
>

/**
 * How media are re-hosted.
 *
 * @category models
 * @since 0.1.0
 */
export interface MediaConfig {
  readonly store: MediaStoreLayer
  /** Whether the server has to serve the files. A bucket serves them itself. */
  readonly isServed: boolean
  readonly fetcher: MediaFetcher.Options
}

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
  readonly media: MediaConfig | undefined
}

const invalid = (variable: string, problem: string) => new InvalidVariable({ variable, problem })

/** A variable that is set to nothing is not set: compose files pass empty ones on. */
const secret = (name: string): Config.Config<Redacted.Redacted<string> | undefined> =>
  Config.map(Config.option(Config.Redacted(name)), (value) => {
    const text = Option.isSome(value) ? Redacted.value(value.value).trim() : ""
    return text === "" ? undefined : Redacted.make(text, { label: name })
  })

/** As {@link secret}, for what may be seen. */
const variable = (name: string): Config.Config<string | undefined> =>
  Config.map(secret(name), (value) => value === undefined ? undefined : Redacted.value(value))

const parts = (value: string): ReadonlyArray<string> =>
  value.split(",").map((part) => part.trim()).filter((part) => part !== "")

/** The choice that a variable holds. */
const choice = Effect.fnUntraced(function*<const A extends string>(name: string, choices: ReadonlyArray<A>) {
  const value = yield* variable(name)
  const chosen = choices.find((choice) => choice === value?.toLowerCase())
  return value === undefined || chosen !== undefined
    ? chosen
    : yield* invalid(name, `must be one of ${choices.join(", ")}`)
})

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

const provider = <R extends Mac.Mac | Digest.Digest | Signature.Signature>(
  name: string,
  layer: Layer.Layer<SmsProvider, CryptoError.CryptoError | Cause.IllegalArgumentError, R>
): ProviderLayer => Layer.catch(layer, (error) => Layer.unwrap(Effect.fail(blame(name)(error))))

const twilio = Effect.gen(function*() {
  const name = "TWILIO_AUTH_TOKEN"
  const authToken = yield* required(name, ["TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_API_SECRET"])
  return authToken === undefined ? undefined : provider(name, Twilio.layer({ authToken }))
})

const telnyx = Effect.gen(function*() {
  const name = "TELNYX_PUBLIC_KEY"
  const keys = yield* required(name, ["TELNYX_API_KEY"])
  if (keys === undefined) return undefined
  return provider(name, Telnyx.layer({ publicKey: keys.map((key) => Redacted.value(key)) }))
})

const sinch = Effect.gen(function*() {
  const name = "SINCH_WEBHOOK_SECRET"
  const scheme = yield* choice("SINCH_VERIFICATION", ["hmac-sha256", "hmac-sha1", "none"])
  if (scheme === "none") {
    yield* unused(name, "SINCH_VERIFICATION")
    return provider(name, Sinch.layer({ verification: Sinch.unsigned }))
  }
  const secrets = yield* required(
    name,
    ["SINCH_SERVICE_PLAN_ID", "SINCH_API_TOKEN", "SINCH_VERIFICATION"],
    " (SINCH_VERIFICATION=none takes them unsigned)"
  )
  if (secrets === undefined) return undefined
  const verify = scheme === "hmac-sha1" ? Sinch.hmacSha1 : Sinch.hmacSha256
  return provider(name, Sinch.layer({ verification: verify(secrets) }))
})

const voicemeup = Effect.gen(function*() {
  const name = "VOICEMEUP_WEBHOOK_TOKEN"
  const timeZone = yield* variable("VOICEMEUP_TIME_ZONE")
  const scheme = yield* choice("VOICEMEUP_VERIFICATION", ["token", "none"])
  if (scheme === "none") {
    yield* unused(name, "VOICEMEUP_VERIFICATION")
    return provider(name, VoiceMeUp.layer({ verification: { scheme: "None" }, timeZone }))
  }
  const token = yield* required(
    name,
    ["VOICEMEUP_USERNAME", "VOICEMEUP_AUTH_TOKEN", "VOICEMEUP_TIME_ZONE", "VOICEMEUP_VERIFICATION"],
    " (VOICEMEUP_VERIFICATION=none takes them from anybody)"
  )
  return token === undefined
    ? undefined
    : provider(name, VoiceMeUp.layer({ verification: { scheme: "Token", token }, timeZone }))
})

const baseUrl = Effect.fnUntraced(function*(name: string, appended: string) {
  const value = yield* variable(name)
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    return yield* invalid(name, "must be a URL that begins with https:// or http://")
  }
  // A query would swallow it.
  return /[?#]/.test(value)
    ? yield* invalid(name, `must end before the query: the server appends ${appended}`)
    : value
})

const publicUrl = baseUrl("PUBLIC_URL", "path and query of each request")

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

const maxAge = Effect.gen(function*() {
  const name = "MEDIA_MAX_AGE_DAYS"
  const value = yield* variable(name)
  if (value === undefined) return undefined
  return /^\d{1,5}$/.test(value) && Number(value) > 0
    ? Duration.days(Number(value))
    : yield* invalid(name, "must be a number of days, 1 or more")
})

/** The message of a system's error names the path. */
const blameFileStore = (
  error: CryptoError.CryptoError | Cause.IllegalArgumentError | PlatformError.PlatformError
): [name: string, problem: string] =>
  error._tag === "IllegalArgumentError"
    ? ["MEDIA_URL", "must be a URL that begins with https:// or http://"]
    : ["MEDIA_DIR", `must be a directory that the server can write to (${error.reason._tag})`]

const fileStore = Effect.fnUntraced(function*(directory: string, age: AgeOptions) {
  const server = yield* publicUrl
  const base = (yield* baseUrl("MEDIA_URL", "the names of files")) ??
    (server === undefined ? undefined : `${server.replace(/\/+$/, "")}/media`)
  if (base === undefined) {
    return yield* invalid("MEDIA_URL", "is missing: MEDIA_DIR is set, but files have no URL without it, or PUBLIC_URL")
  }
  const store: MediaStoreLayer = Layer.catch(
    FileMediaStore.layer({ directory, baseUrl: base, ...age }),
    (error) => Layer.unwrap(Effect.fail(invalid(...blameFileStore(error))))
  )
  return store
})

const s3Store = Effect.fnUntraced(function*(bucket: string, age: AgeOptions) {
  const needed = Effect.fnUntraced(function*(name: string) {
    return (yield* secret(name)) ?? (yield* invalid(name, "is missing: MEDIA_S3_BUCKET is set, but needs it"))
  })
  const accessKeyId = yield* needed("AWS_ACCESS_KEY_ID")
  const secretAccessKey = yield* needed("AWS_SECRET_ACCESS_KEY")
  const region = Redacted.value(yield* needed("MEDIA_S3_REGION"))
  // Names of files are made with it, and have to be the same after a restart and on every server.
  const names = yield* needed("MEDIA_SECRET")
  const options: S3MediaStore.Options = {
    bucket,
    region,
    endpoint: yield* baseUrl("MEDIA_S3_ENDPOINT", "bucket and key"),
    publicBaseUrl: yield* baseUrl("MEDIA_URL", "the names of files"),
    credentials: { accessKeyId, secretAccessKey, sessionToken: yield* secret("AWS_SESSION_TOKEN") },
    secret: names,
    ...age
  }
  const store: MediaStoreLayer = Layer.catch(S3MediaStore.layer(options), (error) =>
    Layer.unwrap(Effect.fail(
      error._tag === "IllegalArgumentError"
        ? invalid("MEDIA_S3_BUCKET", `and the other variables of it cannot be used. ${error.message}`)
        : invalid("MEDIA_S3_BUCKET", `needs a directory for temporary files (${error.reason._tag})`)
    )))
  return store
})

/** What opens Twilio's files: an API key, or the account itself (https://www.twilio.com/docs/messaging/api/media-resource). */
const twilioCredentials = Effect.gen(function*() {
  const [key, keySecret, account, token] = [
    yield* variable("TWILIO_API_KEY"),
    yield* secret("TWILIO_API_SECRET"),
    yield* variable("TWILIO_ACCOUNT_SID"),
    yield* secret("TWILIO_AUTH_TOKEN")
  ]
  if (key !== undefined && keySecret !== undefined) return MediaFetcher.basic(key, keySecret)
  const [primary] = token === undefined ? [] : parts(Redacted.value(token))
  return account === undefined || primary === undefined
    ? undefined
    : MediaFetcher.basic(account, Redacted.make(primary, { label: "TWILIO_AUTH_TOKEN" }))
})

const mediaStore = Effect.gen(function*() {
  const directory = yield* variable("MEDIA_DIR")
  const bucket = yield* variable("MEDIA_S3_BUCKET")
  const age = { maxAge: yield* maxAge }
  if (directory !== undefined && bucket !== undefined) {
    return yield* invalid("MEDIA_S3_BUCKET", "is set, and so is MEDIA_DIR: unset one of the two")
  }
  if (directory !== undefined) return { store: yield* fileStore(directory, age), isServed: true }
  if (bucket !== undefined) return { store: yield* s3Store(bucket, age), isServed: false }
  for (const other of ["MEDIA_S3_ENDPOINT", "MEDIA_S3_REGION", "MEDIA_SECRET"]) {
    if ((yield* secret(other)) !== undefined) {
      return yield* invalid("MEDIA_S3_BUCKET", `is missing: ${other} is set, but means nothing without it`)
    }
  }
  for (const other of ["MEDIA_URL", "MEDIA_HOSTS", "MEDIA_MAX_AGE_DAYS"]) {
    if ((yield* variable(other)) !== undefined) {
      return yield* invalid(
        "MEDIA_DIR",
        `is missing: ${other} is set, but means nothing without it, or MEDIA_S3_BUCKET`
      )
    }
  }
  return undefined
})

const media = Effect.gen(function*() {
  const store = yield* mediaStore
  if (store === undefined) return undefined
  const credentials = yield* twilioCredentials
  const hosts = parts((yield* variable("MEDIA_HOSTS")) ?? "")
  const isHost = (host: string) => /^(?:\*\.)?[a-z\d-]+(?:\.[a-z\d-]+)+$/i.test(host)
  if (!hosts.every(isHost)) {
    return yield* invalid("MEDIA_HOSTS", "must be a comma-separated list of host names, as in media.example.com")
  }
  const fetcher: MediaFetcher.Options = {
    hosts: [...MediaFetcher.defaultHosts, ...hosts],
    credentials: credentials === undefined ? {} : { "api.twilio.com": credentials }
  }
  return { ...store, fetcher }
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
    media: yield* media
  }
})
