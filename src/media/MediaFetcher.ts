/**
 * Fetches media files from carriers safely.
 *
 * The URL of a file is untrusted, and so are its redirects, headers and bytes.
 * A file is fetched only from allowed hosts, over https, from public addresses
 * (see {@link GuardedClient}), within limits on redirects, time and size, and
 * only if its bytes are of an allowed type. Nothing is decompressed, and only a
 * chunk of the file is in memory at a time.
 *
 * **Example** (Fetching from one host)
 *
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { MediaFetcher } from "effect-sms"
 * import * as NodeGuardedClient from "effect-sms/media/NodeGuardedClient"
 *
 * export const Fetcher = MediaFetcher.layer({
 *   hosts: ["api.twilio.com"],
 *   credentials: { "api.twilio.com": MediaFetcher.basic("AC…", Redacted.make("…")) },
 *   maxBytes: 5 * 1024 * 1024
 * }).pipe(Layer.provide(NodeGuardedClient.layer()))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SteadyClock from "../internal/steadyClock.ts"
import type { Any, MediaCredentials } from "../provider/Carrier.ts"
import { GuardedClient, type GuardedResponse } from "./GuardedClient.ts"
import * as Body from "./internal/fetchBody.ts"
import * as Target from "./internal/fetchTarget.ts"
import * as TypeRules from "./internal/typeRules.ts"
import {
  InvalidBody,
  MediaError,
  type MediaErrorReason,
  TooLarge,
  TooManyRedirects,
  UnexpectedStatus
} from "./MediaError.ts"

/**
 * A file being received. The size and time limits apply while the stream runs:
 * it fails when one is exceeded.
 *
 * @category models
 * @since 0.1.0
 */
export interface FetchedMedia {
  /** The MIME type, detected from the bytes. */
  readonly contentType: string
  /** The size in bytes, if the host declared it. */
  readonly size: number | undefined
  /** The content. Runs only once; a second run dies. */
  readonly stream: Stream.Stream<Uint8Array, MediaError>
}

/**
 * The service that fetches media files.
 *
 * @category services
 * @since 0.1.0
 */
export class MediaFetcher extends Context.Service<MediaFetcher, {
  /** Returns whether the URL is on an allowed host. */
  readonly handles: (url: string) => boolean
  /**
   * Starts to fetch a file. Returns once the headers and enough of the body to
   * detect the type have arrived. Closing the scope closes the connection.
   * `mimeType` is the type that the carrier declared.
   */
  readonly fetch: (
    url: string,
    options?: { readonly mimeType?: string | undefined }
  ) => Effect.Effect<FetchedMedia, MediaError, Scope.Scope>
}>()("effect-sms/media/MediaFetcher") {}

/**
 * The credentials that a media host requires. See {@link basic} and {@link
 * bearer}.
 *
 * @category models
 * @since 0.1.0
 */
export type Credentials = MediaCredentials

/**
 * Builds credentials from a user name and a password: for Twilio an API key and
 * its secret, or the account SID and the auth token
 * (https://www.twilio.com/docs/messaging/api/media-resource).
 *
 * @category constructors
 * @since 0.1.0
 */
export const basic = (username: string, password: Redacted.Redacted<string>): Credentials => ({
  scheme: "Basic",
  username,
  password
})

/**
 * Builds credentials from a token: for Telnyx an API key, although only one of
 * its documentation pages requires it
 * (https://developers.telnyx.com/docs/messaging/messages/receive-message).
 *
 * **Example** (Fetching with an API key)
 *
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { MediaFetcher } from "effect-sms"
 * import * as NodeGuardedClient from "effect-sms/media/NodeGuardedClient"
 *
 * export const Fetcher = MediaFetcher.layer({
 *   hosts: ["api.example.com"],
 *   credentials: { "api.example.com": MediaFetcher.bearer(Redacted.make("…")) }
 * }).pipe(Layer.provide(NodeGuardedClient.layer()))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const bearer = (token: Redacted.Redacted<string>): Credentials => ({ scheme: "Bearer", token })

/**
 * Options of the fetcher.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The carriers to fetch from: their media hosts, and those that they redirect to. */
  readonly carriers?: ReadonlyArray<Pick<Any, "media">> | undefined
  /** More hosts to fetch from: names, or `*.name` for all below one. Without these and carriers, nothing is fetched. */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** More hosts that a redirect may lead to, besides `hosts`. */
  readonly redirectHosts?: ReadonlyArray<string> | undefined
  /**
   * Credentials by host, or by `host:port` for a test host. They are sent only to
   * the host of the first URL. A redirect to another host, port or scheme drops
   * them for all further requests.
   */
  readonly credentials?: Readonly<Record<string, Credentials>> | undefined
  /**
   * Test hosts as `host:port`. Each counts as allowed and may use http, this port
   * and a non-public address: for tests, and for a carrier on this machine. Pass
   * the same hosts to the guarded client.
   */
  readonly testHosts?: ReadonlyArray<string> | undefined
  /** The maximum number of redirects. 3 by default. */
  readonly maxRedirects?: number | undefined
  /**
   * The maximum size in bytes. 10 MiB by default: the largest carrier message is
   * 5 MB (https://www.twilio.com/docs/messaging/api/media-resource).
   */
  readonly maxBytes?: number | undefined
  /** The timeout to connect and to receive the headers, per request. 10 seconds by default. */
  readonly headersTimeout?: Duration.Input | undefined
  /** The idle timeout between two chunks. 10 seconds by default. */
  readonly idleTimeout?: Duration.Input | undefined
  /** The total timeout, including redirects, the body and its consumer. 60 seconds by default. */
  readonly totalTimeout?: Duration.Input | undefined
  /**
   * The allowed MIME types. {@link defaultTypes} by default. Of a format of text
   * or an office document, the declared type is stored if it is listed and the
   * bytes do not contradict it.
   */
  readonly allowedTypes?: ReadonlyArray<string> | undefined
}

/**
 * What people send each other by MMS. No HTML, SVG, XML, script or archive:
 * whoever serves the files would serve those from their own origin.
 *
 * **Example** (What is not fetched)
 *
 * ```ts run
 * import { MediaFetcher } from "effect-sms"
 *
 * MediaFetcher.defaultTypes.includes("image/jpeg") // => true
 * MediaFetcher.defaultTypes.includes("image/svg+xml") // => false
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultTypes: ReadonlyArray<string> = [
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "image/heic",
  "image/heif",
  "image/bmp",
  "image/tiff",
  "video/mp4",
  "video/3gpp",
  "video/3gpp2",
  "video/quicktime",
  "video/mpeg",
  "video/webm",
  "audio/mpeg",
  "audio/mp4",
  "audio/amr",
  "audio/ogg",
  "audio/wav",
  "audio/3gpp",
  "audio/3gpp2",
  "application/pdf",
  "text/vcard"
]

const authorization = (credentials: Credentials): string =>
  credentials.scheme === "Bearer"
    ? `Bearer ${Redacted.value(credentials.token)}`
    : `Basic ${Base64.encode(`${credentials.username}:${Redacted.value(credentials.password)}`)}`

/** Indexes the authorization header values by `host:port`. */
const credentialsByEndpoint = (all: Readonly<Record<string, Credentials>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(all).flatMap(([host, credentials]) => {
      const url = URL.parse(`https://${host}`)
      return url === null ? [] : [[Target.endpoint(url), authorization(credentials)] as const]
    })
  )

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status)

/** Returns the declared length. HTTP requires all `content-length` headers to be equal. */
const announcedSize = (response: GuardedResponse): number | undefined => {
  const [length] = response.header("content-length")
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined
}

const isEncoded = (response: GuardedResponse) =>
  response.header("content-encoding").some((value) => value.trim().toLowerCase() !== "identity")

/**
 * Builds the fetcher.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<MediaFetcher["Service"], never, GuardedClient> {
  const client = yield* GuardedClient
  const maxRedirects = options.maxRedirects ?? 3
  const maxBytes = options.maxBytes ?? 10 * 1024 * 1024
  const headersMillis = Duration.toMillis(options.headersTimeout ?? "10 seconds")
  const idleMillis = Duration.toMillis(options.idleTimeout ?? "10 seconds")
  const totalMillis = Duration.toMillis(options.totalTimeout ?? "1 minute")
  const types = new Set((options.allowedTypes ?? defaultTypes).map(TypeRules.normalize))
  const credentials = credentialsByEndpoint(options.credentials ?? {})
  const media = (options.carriers ?? []).map(({ media }) => media)
  const hosts = [...media.flatMap(({ hosts }) => hosts), ...(options.hosts ?? [])]
  const isHost = Target.hosts(hosts)
  const isTestHost = Target.endpoints(options.testHosts ?? [])
  const isRedirectHost = Target.hosts([
    ...hosts,
    ...media.flatMap(({ redirectHosts = [] }) => redirectHosts),
    ...(options.redirectHosts ?? [])
  ])
  const target = Target.make({ isHost, isRedirectHost, isTestHost })

  const request = (url: URL, secret: string | undefined, deadline: number) =>
    client.send({
      url,
      headers: {
        accept: "*/*",
        "user-agent": "effect-sms",
        "accept-encoding": "identity",
        ...(secret !== undefined && { authorization: secret })
      }
    }).pipe(Body.withTimeLimit("headers", headersMillis, deadline))

  /** Follows redirects and returns the first response that is not one. */
  const follow = Effect.fnUntraced(function*(
    start: string,
    deadline: number
  ): Effect.fn.Return<GuardedResponse, MediaErrorReason, Scope.Scope> {
    const scope = yield* Effect.scope
    let url = yield* Effect.fromResult(target(start))
    let secret = credentials.get(Target.endpoint(url))
    for (let redirects = 0;; redirects++) {
      const connection = yield* Scope.fork(scope)
      const response = yield* Scope.provide(request(url, secret, deadline), connection)
      if (!isRedirect(response.status)) return response
      yield* Scope.close(connection, Exit.void)
      const [location, ...others] = response.header("location")
      if (location === undefined || others.length > 0 || redirects === maxRedirects) {
        return yield* new TooManyRedirects({ limit: maxRedirects })
      }
      const next = yield* Effect.fromResult(target(location, url))
      if (next.origin !== url.origin) secret = undefined
      url = next
    }
  })

  const open = Effect.fnUntraced(function*(
    url: string,
    mimeType: string | undefined
  ): Effect.fn.Return<Omit<FetchedMedia, "stream"> & Pick<Body.Peeked, "stream">, MediaErrorReason, Scope.Scope> {
    const deadline = (yield* SteadyClock.millis) + totalMillis
    const response = yield* follow(url, deadline)
    if (response.status !== 200) return yield* new UnexpectedStatus({ status: response.status })
    if (isEncoded(response)) return yield* new InvalidBody({ expected: "an uncompressed body" })
    const size = announcedSize(response)
    if (size !== undefined && size > maxBytes) return yield* new TooLarge({ limit: maxBytes })
    const pull = yield* Stream.toPull(response.stream)
    const limited = Body.limited(pull, { maxBytes, size, idleMillis, deadline })
    const { head, stream } = yield* Body.peek(limited, TypeRules.headLength)
    const contentType = yield* TypeRules.check(head, {
      isAllowed: (type) => types.has(type),
      declared: [...(mimeType === undefined ? [] : [mimeType]), ...response.header("content-type")]
    })
    return { contentType, size, stream }
  })

  return MediaFetcher.of({
    handles: (url) => {
      const parsed = URL.parse(url)
      return parsed !== null && (isHost(parsed.hostname) || isTestHost(parsed))
    },
    fetch: Effect.fn("MediaFetcher.fetch")(function*(url, { mimeType } = {}) {
      const scope = yield* Scope.fork(yield* Effect.scope)
      // The connection of a refused file must close even if the caller's scope stays open.
      const close = <A, E>(exit: Exit.Exit<A, E>) => Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void
      const { contentType, size, stream } = yield* Scope.provide(open(url, mimeType), scope).pipe(
        Effect.mapError((reason) => new MediaError({ reason })),
        Effect.onExit(close)
      )
      return {
        contentType,
        size,
        stream: Stream.mapError(stream, (reason) => new MediaError({ reason })).pipe(Stream.onExit(close))
      }
    })
  })
})

/**
 * Provides the fetcher. On Node, provide `NodeGuardedClient.layer` as the
 * guarded client.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<MediaFetcher, never, GuardedClient> =>
  Layer.effect(MediaFetcher, make(options))
