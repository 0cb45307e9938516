/**
 * Reads the configuration of media re-hosting from environment variables.
 * Setting a directory or a bucket enables it.
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
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as FileMediaStore from "../media/FileMediaStore.ts"
import type { IncrementalHash } from "../media/IncrementalHash.ts"
import * as S3Client from "../media/internal/s3Client.ts"
import type * as MediaFetcher from "../media/MediaFetcher.ts"
import { MediaStore } from "../media/MediaStore.ts"
import * as S3MediaStore from "../media/S3MediaStore.ts"
import type { AgeOptions } from "../media/StoredMedia.ts"
import type * as Carrier from "../provider/Carrier.ts"
import {
  credential,
  invalid,
  type InvalidVariable,
  list,
  publicUrl,
  secret,
  text,
  url
} from "../provider/Environment.ts"

/**
 * A layer of the media store. Its error names the invalid variable.
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
 * The configuration of media re-hosting.
 *
 * @category models
 * @since 0.1.0
 */
export interface MediaConfig {
  readonly store: MediaStoreLayer
  /** Whether the server must serve the files. A bucket serves its own files. */
  readonly isServed: boolean
  /** The URL below which browsers find the files. Signed URLs are below it too. */
  readonly filesUrl: string
  readonly fetcher: MediaFetcher.Options
  /** Warnings for the operator, about variables that are needed to fetch the files of some carriers. */
  readonly hints: ReadonlyArray<string>
}

const maxAge = Effect.gen(function*() {
  const name = "MEDIA_MAX_AGE_DAYS"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^\d{1,5}$/.test(value) && Number(value) > 0
    ? Duration.days(Number(value))
    : yield* invalid(name, "must be a number of days, 1 or more")
})

/** Builds an error without the system's error message, which contains the path. */
const blameFileStore = (
  error: CryptoError.CryptoError | Cause.IllegalArgumentError | PlatformError.PlatformError
): [name: string, problem: string] =>
  error._tag === "IllegalArgumentError"
    ? ["MEDIA_URL", "must be a URL that begins with https:// or http://"]
    : ["MEDIA_DIR", `must be a directory that the server can write to (${error.reason._tag})`]

/** Longer than a disk that spins up, and a network file system that fails over. */
const directoryTimeout = Duration.seconds(20)

/**
 * Fails when a directory does not answer in time. A call to a file system that
 * hangs cannot be interrupted, and neither can the clean-up after it, so they
 * are left behind.
 */
const inTime = Effect.fnUntraced(function*<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.fn.Return<A, E | InvalidVariable, R> {
  const fiber = yield* Effect.forkDetach(effect, { startImmediately: true })
  const leave = Effect.forkDetach(Fiber.interrupt(fiber))
  return yield* Fiber.join(fiber).pipe(
    Effect.timeoutOrElse({
      duration: directoryTimeout,
      orElse: () =>
        Effect.fail(
          invalid("MEDIA_DIR", `is on a file system that has not answered for ${Duration.format(directoryTimeout)}`)
        )
    }),
    Effect.onError(() => leave)
  )
})

const fileStore = Effect.fnUntraced(function*(directory: string, age: AgeOptions) {
  const server = yield* publicUrl
  const base = (yield* url("MEDIA_URL", "the names of files")) ??
    (server === undefined ? undefined : `${server.replace(/\/+$/, "")}/media`)
  if (base === undefined) {
    return yield* invalid("MEDIA_URL", "is missing: MEDIA_DIR is set, but file URLs need it, or PUBLIC_URL")
  }
  const store: MediaStoreLayer = Layer.catch(
    Layer.effect(MediaStore, inTime(FileMediaStore.make({ directory, baseUrl: base, ...age }))),
    (error) => Layer.unwrap(Effect.fail(error._tag === "InvalidVariable" ? error : invalid(...blameFileStore(error))))
  )
  return { store, isServed: true, filesUrl: base }
})

const s3Store = Effect.fnUntraced(function*(bucket: string, age: AgeOptions) {
  const needed = Effect.fnUntraced(function*(name: string) {
    return (yield* credential(name)) ?? (yield* invalid(name, "is missing: MEDIA_S3_BUCKET is set, but needs it"))
  })
  const accessKeyId = yield* needed("AWS_ACCESS_KEY_ID")
  const secretAccessKey = yield* needed("AWS_SECRET_ACCESS_KEY")
  const region = Redacted.value(yield* needed("MEDIA_S3_REGION"))
  // File names are derived from this secret, so it must be the same after a restart and on every server.
  const names = yield* needed("MEDIA_SECRET")
  const options: S3MediaStore.Options = {
    bucket,
    region,
    endpoint: yield* url("MEDIA_S3_ENDPOINT", "bucket and key"),
    publicBaseUrl: yield* url("MEDIA_URL", "the names of files"),
    credentials: { accessKeyId, secretAccessKey, sessionToken: yield* credential("AWS_SESSION_TOKEN") },
    secret: names,
    ...age
  }
  const store: MediaStoreLayer = Layer.catch(S3MediaStore.layer(options), (error) =>
    Layer.unwrap(Effect.fail(
      error._tag === "IllegalArgumentError"
        ? invalid("MEDIA_S3_BUCKET", `and the other variables of it cannot be used. ${error.message}`)
        : invalid("MEDIA_S3_BUCKET", `needs a directory for temporary files (${error.reason._tag})`)
    )))
  const filesUrl = options.publicBaseUrl ?? (yield* Effect.orElseSucceed(S3Client.bucketUrl(options), () => ""))
  return { store, isServed: false, filesUrl }
})

/**
 * Reads the configuration of the media store alone. Returns `undefined` when
 * none is configured.
 *
 * @category constructors
 * @since 0.1.0
 */
export const loadStore: Effect.Effect<
  Pick<MediaConfig, "store" | "isServed" | "filesUrl"> | undefined,
  InvalidVariable | Config.ConfigError
> = Effect.gen(function*() {
  const directory = yield* text("MEDIA_DIR")
  const bucket = yield* text("MEDIA_S3_BUCKET")
  const age = { maxAge: yield* maxAge }
  if (directory !== undefined && bucket !== undefined) {
    return yield* invalid("MEDIA_S3_BUCKET", "is set, and so is MEDIA_DIR: unset one of the two")
  }
  if (directory !== undefined) return yield* fileStore(directory, age)
  if (bucket !== undefined) return yield* s3Store(bucket, age)
  for (const other of ["MEDIA_S3_ENDPOINT", "MEDIA_S3_REGION", "MEDIA_SECRET"]) {
    if ((yield* secret(other)) !== undefined) {
      return yield* invalid("MEDIA_S3_BUCKET", `is missing: ${other} is set, but means nothing without it`)
    }
  }
  for (const other of ["MEDIA_URL", "MEDIA_HOSTS", "MEDIA_MAX_AGE_DAYS"]) {
    if ((yield* text(other)) !== undefined) {
      return yield* invalid(
        "MEDIA_DIR",
        `is missing: ${other} is set, but means nothing without it, or MEDIA_S3_BUCKET`
      )
    }
  }
  return undefined
})

/** Reads the credentials of all carriers' media hosts, and the hints about missing ones. */
const carrierCredentials = Effect.fnUntraced(function*(carriers: ReadonlyArray<Carrier.Any>) {
  const credentials: Record<string, Carrier.MediaCredentials> = {}
  const hints: Array<string> = []
  for (const carrier of carriers) {
    const { mediaCredentials, mediaCredentialsHint } = yield* carrier.environment
    const found = yield* mediaCredentials
    if (found !== undefined) Object.assign(credentials, found)
    else if (mediaCredentialsHint !== undefined) hints.push(mediaCredentialsHint)
  }
  return { credentials, hints }
})

/** Reads the hosts of an emulator, which are neither public nor use https. Set without a store, it changes nothing. */
const testHosts = Effect.gen(function*() {
  const name = "MEDIA_TEST_HOSTS"
  const hosts = list((yield* text(name)) ?? "")
  return hosts.every((host) => /^(?:[a-z\d-]+(?:\.[a-z\d-]+)*|\[[\da-f:]+\]):\d{1,5}$/i.test(host))
    ? hosts
    : yield* invalid(name, "must be a comma-separated list of hosts with their ports, as in 127.0.0.1:4010")
})

/**
 * Reads how files are fetched: from the hosts of the configured carriers and
 * those in `MEDIA_HOSTS`, and from `MEDIA_TEST_HOSTS` for an emulator on this
 * machine.
 *
 * @category constructors
 * @since 0.1.0
 */
export const loadFetcher = Effect.fnUntraced(function*(
  carriers: ReadonlyArray<Carrier.Any>
): Effect.fn.Return<Pick<MediaConfig, "fetcher" | "hints">, InvalidVariable | Config.ConfigError> {
  const { credentials, hints } = yield* carrierCredentials(carriers)
  const hosts = list((yield* text("MEDIA_HOSTS")) ?? "")
  const isHost = (host: string) => /^(?:\*\.)?[a-z\d-]+(?:\.[a-z\d-]+)+$/i.test(host)
  if (!hosts.every(isHost)) {
    return yield* invalid("MEDIA_HOSTS", "must be a comma-separated list of host names, as in media.example.com")
  }
  return { fetcher: { carriers, hosts, credentials, testHosts: yield* testHosts }, hints }
})

/**
 * Reads the configuration. Returns `undefined` when no store is configured.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(
  carriers: ReadonlyArray<Carrier.Any>
): Effect.fn.Return<MediaConfig | undefined, InvalidVariable | Config.ConfigError> {
  const store = yield* loadStore
  return store === undefined ? undefined : { ...store, ...yield* loadFetcher(carriers) }
})
