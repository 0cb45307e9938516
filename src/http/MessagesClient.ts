/**
 * A client for the endpoints of messages and events, derived from their API
 * definition.
 *
 * **Example** (Sending through a server)
 *
 * ```ts
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Address, MessagesClient } from "effect-sms"
 *
 * const Client = MessagesClient.layer({ baseUrl: "https://sms.example.com", token: Redacted.make("…") }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * export const send = MessagesClient.MessagesClient.use(({ send }) =>
 *   send({
 *     payload: { to: Address.Address.make("+15145550142"), text: "Your parcel is on its way." },
 *     headers: { "idempotency-key": "order-17" }
 *   })
 * ).pipe(
 *   Effect.catchTag("UnprocessableContent", ({ reason, type }) => Effect.log(`refused: ${reason}, see ${type}`)),
 *   Effect.provide(Client)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { Entry } from "../events/EventLog.ts"
import * as Following from "./internal/following.ts"
import type { FollowError, FollowOptions } from "./internal/following.ts"
import type { Lists } from "./ListsApi.ts"
import { type Messages, MessagesApi } from "./MessagesApi.ts"

export type { FollowError, FollowOptions } from "./internal/following.ts"

/**
 * The members of {@link MessagesClient}. Each problem response is an error
 * class of its own, such as `UnprocessableContent` or `GatewayTimeout`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends HttpApiClient.Client.Group<typeof Messages, never, never> {
  /** The lists of messages and deliveries, in pages. They need a token with the scope `read`. */
  readonly lists: HttpApiClient.Client.Group<typeof Lists, never, never>
  /**
   * Streams what happens on the server. Reconnects after the last event when the
   * connection is lost or the server restarts, so the stream has no gap and no
   * repetition, and fails only if the server refuses. Kinds of events that this
   * version does not know are skipped.
   */
  readonly follow: (options?: FollowOptions) => Stream.Stream<Entry, FollowError>
}

/**
 * The service that sends messages through a server and follows what happens.
 *
 * @category services
 * @since 0.1.0
 */
export class MessagesClient extends Context.Service<MessagesClient, Service>()("effect-sms/http/MessagesClient") {}

/**
 * Options of the client.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The address of the server, such as `https://sms.example.com`. */
  readonly baseUrl: string
  /** The admin token of the server, or a token with the scopes that the calls need. */
  readonly token: Redacted.Redacted<string>
  /**
   * Transforms the HTTP client. Retrying is safe only with an idempotency key:
   * without one, every request sends the message again.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * Builds a client of the server at the base URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { baseUrl, token, transformClient = identity }: Options
): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const httpClient = yield* HttpClient.HttpClient
    const { events, lists, messages } = yield* HttpApiClient.makeWith(MessagesApi, {
      baseUrl,
      httpClient: transformClient(HttpClient.mapRequest(httpClient, HttpClientRequest.bearerToken(token)))
    })
    return MessagesClient.of({ ...messages, lists, follow: Following.make(events.follow) })
  })

/**
 * Provides {@link MessagesClient}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<MessagesClient, never, HttpClient.HttpClient> =>
  Layer.effect(MessagesClient, make(options))
