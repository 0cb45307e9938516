/**
 * A client for the operations API, derived from its definition.
 *
 * **Example** (Deciding about unknown sends)
 *
 * ```ts
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Console, Effect, Layer, Redacted } from "effect"
 * import { OperationsClient } from "effect-sms"
 *
 * const Client = OperationsClient.layer({ baseUrl: "https://sms.example.com", token: Redacted.make("…") }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * export const giveUp = Effect.fnUntraced(function*(id: string) {
 *   const client = yield* OperationsClient.OperationsClient
 *   const intent = yield* client.giveUp({ params: { id } })
 *   yield* Console.log(intent.state)
 * }, Effect.provide(Client))
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
import type { Consents } from "./ConsentApi.ts"
import type { Forwarding } from "./ForwardingApi.ts"
import type { Options } from "./MessagesClient.ts"
import { type Operations, OperationsApi } from "./OperationsApi.ts"

/**
 * The members of {@link OperationsClient}. Each problem response is an error
 * class of its own, such as `NotFound`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service
  extends
    HttpApiClient.Client.Group<typeof Operations, never, never>,
    HttpApiClient.Client.Group<typeof Consents, never, never>,
    HttpApiClient.Client.Group<typeof Forwarding, never, never>
{}

/**
 * The service that an operator's program uses.
 *
 * @category services
 * @since 0.1.0
 */
export class OperationsClient
  extends Context.Service<OperationsClient, Service>()("effect-sms/http/OperationsClient")
{}

/**
 * Builds a client of the server at the base URL. The token needs the scopes
 * `read` and `operate`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { baseUrl, token, transformClient = identity }: Options
): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const bearer = HttpClientRequest.bearerToken(token)
    const httpClient = transformClient(HttpClient.mapRequest(yield* HttpClient.HttpClient, bearer))
    return {
      ...yield* HttpApiClient.group(OperationsApi, { group: "operations", baseUrl, httpClient }),
      ...yield* HttpApiClient.group(OperationsApi, { group: "consents", baseUrl, httpClient }),
      ...yield* HttpApiClient.group(OperationsApi, { group: "forwarding", baseUrl, httpClient })
    }
  })

/**
 * Provides {@link OperationsClient}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<OperationsClient, never, HttpClient.HttpClient> =>
  Layer.effect(OperationsClient, make(options))
