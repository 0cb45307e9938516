/**
 * The server, as the page asks it: the endpoints of its API definition, with the
 * session's cookie.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Consents } from "../../http/ConsentApi.ts"
import { Session } from "../../http/ConsoleApi.ts"
import { Conversations } from "../../http/ConversationsApi.ts"
import { Events } from "../../http/EventsApi.ts"
import { Exchanges } from "../../http/ExchangesApi.ts"
import { ownHeader } from "../../http/internal/ownHeader.ts"
import { Lists } from "../../http/ListsApi.ts"
import { Messages } from "../../http/MessagesApi.ts"
import { Operations } from "../../http/OperationsApi.ts"
import { Statistics } from "../../http/StatsApi.ts"
import { Uploads } from "../../http/UploadsApi.ts"

const ConsoleClientApi = HttpApi.make("effect-sms")
  .add(Session)
  .add(Conversations)
  .add(Messages)
  .add(Lists)
  .add(Events)
  .add(Operations)
  .add(Consents)
  .add(Uploads)
  .add(Exchanges)
  .add(Statistics)

/** The server is one folder above the page, below whatever path a proxy adds. */
export const baseUrl = new URL("..", document.baseURI).href.replace(/\/$/, "")

const make = Effect.gen(function*() {
  const httpClient = yield* HttpClient.HttpClient
  return yield* HttpApiClient.makeWith(ConsoleClientApi, { baseUrl, httpClient })
})

/** The client of the server. */
export class Api extends Context.Service<Api, Effect.Success<typeof make>>()("effect-sms/console/Api") {}

/** Requests of this page, with the header by which the server knows them. */
const layerClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader(ownHeader, "1")))
).pipe(Layer.provide(FetchHttpClient.layer))

const runtime = ManagedRuntime.make(Layer.provideMerge(Layer.effect(Api, make), layerClient))

/** Runs an effect that asks the server. */
export const run = <A, E>(effect: Effect.Effect<A, E, Api | HttpClient.HttpClient>) => runtime.runFork(effect)
