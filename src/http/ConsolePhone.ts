/**
 * The phone of an emulator, beside the console: what the page asks of the
 * emulator goes through this server, so that the page still asks no other one.
 *
 * Only a session of the console whose token has the scope `send` is let through,
 * and only to what a phone needs.
 *
 * **Example** (Showing the phone)
 *
 * ```ts
 * import { NodeHttpClient, NodeServices } from "@effect/platform-node"
 * import { ConsolePhone, ConsoleServer, ConsoleSessions } from "effect-sms"
 * import { Layer, Redacted } from "effect"
 *
 * const sessions = ConsoleSessions.layer({ adminToken: Redacted.make("a long random text") })
 *
 * export const layer = Layer.provide(ConsoleServer.layer(), [
 *   sessions,
 *   NodeServices.layer,
 *   Layer.provide(ConsolePhone.layer({ url: "http://127.0.0.1:4010" }), NodeHttpClient.layerUndici)
 * ])
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Draining } from "./Draining.ts"
import * as RequestBody from "./internal/requestBody.ts"
import * as Problems from "./Problems.ts"

/**
 * The way to the emulator.
 *
 * @category services
 * @since 0.1.0
 */
export class ConsolePhone extends Context.Service<ConsolePhone, {
  /** Passes a request with the path of the control API on, and answers as the emulator does. */
  readonly forward: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    | Problems.BadRequest
    | Problems.NotFound
    | Problems.ContentTooLarge
    | Problems.RequestTimeout
    | Problems.UnsupportedMediaType
    | Problems.ServiceUnavailable,
    HttpServerRequest.HttpServerRequest
  >
}>()("effect-sms/http/ConsolePhone") {}

/**
 * Options of the phone.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The address of the emulator, such as `http://127.0.0.1:4010`. */
  readonly url: string
}

/** What a phone needs of the control API. */
const allowed: ReadonlyArray<readonly [method: string, path: RegExp]> = [
  ["GET", /^\/?$/],
  ["POST", /^\/people\/(?:\+|%2B)\d{1,15}\/messages$/i],
  ["GET", /^\/people\/(?:\+|%2B)\d{1,15}\/phone$/i],
  ["GET", /^\/files\/\w{1,64}$/],
  ["POST", /^\/faults$/],
  ["DELETE", /^\/faults\/\w{1,20}$/]
]

/** The emulator takes pictures as Base64 in JSON. */
const readBody = RequestBody.reader(8_500_000, "30 seconds")

const gone = new Problems.ServiceUnavailable({ detail: "The emulator does not answer" })

/**
 * Makes the way to an emulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { url }: Options
): Effect.fn.Return<ConsolePhone["Service"], never, HttpClient.HttpClient> {
  const client = yield* HttpClient.HttpClient
  const draining = yield* Draining
  const base = url.replace(/\/+$/, "")
  return ConsolePhone.of({
    forward: Effect.fnUntraced(function*(request) {
      const path = /\/_emulator(\/[^?#]*|)$/.exec(request.url)?.[1]
      if (path === undefined || !allowed.some(([method, pattern]) => method === request.method && pattern.test(path))) {
        yield* RequestBody.leave(request)
        return yield* new Problems.NotFound({})
      }
      const target = HttpClientRequest.make(request.method as "GET")(`${base}/_emulator${path}`)
      const body = request.method === "POST"
        ? yield* Effect.catch(readBody(request), (reason) =>
          Effect.fail(
            reason._tag === "BodyTimeout"
              ? new Problems.RequestTimeout({ detail: reason.message })
              : Problems.fromBodyReason(reason)
          ))
        : undefined
      const response = yield* client.execute(
        body === undefined ? target : HttpClientRequest.bodyUint8Array(target, body, "application/json")
      ).pipe(Effect.catch(() => Effect.fail(gone)))
      const contentType = response.headers["content-type"] ?? "application/json"
      const { status } = response
      if (contentType.startsWith("text/event-stream")) {
        return HttpServerResponse.stream(Stream.interruptWhen(response.stream, draining), {
          status,
          contentType,
          headers: { "x-accel-buffering": "no" }
        })
      }
      const bytes = new Uint8Array(yield* Effect.catch(response.arrayBuffer, () => Effect.fail(gone)))
      // A file that a person sent may be a page: the console shows it from memory, and only pictures.
      const isFile = path.startsWith("/files/")
      return HttpServerResponse.uint8Array(bytes, {
        status,
        contentType: isFile ? "application/octet-stream" : contentType
      })
    })
  })
})

/**
 * Provides the way to an emulator. Provide it to `ConsoleServer.layer`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<ConsolePhone, never, HttpClient.HttpClient> =>
  Layer.effect(ConsolePhone, make(options))
