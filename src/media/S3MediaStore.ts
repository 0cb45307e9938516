/**
 * Stores media files in a bucket: AWS S3, Cloudflare R2, MinIO or any other
 * S3-compatible service.
 *
 * The object key and the request signature are derived from the hash of the
 * file, so a file is first written to a temporary directory and hashed while
 * it is written. The time of storage is the object's `LastModified`, on the
 * clock of the bucket; {@link layer} compares it with the local clock.
 *
 * The credentials need `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject` and, on
 * the bucket, `s3:ListBucket`. Without the last one, S3 answers 403 for a missing
 * object (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
 *
 * **Gotchas**
 *
 * The `HttpClient` must send `Content-Length` with a stream, as `NodeHttpClient`
 * does. `FetchHttpClient` omits it, which S3 rejects.
 *
 * **Example** (A bucket of Cloudflare R2)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import * as S3MediaStore from "effect-sms/media/S3MediaStore"
 *
 * export const Store = S3MediaStore.layer({
 *   bucket: "sms-media",
 *   region: "auto",
 *   endpoint: "https://account.r2.cloudflarestorage.com",
 *   credentials: { accessKeyId: Redacted.make("…"), secretAccessKey: Redacted.make("…") },
 *   secret: Redacted.make("a long secret")
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import type * as Xml from "effect/encoding/Xml"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import type * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncrementalHash } from "./IncrementalHash.ts"
import * as S3Client from "./internal/s3Client.ts"
import * as Spool from "./internal/spool.ts"
import * as rules from "./internal/storeRules.ts"
import type { MediaError, StoreFailed } from "./MediaError.ts"
import { MediaStore } from "./MediaStore.ts"
import type { AgeOptions, Range } from "./StoredMedia.ts"

/**
 * The credentials that sign requests.
 *
 * @category models
 * @since 0.1.0
 */
export interface Credentials {
  readonly accessKeyId: Redacted.Redacted<string>
  readonly secretAccessKey: Redacted.Redacted<string>
  /** The session token of temporary credentials. */
  readonly sessionToken?: Redacted.Redacted<string> | undefined
}

/**
 * Options of the store.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends AgeOptions {
  readonly bucket: string
  /** The region. `auto` for Cloudflare R2. */
  readonly region: string
  readonly credentials: Credentials
  /**
   * The key that ids are derived with. It must be equal in all processes that use
   * the bucket, and must not change, or the same bytes are stored twice.
   */
  readonly secret: Redacted.Redacted<string>
  /** The endpoint, such as `https://<account>.r2.cloudflarestorage.com`. AWS in the given region by default. */
  readonly endpoint?: string | undefined
  /**
   * Whether URLs contain the bucket in the path, as in
   * `https://s3.example.com/bucket/…`, instead of the host. By default `true`
   * when an endpoint is given.
   */
  readonly pathStyle?: boolean | undefined
  /** The prefix of the keys, such as `media/`. Empty by default. */
  readonly prefix?: string | undefined
  /**
   * The prefix of public URLs, before `/` and the key: the address of a public
   * bucket or a CDN. By default URLs are signed, and expire.
   */
  readonly publicBaseUrl?: string | undefined
  /** How long a signed URL is valid. An hour by default, at most seven days. */
  readonly urlExpiresIn?: Duration.Input | undefined
  /** The parent of the directory for temporary files. The system's by default. */
  readonly temporaryDirectory?: string | undefined
  /**
   * The timeout of a request, and the idle timeout of a response body. A minute
   * by default. Uploads get ten additional seconds per megabyte.
   */
  readonly timeout?: Duration.Input | undefined
  /** The backoff of retries after transient failures. By default three retries, from 200 ms exponentially. */
  readonly retry?: Schedule.Schedule<unknown> | undefined
}

/** The services that the store requires. */
type Needs =
  | HttpClient.HttpClient
  | FileSystem.FileSystem
  | Path.Path
  | Mac.Mac
  | SecureRandom.SecureRandom
  | IncrementalHash

const illegal = (message: string) => Effect.fail(new Cause.IllegalArgumentError(message))

/** Begins the names of the directories for temporary files. */
const temporaryPrefix = "effect-sms-media-"

const prefixOf = ({ prefix = "" }: Options) =>
  /^(?:[\w-][\w.-]*\/)*(?:[\w-][\w.-]*)?$/.test(prefix)
    ? Effect.succeed(prefix)
    : illegal("The prefix may contain only letters, digits, - _ . and /, and must not begin with . or /")

const urlExpiryOf = ({ urlExpiresIn = "1 hour" }: Options) => {
  const expiry = Duration.fromInputUnsafe(urlExpiresIn)
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  return Duration.between(expiry, { minimum: Duration.seconds(1), maximum: Duration.days(7) })
    ? Effect.succeed(expiry)
    : illegal("The expiry of a signed URL must be between one second and seven days")
}

const failed = (operation: StoreFailed["operation"]) => ({ code }: S3Client.S3Failed): MediaError =>
  rules.failed(operation, code)

const millisOf = (text: string | undefined): number | undefined =>
  text === undefined
    ? undefined
    : Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))

/** Returns the offset of the first byte in a response. A server may send more than the requested range. */
const offsetOf = ({ headers }: HttpClientResponse.HttpClientResponse): number =>
  Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? 0)

/** Limits a stream to the bytes between two offsets. */
const cut = <E, R>(stream: Stream.Stream<Uint8Array, E, R>, from: number, to: number) =>
  stream.pipe(
    Stream.mapAccum(() => 0, (offset, piece) => {
      const bytes = piece.subarray(Math.max(from - offset, 0), Math.max(to - offset, 0))
      return [offset + piece.length, [{ bytes, isLast: offset + piece.length >= to }]] as const
    }),
    Stream.takeUntil(({ isLast }) => isLast),
    Stream.map(({ bytes }) => bytes)
  )

/**
 * Builds the store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  MediaStore["Service"],
  CryptoError.CryptoError | PlatformError.PlatformError | Cause.IllegalArgumentError,
  Needs | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const s3 = yield* S3Client.make(options)
  const prefix = yield* prefixOf(options)
  const urlExpiry = yield* urlExpiryOf(options)
  const publicUrl = options.publicBaseUrl === undefined ? undefined : yield* rules.urlBelow(options.publicBaseUrl)
  const idOf = yield* rules.makeId("S3MediaStore", options.secret)
  const age = rules.age(options)
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "1 minute")
  const spool = yield* Spool.make(
    yield* fs.makeTempDirectoryScoped({ directory: options.temporaryDirectory, prefix: temporaryPrefix })
  )
  const removeAbandoned = Effect.ignore(
    Effect.flatMap(rules.now, (now) => spool.removeStaleBeside(temporaryPrefix, now))
  )
  yield* removeAbandoned

  const keyOf = (id: string) => `${prefix}${id}`

  const stored = (file: Parameters<typeof rules.stored>[0]) =>
    Effect.map(
      publicUrl === undefined ? s3.presign(keyOf(file.id), urlExpiry) : Effect.succeed(publicUrl(keyOf(file.id))),
      (url) => rules.stored(file, url)
    )

  /**
   * Renews the age of an existing object by copying it onto itself. Returns
   * whether the object existed. S3 reports a copy that fails late in the body of
   * a response with status 200
   * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html).
   */
  const refresh = (id: string, contentType: string) =>
    s3.elements({
      method: "PUT",
      key: keyOf(id),
      headers: {
        "content-type": contentType,
        "x-amz-copy-source": `/${options.bucket}/${keyOf(id)}`,
        "x-amz-metadata-directive": "REPLACE"
      }
    }, ["CopyObjectResult"]).pipe(
      Effect.map((elements) => elements.length > 0),
      // Any other refusal of the copy is ignored: the upload that follows fails if it matters.
      Effect.catch((error) => error.isTransient ? Effect.fail(error) : Effect.succeed(false))
    )

  const upload = (id: string, contentType: string, file: Spool.Spooled) =>
    Effect.scoped(s3.request({
      method: "PUT",
      key: keyOf(id),
      headers: { "content-type": contentType },
      body: { stream: fs.stream(file.path), size: file.size, sha256: Hex.encode(file.sha256) }
    }))

  const put = Effect.fnUntraced(
    function*<E>(media: { readonly contentType: string; readonly stream: Stream.Stream<Uint8Array, E> }) {
      const contentType = yield* rules.contentTypeOf(media.contentType)
      const file = yield* spool.write(media.stream, { before: new Uint8Array(), isKept: false })
      const id = yield* idOf(file.sha256, contentType)
      const renewed = yield* Effect.mapError(refresh(id, contentType), failed("put"))
      if (!renewed) yield* Effect.mapError(upload(id, contentType, file), failed("put"))
      return yield* stored({ id, contentType, size: file.size, storedAt: yield* rules.now })
    },
    Effect.scoped
  )

  const getFailed = (error: S3Client.S3Failed): MediaError =>
    error.code === "NoSuchKey" ? rules.notStored() : failed("get")(error)

  /**
   * Returns the headers of the object. A 404 to a HEAD request has no body, so a
   * GET request determines whether the object or the bucket is missing.
   */
  const head = (id: string) =>
    Effect.scoped(s3.request({ method: "HEAD", key: keyOf(id) })).pipe(
      Effect.catchIf(
        ({ status }) => status === 404,
        () => Effect.scoped(s3.request({ method: "GET", key: keyOf(id) }))
      ),
      Effect.map(({ headers }) => headers),
      Effect.mapError(getFailed)
    )

  const broken = (error: HttpClientError.HttpClientError) => getFailed(S3Client.connectionFailed(error))

  const timedOut = () => Stream.fail(rules.failed("get", "Timeout"))

  const read = (id: string, size: number, from: number, to: number) => {
    const isWhole = from === 0 && to === size
    const headers = isWhole ? {} : { range: `bytes=${from}-${to - 1}` }
    return s3.request({ method: "GET", key: keyOf(id), headers }).pipe(
      Effect.mapError(getFailed),
      Effect.map((response) => {
        const bytes = Stream.mapError(response.stream, broken).pipe(
          Stream.timeoutOrElse({ duration: timeout, orElse: timedOut })
        )
        const offset = offsetOf(response)
        return isWhole ? bytes : cut(bytes, from - offset, to - offset)
      }),
      Stream.unwrap
    )
  }

  const get = Effect.fnUntraced(function*(text: string, range?: Range) {
    const { extension, id } = yield* rules.parse(text)
    const headers = yield* head(id)
    const contentType = headers["content-type"] ?? "application/octet-stream"
    const storedAt = millisOf(headers["last-modified"])
    if (
      storedAt === undefined || !rules.fits(extension, contentType) || age.isExpired(storedAt, yield* rules.now)
    ) return yield* rules.notStored()
    const size = Number(headers["content-length"] ?? 0)
    const { from, to } = rules.within(size, range)
    return {
      media: yield* stored({ id, contentType, size, storedAt }),
      stream: from === to ? Stream.empty : read(id, size, from, to)
    }
  })

  /** Returns one page of objects, and the token of the next page. */
  const list = (continuation: string | undefined) =>
    s3.elements({
      method: "GET",
      query: {
        "list-type": "2",
        prefix,
        ...continuation === undefined ? {} : { "continuation-token": continuation }
      }
    }, ["ListBucketResult", "*"])

  const isOld = (storedAt: number | undefined) =>
    Effect.map(rules.now, (now) => storedAt !== undefined && age.isExpired(storedAt, now))

  /** Returns the key if the element is an expired object of this store. The prefix may contain foreign objects. */
  const oldKey = Effect.fnUntraced(function*(element: Xml.Element) {
    const key = S3Client.textOf(S3Client.childOf(element, "Key"))
    const old = yield* isOld(millisOf(S3Client.textOf(S3Client.childOf(element, "LastModified"))))
    return old && key.startsWith(prefix) && rules.isId(key.slice(prefix.length)) ? key : undefined
  })

  /** Checks the age again before deleting, because the listing may be minutes old. */
  const removeOld = Effect.fnUntraced(
    function*(key: string) {
      const { headers } = yield* s3.request({ method: "HEAD", key })
      if (!(yield* isOld(millisOf(headers["last-modified"])))) return 0
      yield* s3.request({ method: "DELETE", key })
      return 1
    },
    Effect.scoped,
    Effect.catchIf(({ status }) => status === 404, () => Effect.succeed(0))
  )

  /** Asks first whether the object exists, because a deletion succeeds either way. */
  const remove = (text: string) =>
    rules.whenNamed(text, (id) =>
      head(id).pipe(
        Effect.andThen(
          Effect.scoped(s3.request({ method: "DELETE", key: keyOf(id) })).pipe(
            Effect.mapError(failed("delete"))
          )
        ),
        Effect.as(true),
        Effect.catchIf(({ reason }) => reason._tag === "NotStored", () => Effect.succeed(false))
      ))

  const cleanUp = Effect.gen(function*() {
    yield* removeAbandoned
    let removed = 0
    let continuation: string | undefined
    do {
      const page = yield* list(continuation)
      const keys = yield* Effect.forEach(page.filter(({ name }) => name === "Contents"), oldKey)
      const counts = yield* Effect.forEach(keys.filter((key) => key !== undefined), removeOld, { concurrency: 4 })
      removed += counts.reduce((sum, count) => sum + count, 0)
      continuation = S3Client.textOf(page.find(({ name }) => name === "NextContinuationToken")) || undefined
    } while (continuation !== undefined)
    return removed
  }).pipe(Effect.mapError(failed("cleanUp")))

  yield* age.schedule(cleanUp)
  return MediaStore.of({ put, get, delete: remove, cleanUp })
})

/**
 * Provides {@link MediaStore} with a bucket.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  MediaStore,
  CryptoError.CryptoError | PlatformError.PlatformError | Cause.IllegalArgumentError,
  Needs
> => Layer.effect(MediaStore, make(options))
