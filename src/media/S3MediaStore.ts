/**
 * Keeps media files in a bucket: AWS S3, Cloudflare R2, MinIO, and what else
 * speaks the protocol of S3.
 *
 * A file is hashed before it is uploaded, because its hash is its name and is
 * signed: so it is written into a temporary directory first. `LastModified` of
 * the object is when it was stored. That is the clock of the bucket, and
 * {@link layer} compares it with the clock of this machine.
 *
 * The credentials need `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject` and, on
 * the bucket, `s3:ListBucket`: without the last one S3 answers 403 for an object
 * that is not there
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
 *
 * **Gotchas**
 *
 * The client of HTTP has to send `Content-Length` with a stream, as
 * `NodeHttpClient` does. `FetchHttpClient` leaves it out, and S3 refuses that.
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
 * What requests are signed with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Credentials {
  readonly accessKeyId: Redacted.Redacted<string>
  readonly secretAccessKey: Redacted.Redacted<string>
  /** Of temporary credentials. */
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
  /** `auto` for Cloudflare R2. */
  readonly region: string
  readonly credentials: Credentials
  /**
   * What ids are made with. It has to stay the same, or the same bytes are
   * stored twice, and to be the same for all processes that use the bucket.
   */
  readonly secret: Redacted.Redacted<string>
  /** That of AWS in the region by default, or for example `https://<account>.r2.cloudflarestorage.com`. */
  readonly endpoint?: string | undefined
  /**
   * Whether the bucket is named in the path of a URL, as in
   * `https://s3.example.com/bucket/…`, and not in its host. By default it is
   * when an endpoint is given.
   */
  readonly pathStyle?: boolean | undefined
  /** What the keys begin with, as in `media/`. Nothing by default. */
  readonly prefix?: string | undefined
  /**
   * What the URLs begin with, before `/` and the key, when whoever has the URL
   * of an object may read it: the address of a public bucket, or of a network
   * that delivers it. By default URLs are signed, and expire.
   */
  readonly publicBaseUrl?: string | undefined
  /** How long a signed URL is valid: an hour by default, seven days at most. */
  readonly urlExpiresIn?: Duration.Input | undefined
  /** The directory in which the one for temporary files is made. That of the system by default. */
  readonly temporaryDirectory?: string | undefined
  /**
   * How long a request may take, or a piece of a body that is received. A minute
   * by default. An upload may take ten seconds more for each megabyte.
   */
  readonly timeout?: Duration.Input | undefined
  /** When a request is repeated that S3 could not answer for now. Three times by default, 200 ms and more apart. */
  readonly retry?: Schedule.Schedule<unknown> | undefined
}

/** What the store needs. */
type Needs =
  | HttpClient.HttpClient
  | FileSystem.FileSystem
  | Path.Path
  | Mac.Mac
  | SecureRandom.SecureRandom
  | IncrementalHash

const illegal = (message: string) => Effect.fail(new Cause.IllegalArgumentError(message))

const prefixOf = ({ prefix = "" }: Options) =>
  /^(?:[\w-][\w.-]*\/)*(?:[\w-][\w.-]*)?$/.test(prefix)
    ? Effect.succeed(prefix)
    : illegal("The prefix must be of letters, digits, - _ . and /, and must not begin with . or /")

const urlExpiryOf = ({ urlExpiresIn = "1 hour" }: Options) => {
  const expiry = Duration.fromInputUnsafe(urlExpiresIn)
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  return Duration.between(expiry, { minimum: Duration.seconds(1), maximum: Duration.days(7) })
    ? Effect.succeed(expiry)
    : illegal("A signed URL is valid for at least one second, and for seven days at most")
}

const failed = (operation: StoreFailed["operation"]) => ({ code }: S3Client.S3Failed): MediaError =>
  rules.failed(operation, code)

const millisOf = (text: string | undefined): number | undefined =>
  text === undefined
    ? undefined
    : Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))

/** Where the bytes of a response begin. A server may send more than the range that it was asked for. */
const offsetOf = ({ headers }: HttpClientResponse.HttpClientResponse): number =>
  Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? 0)

/** The bytes from one place to another. */
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
 * Makes the store.
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
    yield* fs.makeTempDirectoryScoped({ directory: options.temporaryDirectory, prefix: "effect-sms-" })
  )

  const keyOf = (id: string) => `${prefix}${id}`

  const stored = (file: Parameters<typeof rules.stored>[0]) =>
    Effect.map(
      publicUrl === undefined ? s3.presign(keyOf(file.id), urlExpiry) : Effect.succeed(publicUrl(keyOf(file.id))),
      (url) => rules.stored(file, url)
    )

  /**
   * Whether the object was there: then it is copied onto itself, which makes it
   * new. S3 reports a copy that fails late in the body of a response with status 200
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
      // Whatever stands against a copy, the upload tells whether it matters.
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
   * The headers of the object. Those that say it is not there come without a
   * body, so a second request finds out whether the bucket is.
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

  /** The objects of a page, and where the next one begins. */
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

  /** The key of an object of this store that is old. Other things may be kept under the same prefix. */
  const oldKey = Effect.fnUntraced(function*(element: Xml.Element) {
    const key = S3Client.textOf(S3Client.childOf(element, "Key"))
    const old = yield* isOld(millisOf(S3Client.textOf(S3Client.childOf(element, "LastModified"))))
    return old && key.startsWith(prefix) && rules.isId(key.slice(prefix.length)) ? key : undefined
  })

  /** Asks once more before it deletes, because the list may be minutes old by then. */
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

  const cleanUp = Effect.gen(function*() {
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
  return MediaStore.of({ put, get, cleanUp })
})

/**
 * Provides {@link MediaStore} over a bucket.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  MediaStore,
  CryptoError.CryptoError | PlatformError.PlatformError | Cause.IllegalArgumentError,
  Needs
> => Layer.effect(MediaStore, make(options))
