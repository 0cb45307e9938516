/**
 * Serves the console under `/console`: the page where people read and answer
 * messages. It asks this server alone, and runs no script but its own.
 *
 * The page is built into `dist/console` of the package.
 *
 * **Example** (Serving the console beside the API)
 *
 * ```ts
 * import { NodeServices } from "@effect/platform-node"
 * import { ConsoleServer, ConsoleSessions, MessagesServer, WebhookServer } from "effect-sms"
 * import { Layer, Redacted } from "effect"
 *
 * const options = { adminToken: Redacted.make("a long random text") }
 * const sessions = ConsoleSessions.layer(options)
 *
 * export const layer = WebhookServer.serveRoutes(
 *   Layer.merge(
 *     Layer.provide(MessagesServer.layer(options), sessions),
 *     Layer.provide(ConsoleServer.layer(), [sessions, NodeServices.layer])
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { MediaStore } from "../media/MediaStore.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { ConsoleApi, sessionViewOf } from "./ConsoleApi.ts"
import { ConsolePhone } from "./ConsolePhone.ts"
import { ConsoleSessions, type Session } from "./ConsoleSessions.ts"
import * as ConsoleFiles from "./internal/consoleFiles.ts"
import * as ReadRequest from "./internal/readRequest.ts"
import * as SafeHeaders from "./internal/safeHeaders.ts"
import * as Problems from "./Problems.ts"

/**
 * Options of the console.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The addresses below which the files of messages are, besides `/media` of
   * this server: `https://media.example.com/files`. Pictures of another address
   * are links.
   */
  readonly mediaUrls?: ReadonlyArray<string> | undefined
}

const foreign = new Problems.Forbidden({ detail: "Only the console's own page can do this" })

const closed = new Problems.Forbidden({ detail: "The console needs a server with an admin token: set ADMIN_TOKEN" })

/** The addresses as sources of a policy: with a slash at the end, they stand for all that is below them. */
const sourcesOf = ({ mediaUrls = [] }: Options): ReadonlyArray<string> =>
  mediaUrls.flatMap((text) => {
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol)) return []
    return [`${url.origin}${url.pathname.replace(/\/*$/, "/").replaceAll(/[;,]/g, encodeURIComponent)}`]
  })

const handlers = (options: Options) =>
  HttpApiBuilder.group(
    ConsoleApi,
    "session",
    Effect.fnUntraced(function*(handlers) {
      const sessions = yield* ConsoleSessions
      const providers = (yield* SmsProviders).all.map(({ name }) => name)
      const media = Option.isSome(yield* Effect.serviceOption(MediaStore))
      const phone = Option.isSome(yield* Effect.serviceOption(ConsolePhone))

      const setCookie = Effect.fnUntraced(function*(session: Session | undefined) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const { name, options, value } = yield* sessions.cookie(request, session)
        yield* HttpEffect.appendPreResponseHandler((_request, response) =>
          Effect.orDie(HttpServerResponse.setCookie(response, name, value, options))
        )
      })

      const view = Effect.fnUntraced(function*(session: Session) {
        yield* setCookie(session)
        return sessionViewOf({ ...session.token, media, mediaUrls: sourcesOf(options), phone, providers })
      })

      const requireOwn = Effect.flatMap(
        HttpServerRequest.HttpServerRequest,
        (request) => sessions.isOwn(request) ? Effect.void : Effect.fail(foreign)
      )

      return handlers.handleAll({
        get: Effect.fnUntraced(function*() {
          const session = yield* sessions.ofRequest(yield* HttpServerRequest.HttpServerRequest)
          return session === undefined ? null : yield* view(session)
        }),
        login: Effect.fnUntraced(function*({ payload: { token } }) {
          yield* requireOwn
          if (!sessions.isOpen) return yield* closed
          const session = yield* sessions.open(token.trim())
          if (session === undefined) return yield* new Problems.Unauthorized({ detail: "No token of this server" })
          return yield* view(session)
        }),
        logout: Effect.fnUntraced(function*() {
          yield* requireOwn
          yield* setCookie(undefined)
        })
      })
    })
  )

/** Serves the files of the page. */
const layerFiles = (options: Options) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const files = yield* ConsoleFiles.make(sourcesOf(options))
    // Also the route `/console`.
    yield* router.add(
      "GET",
      "/console/*",
      Effect.catch(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, files),
        HttpServerRespondable.toResponse
      )
    )
  }))

/** Passes the requests of the phone on to the emulator, if there is one. */
const layerPhone = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const phone = Option.getOrUndefined(yield* Effect.serviceOption(ConsolePhone))
  if (phone === undefined) return
  const sessions = yield* ConsoleSessions
  const forward = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
    const session = yield* sessions.ofRequest(request)
    if (session === undefined) return yield* new Problems.Unauthorized({})
    if (!session.token.scopes.includes("send")) {
      return yield* new Problems.Forbidden({ detail: "The token needs the scope send" })
    }
    return yield* phone.forward(request)
  })
  yield* router.add(
    "*",
    "/console/_emulator/*",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, forward).pipe(
      Effect.catch(HttpServerRespondable.toResponse),
      Effect.map(SafeHeaders.withSafeHeaders)
    )
  )
}))

/**
 * Provides the page and the endpoints of its session. `ConsoleSessions` must be
 * provided to it, and to the routes of `MessagesServer`. With `ConsolePhone`,
 * the page has the phone of an emulator.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}) =>
  Layer.mergeAll(
    Layer.provide(
      HttpApiBuilder.layer(ConsoleApi),
      Layer.provide(handlers(options), ReadRequest.layer({ maxBodyBytes: 4096 }))
    ),
    layerFiles(options),
    layerPhone
  ).pipe(Layer.provide(SafeHeaders.layer))
