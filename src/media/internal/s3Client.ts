/**
 * Sends requests to a bucket, signed with AWS Signature Version 4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html),
 * and retries transient failures.
 */
import { AwsV4Signer } from "aws4fetch"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Xml from "effect/encoding/Xml"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

export interface Credentials {
  readonly accessKeyId: Redacted.Redacted<string>
  readonly secretAccessKey: Redacted.Redacted<string>
  readonly sessionToken?: Redacted.Redacted<string> | undefined
}

export interface ClientOptions {
  readonly bucket: string
  readonly region: string
  readonly endpoint?: string | undefined
  readonly pathStyle?: boolean | undefined
  readonly credentials: Credentials
  readonly timeout?: Duration.Input | undefined
  readonly retry?: Schedule.Schedule<unknown> | undefined
}

/** A refusal by S3, or a failure to reach it. `status` is absent when there was no response. */
export class S3Failed extends Data.TaggedError("S3Failed")<{
  readonly status: number | undefined
  readonly code: string
}> {
  /**
   * Whether a retry may succeed. Every request is idempotent: the content of a
   * key never changes.
   */
  get isTransient(): boolean {
    return this.status === undefined || this.status === 429 || (this.status >= 500 && this.status !== 501) ||
      // S3 sends this code with status 400.
      this.code === "RequestTimeout"
  }
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE"
  /** The object key. Absent for a request to the bucket itself. */
  readonly key?: string | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: {
    readonly stream: Stream.Stream<Uint8Array, unknown>
    readonly size: number
    /** The hash in hexadecimal. */
    readonly sha256: string
  } | undefined
}

export interface S3Client {
  /** Returns the response to a successful request. Its body can be read until the scope closes. */
  readonly request: (request: S3Request) => Effect.Effect<
    HttpClientResponse.HttpClientResponse,
    S3Failed,
    Scope.Scope
  >
  /** Returns the elements at the given path of the response's XML. */
  readonly elements: (request: S3Request, path: ReadonlyArray<string>) => Effect.Effect<
    ReadonlyArray<Xml.Element>,
    S3Failed
  >
  /** Returns a signed URL for downloading the object, which expires. */
  readonly presign: (key: string, expiresIn: Duration.Duration) => Effect.Effect<string>
}

/** The SHA-256 of an empty body. */
const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** Returns the URL of the bucket without a trailing slash. */
export const bucketUrl = (
  { bucket, endpoint, pathStyle, region }: Pick<ClientOptions, "bucket" | "endpoint" | "pathStyle" | "region">
) => {
  const url = URL.parse(endpoint ?? `https://s3.${region}.amazonaws.com`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search + url.hash + url.username + url.password !== "") {
    return Effect.fail(new Cause.IllegalArgumentError("The endpoint must be a URL such as https://s3.example.com"))
  }
  if (!bucketName.test(bucket)) {
    return Effect.fail(new Cause.IllegalArgumentError("The bucket name is invalid"))
  }
  const path = url.pathname.replace(/\/+$/, "")
  return Effect.succeed(
    pathStyle ?? endpoint !== undefined
      ? `${url.origin}${path}/${bucket}`
      : `${url.protocol}//${bucket}.${url.host}${path}`
  )
}

const codeForm = /^[A-Za-z0-9_]{2,60}$/

/** Returns the underlying error code, such as `ECONNREFUSED`. Never the message, which may contain a URL. */
const systemCode = (error: unknown, depth = 0): string | undefined => {
  if (typeof error !== "object" || error === null || depth > 5) return undefined
  const { cause, code, errors }: { cause?: unknown; code?: unknown; errors?: unknown } = error
  if (typeof code === "string" && codeForm.test(code)) return code
  return systemCode(cause, depth + 1) ?? (Array.isArray(errors) ? systemCode(errors[0], depth + 1) : undefined)
}

/** Maps a transport error. */
export const connectionFailed = (error: HttpClientError.HttpClientError): S3Failed =>
  new S3Failed({ status: undefined, code: systemCode(error) ?? "ConnectionFailed" })

const timedOut = () => new S3Failed({ status: undefined, code: "Timeout" })

export const textOf = (element: Xml.Element | undefined): string =>
  (element?.children ?? []).filter((child) => typeof child === "string").join("").trim()

export const childOf = (element: Xml.Element, name: string): Xml.Element | undefined =>
  // `find` does not narrow by the predicate, which excludes strings.
  element.children.find((child) => typeof child !== "string" && child.name === name) as Xml.Element | undefined

/** S3 errors are small. A larger body is not an S3 error and not worth reading. */
const limits = { maxTokenSize: 65_536, maxDepth: 16 }

/** `20130524T000000Z` */
const amzDate = (now: DateTime.Utc): string => DateTime.formatIso(now).replace(/[:-]|\.\d{3}/g, "")

export const make = Effect.fnUntraced(function*(options: ClientOptions): Effect.fn.Return<
  S3Client,
  Cause.IllegalArgumentError,
  HttpClient.HttpClient
> {
  const http = HttpClient.withScope(yield* HttpClient.HttpClient)
  const base = yield* bucketUrl(options)
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "1 minute")
  const retry = options.retry ?? Schedule.max([
    Schedule.exponential("200 millis").pipe(Schedule.jittered),
    Schedule.recurs(3)
  ])

  const urlOf = ({ key, query = {} }: Pick<S3Request, "key" | "query">): URL => {
    const url = new URL(key === undefined ? base : `${base}/${key}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }

  const sign = Effect.fnUntraced(function*(
    request: Pick<ConstructorParameters<typeof AwsV4Signer>[0], "method" | "url" | "headers" | "signQuery">
  ) {
    const datetime = amzDate(yield* DateTime.now)
    const { accessKeyId, secretAccessKey, sessionToken } = options.credentials
    const signer = new AwsV4Signer({
      ...request,
      accessKeyId: Redacted.value(accessKeyId),
      secretAccessKey: Redacted.value(secretAccessKey),
      ...sessionToken === undefined ? {} : { sessionToken: Redacted.value(sessionToken) },
      service: "s3",
      region: options.region,
      datetime,
      allHeaders: true
    })
    // Signing fails only for keys that are not strings, which the types rule out.
    return yield* Effect.promise(() => signer.sign())
  })

  const send = Effect.fnUntraced(function*(request: S3Request) {
    const { body, method } = request
    const { headers, url } = yield* sign({
      method,
      url: urlOf(request).href,
      headers: { ...request.headers, "x-amz-content-sha256": body?.sha256 ?? emptySha256 }
    })
    const unsent = HttpClientRequest.make(method)(url, { headers: Object.fromEntries(headers) })
    return yield* http.execute(
      body === undefined
        ? unsent
        : HttpClientRequest.bodyStream(unsent, body.stream, {
          contentLength: body.size,
          contentType: headers.get("content-type") ?? undefined
        })
    )
  })

  const codesIn = (response: HttpClientResponse.HttpClientResponse) =>
    response.stream.pipe(
      Stream.pipeThroughChannel(Xml.decode(limits)),
      Stream.pipeThroughChannel(Xml.elements(["Error", "Code"])),
      Stream.take(1),
      Stream.runCollect,
      Effect.orElseSucceed(() => [])
    )

  /** Builds the failure from an error response. Without an XML error code, the status becomes the code. */
  const refusal = Effect.fnUntraced(function*(response: HttpClientResponse.HttpClientResponse) {
    const [element] = yield* codesIn(response)
    const code = textOf(element)
    return new S3Failed({ status: response.status, code: codeForm.test(code) ? code : String(response.status) })
  })

  /** Returns the timeout of a request, extended in proportion to its body. */
  const limitOf = ({ body }: S3Request) => Duration.sum(timeout, Duration.millis((body?.size ?? 0) / 100))

  const attempt = (request: S3Request) =>
    Effect.mapError(send(request), connectionFailed).pipe(
      Effect.flatMap((response) =>
        response.status >= 200 && response.status < 300
          ? Effect.succeed(response)
          : Effect.flatMap(refusal(response), Effect.fail)
      ),
      Effect.timeoutOrElse({ duration: limitOf(request), orElse: () => Effect.fail(timedOut()) })
    )

  const retried = <A, R>(effect: Effect.Effect<A, S3Failed, R>) =>
    Effect.retry(effect, { schedule: retry, while: (error) => error.isTransient }).pipe(
      // Excluded from traces: keys protect files, and bucket names are confidential.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
    )

  const readElements = (path: ReadonlyArray<string>) =>
    Effect.fnUntraced(
      function*(request: S3Request) {
        const response = yield* attempt(request)
        return yield* response.stream.pipe(
          Stream.mapError(connectionFailed),
          Stream.pipeThroughChannel(Xml.decode<S3Failed>(limits)),
          Stream.pipeThroughChannel(Xml.elements<S3Failed | Xml.XmlError>(path)),
          Stream.runCollect,
          Effect.catchTag("XmlError", () => Effect.fail(new S3Failed({ status: undefined, code: "InvalidResponse" }))),
          Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(timedOut()) })
        )
      },
      Effect.scoped
    )

  return {
    request: (request) => retried(attempt(request)),
    elements: (request, path) => retried(readElements(path)(request)),
    presign: (key, expiresIn) =>
      sign({
        method: "GET",
        url: urlOf({ key, query: { "X-Amz-Expires": String(Math.floor(Duration.toSeconds(expiresIn))) } }).href,
        signQuery: true
      }).pipe(Effect.map(({ url }) => url.href))
  }
})
