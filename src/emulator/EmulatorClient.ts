/**
 * A client for the API that controls the emulator, derived from its definition.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { EmulatorClient } from "effect-sms/emulator"
 * import { FetchHttpClient } from "effect/http"
 *
 * export const received = Effect.gen(function*() {
 *   const emulator = yield* EmulatorClient.make({ baseUrl: "http://127.0.0.1:4010" })
 *   yield* emulator.text({ params: { number: "+15145550142" }, payload: { text: "Is my order on its way?" } })
 *   yield* emulator.quiet({ payload: {} })
 *   return yield* emulator.received({ params: { number: "+15145550142" } })
 * }).pipe(Effect.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { type Control, EmulatorApi } from "./EmulatorApi.ts"

/**
 * The members of {@link EmulatorClient}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends HttpApiClient.Client.Group<typeof Control, never, never> {}

/**
 * The service that controls an emulator over HTTP.
 *
 * @category services
 * @since 0.1.0
 */
export class EmulatorClient extends Context.Service<EmulatorClient, Service>()("effect-sms/emulator/EmulatorClient") {}

/**
 * Options of the client.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The address of the emulator, such as `http://127.0.0.1:4010`. */
  readonly baseUrl: string
}

/**
 * Makes a client.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ baseUrl }: Options): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.flatMap(
    HttpClient.HttpClient,
    (httpClient) => HttpApiClient.group(EmulatorApi, { group: "emulator", baseUrl, httpClient })
  )

/**
 * Provides {@link EmulatorClient}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<EmulatorClient, never, HttpClient.HttpClient> =>
  Layer.effect(EmulatorClient, make(options))
