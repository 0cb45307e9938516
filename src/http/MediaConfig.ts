/**
 * The configuration of re-hosting from the environment: a directory, or a
 * bucket, turns it on.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as FileMediaStore from "../media/FileMediaStore.ts"
import type { IncrementalHash } from "../media/IncrementalHash.ts"
import * as MediaFetcher from "../media/MediaFetcher.ts"
import type { MediaStore } from "../media/MediaStore.ts"
import * as S3MediaStore from "../media/S3MediaStore.ts"
import type { AgeOptions } from "../media/StoredMedia.ts"
import { baseUrl, invalid, type InvalidVariable, parts, publicUrl, secret, variable } from "../provider/Environment.ts"

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

/**
 * Reads the environment. `undefined` when no store is configured.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<MediaConfig | undefined, InvalidVariable | Config.ConfigError> = Effect.gen(
  function*() {
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
  }
)
