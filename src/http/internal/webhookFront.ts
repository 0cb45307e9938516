/**
 * Answers webhooks on Node in front of the router.
 *
 * Most requests of a gateway are webhooks, and the way through Effect's server
 * and its router takes several times as long as to verify and decode them. The
 * front does the same with the bytes of Node, and leaves to the router whatever
 * is not the usual webhook: other spellings of a path, GET, a provider that is
 * not known, a body that does not come with its headers, and requests that are
 * traced.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpServerError from "effect/http/HttpServerError"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { SmsProviders } from "../../provider/SmsProviders.ts"
import type { WebhookResponse } from "../../WebhookRequest.ts"
import * as AccessLog from "./accessLog.ts"
import type { Fronted, FrontedRequest, FrontedResponse } from "./nodeFronted.ts"
import * as RequestId from "./requestId.ts"
import { safeHeaders, withSafeHeaders } from "./safeHeaders.ts"
import * as Turns from "./turns.ts"
import type { WebhookProblem } from "./webhookProcessing.ts"
import type { Asked, make as makeVerification } from "./webhookVerification.ts"

/** What the routes give to the front, which answers nothing before. */
export interface Handlers {
  readonly providers: SmsProviders["Service"]
  readonly verification: Pick<ReturnType<typeof makeVerification>, "examine" | "limitOf">
  /** Whether a request must go through the middleware that reads the headers of proxies. */
  readonly isForwarded: (headers: Readonly<Record<string, unknown>>) => boolean
  /** Verifies and processes a webhook. Tells the headers of a refusal to `onRefused`. */
  readonly handle: (
    asked: Asked,
    body: Uint8Array,
    onRefused: (headers: Readonly<Record<string, string>>) => void
  ) => Effect.Effect<WebhookResponse, WebhookProblem>
}

/** Where the routes put what they give to the front. */
export interface Front {
  handlers: Handlers | undefined
}

/** The front of the server, where it has one. */
export const WebhookFront: Context.Reference<Front | undefined> = Context.Reference(
  "effect-sms/http/WebhookFront",
  { defaultValue: (): Front | undefined => undefined }
)

export interface Options {
  readonly server: Fronted
  readonly front: Front
  readonly idOf: RequestId.IdOf
  readonly isLeaving: () => boolean
  readonly isSilent: boolean
}

/** A path that the front answers. */
interface Route {
  readonly provider: Provider
  readonly match: AccessLog.RouteMatch
  /** Those of an acknowledgement, without the id of the request. */
  readonly headers: ReadonlyArray<string>
}

/** A path of {@link WebhookApi} as carriers are told to write it. */
const path = /^\/webhooks\/sms\/([\w-]+)\/(inbound|status)$/

const encoder = new TextEncoder()

const routeOf = (providers: SmsProviders["Service"], url: string): Route | undefined => {
  const [, name = "", kind] = path.exec(url) ?? []
  const provider = Option.getOrUndefined(providers.find(name))
  if (provider === undefined) return undefined
  const { body, contentType } = provider.acknowledgement
  const headers = { "content-type": contentType, "content-length": String(encoder.encode(body).length), ...safeHeaders }
  return {
    provider,
    match: { params: { provider: name }, route: { path: `/webhooks/sms/:provider/${kind}` } },
    headers: Object.entries(headers).flat()
  }
}

/** Headers with which a request is not the usual one. */
const unusual = ["content-encoding", "transfer-encoding", "set-cookie", "upgrade"] as const

/** What is read of requests through proxies only, which the router answers. */
const nobody = { protocol: undefined, peerAddress: Option.none() }

/** A request that is being answered. */
interface Answering {
  readonly route: Route
  readonly asked: Asked
  readonly id: string
  /** When it came, of the monotonic clock. */
  readonly begun: bigint
}

type Answered = Exit.Exit<WebhookResponse, WebhookProblem>

/** Lets the server ask the front before its listeners, until the scope closes. */
export const install = Effect.fnUntraced(
  function*({ front, idOf, isLeaving, isSilent, server }: Options): Effect.fn.Return<void, never, Scope.Scope> {
    const context = yield* Effect.context()
    const scope = yield* Effect.scope
    if (Context.get(context, Tracer.Tracer) !== Tracer.nativeTracer) return
    const clock = Context.get(context, Clock.Clock)
    const annotations = Context.get(context, References.CurrentLogAnnotations)
    const spans = Context.get(context, References.CurrentLogSpans)
    const isClosing = () => isLeaving() || !server.listening
    // As many as there are providers, twice.
    const routes = new Map<string, Route>()
    const turns = Turns.make((flush) => server.afterReading(flush), () => clock.currentTimeMillisUnsafe())

    const write = (response: FrontedResponse, ...answer: Parameters<FrontedResponse["answer"]>) =>
      turns.write(() => {
        // Nothing can reach a client that has gone.
        if (response.destroyed) return
        try {
          response.answer(...answer)
        } catch {
          // A provider's header that HTTP cannot have. The carrier sends the webhook again.
          response.destroy()
        }
      })

    const respond = (response: FrontedResponse, { id, route: { headers, provider } }: Answering) => {
      const { body, status } = provider.acknowledgement
      const connection = isClosing() ? ["connection", "close"] : []
      write(response, status, [...headers, RequestId.header, id, ...connection], body)
      return status
    }

    const respondWith = (
      response: FrontedResponse,
      { id }: Answering,
      answer: HttpServerResponse.HttpServerResponse,
      refusal: Readonly<Record<string, string>>
    ) => {
      const { body, headers, status } = RequestId.withId(withSafeHeaders(answer), id)
      const fields = { ...headers, ...refusal, ...(isClosing() && { connection: "close" }) }
      write(response, status, Object.entries(fields).flat(), body._tag === "Uint8Array" ? body.body : "")
      return status
    }

    const answer = (response: FrontedResponse, answering: Answering, handlers: Handlers, body: Uint8Array): void => {
      const { asked, begun, id, route: { match } } = answering
      let refusal: Readonly<Record<string, string>> = {}
      const handled = handlers.handle(asked, body, (headers) => {
        refusal = headers
      })
      const record = (status: number, cause: Option.Option<Cause.Cause<unknown>> = Option.none()) =>
        AccessLog.record({ method: "POST", match, status, cause, begun }, isSilent)
      const finish = (exit: Answered) => {
        if (Exit.isSuccess(exit)) return record(respond(response, answering))
        const isProblem = exit.cause.reasons.every(({ _tag }) => _tag === "Fail")
        return Effect.flatMap(HttpServerError.causeResponse(exit.cause), ([problem, cause]) =>
          record(
            respondWith(response, answering, problem, refusal),
            isProblem ? Option.none() : HttpServerError.causeResponseStripped(cause)[1]
          ))
      }
      const own = context.pipe(
        Context.add(References.CurrentLogAnnotations, { ...annotations, [RequestId.annotation]: id }),
        Context.add(References.CurrentLogSpans, [["http.span", clock.currentTimeMillisUnsafe()], ...spans])
      )
      const fiber = Effect.runForkWith(own)(
        Effect.flatMap(Effect.exit(Effect.interruptible(handled)), finish),
        { uninterruptible: true }
      )
      if (fiber.pollUnsafe() !== undefined) return
      Fiber.runIn(fiber, scope)
      response.once("close", () => {
        if (!response.writableEnded) fiber.interruptUnsafe(undefined, HttpServerError.ClientAbort.annotation)
      })
    }

    const find = (providers: SmsProviders["Service"], url: string): Route | undefined => {
      const query = url.indexOf("?")
      const path = query === -1 ? url : url.slice(0, query)
      const known = routes.get(path)
      if (known !== undefined) return known
      const route = routeOf(providers, path)
      // A provider is found however its name is written.
      if (route !== undefined && route.match.params["provider"] === route.provider.name) routes.set(path, route)
      return route
    }

    const take = (request: FrontedRequest, response: FrontedResponse): boolean => {
      const { handlers } = front
      if (handlers === undefined || request.method !== "POST" || isClosing()) return false
      const { isForwarded, providers, verification } = handlers
      const { url = "" } = request
      const route = find(providers, url)
      if (route === undefined) return false
      const { provider } = route
      const length = Number(request.headers["content-length"])
      if (!(length > 0 && length <= verification.limitOf(provider))) return false
      if (unusual.some((name) => request.headers[name] !== undefined)) return false
      // Only that header may be a list.
      const headers = request.headers as Readonly<Record<string, string>>
      if (isForwarded(headers)) return false
      const begun = clock.monotonicTimeNanosUnsafe()
      const asked = verification.examine(provider, { method: "POST", headers, originalUrl: url, ...nobody })
      if ("_tag" in asked) return false
      request.hold(
        length,
        (body) => turns.handle(() => answer(response, { route, asked, begun, id: idOf(headers) }, handlers, body)),
        () => server.serve(request, response)
      )
      return true
    }

    yield* Effect.acquireRelease(
      Effect.sync(() => {
        server.front = take
      }),
      () =>
        Effect.sync(() => {
          server.front = undefined
          turns.flush()
        })
    )
  }
)
