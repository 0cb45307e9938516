/**
 * A client for `POST /messages` and `GET /messages/:id`, derived from their API
 * definition.
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
import { type Messages, MessagesApi } from "./MessagesApi.ts"

/**
 * The members of {@link MessagesClient}. Each problem response is an error
 * class of its own, such as `UnprocessableContent` or `GatewayTimeout`.
 *
 * @category models
 * @since 0.1.0
 */
export type Service = HttpApiClient.Client.Group<typeof Messages, never, never>

/**
 * The service that sends messages through a server.
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
  /** The admin token of the server. */
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
  Effect.flatMap(HttpClient.HttpClient, (httpClient) =>
    HttpApiClient.group(MessagesApi, {
      group: "messages",
      baseUrl,
      httpClient: transformClient(HttpClient.mapRequest(httpClient, HttpClientRequest.bearerToken(token)))
    }))

/**
 * Provides {@link MessagesClient}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<MessagesClient, never, HttpClient.HttpClient> =>
  Layer.effect(MessagesClient, make(options))
