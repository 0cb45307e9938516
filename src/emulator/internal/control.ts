/**
 * Serves the API that controls the emulator.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Problems from "../../http/Problems.ts"
import { compact } from "../../internal/record.ts"
import type { File, Message } from "../../provider/Emulation.ts"
import {
  EmulatorApi,
  ExchangeView,
  FaultView,
  Info,
  MessageView,
  PhoneMessage,
  PhoneView,
  ReceivedView,
  type Snapshot as SnapshotSchema,
  type TextRequest
} from "../EmulatorApi.ts"
import * as MagicNumber from "../MagicNumber.ts"
import { type Exchange, withoutSecrets } from "./exchanges.ts"
import type { Received } from "./people.ts"
import type { Phone } from "./phone.ts"
import type { Service, Unknown } from "./service.ts"
import type { Snapshot } from "./snapshot.ts"

const time = DateTime.makeUnsafe

const messageView = ({ code, group, reason, urls, ...message }: Message): MessageView =>
  new MessageView({
    id: message.id,
    carrier: message.carrier,
    direction: message.direction,
    from: message.from,
    to: message.to,
    text: message.text,
    media: urls,
    segments: message.segments,
    state: message.state,
    createdAt: time(message.createdAt),
    updatedAt: time(message.updatedAt),
    ...compact({ code, group, reason })
  })

const receivedView = ({ at, carrier, from, id, text, urls }: Received): ReceivedView =>
  new ReceivedView({ carrier, from, text, media: urls, at: time(at), ...compact({ id }) })

const bodyText = (body: string | Uint8Array): string => typeof body === "string" ? body : `${body.length} bytes`

const exchangeView = ({ attempt, faults, problem, responseBody, responseHeaders, status, ...exchange }: Exchange) =>
  new ExchangeView({
    ...exchange,
    at: time(exchange.at),
    requestHeaders: withoutSecrets(exchange.requestHeaders),
    requestBody: bodyText(exchange.requestBody),
    faults: faults.map(({ type }) => type),
    ...compact({
      attempt,
      problem,
      status,
      responseHeaders: responseHeaders && withoutSecrets(responseHeaders),
      responseBody: responseBody === undefined ? undefined : bodyText(responseBody)
    })
  })

/** A picture of one point, for a message that only has to have one. */
const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const filesOf = (media: NonNullable<(typeof TextRequest.Type)["media"]>) =>
  Effect.forEach(media, ({ base64 = picture, type = "image/png" }) => {
    const bytes = Base64.decode(base64)
    const file: Pick<File, "type" | "bytes"> = { type, bytes: Result.getOrElse(bytes, () => new Uint8Array()) }
    return Result.isSuccess(bytes)
      ? Effect.succeed(file)
      : Effect.fail(new Problems.BadRequest({ detail: "media: must have its bytes in Base64" }))
  })

const notFound = ({ message }: Unknown) => Effect.fail(new Problems.NotFound({ detail: message }))

const defaultLimit = 100

/** A snapshot is made of JSON, where what is `undefined` is absent. */
const asJson = (snapshot: Snapshot): typeof SnapshotSchema.Type => JSON.parse(JSON.stringify(snapshot))

/** Where the control API has a file that a person sent. */
const fileUrl = (url: string, id: string): string => `${url}/_emulator/files/${id}`

/** A person may send a page with a script. */
const fileHeaders = { "content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff" }

const phoneView = ({ url }: Service) => ({ faults, messages }: Phone): PhoneView =>
  new PhoneView({
    faults: faults.map((fault) => new FaultView(fault)),
    messages: messages.map(({ at, files, id, ...message }) =>
      new PhoneMessage({
        ...message,
        files: files.map((file) => "url" in file ? file : { url: fileUrl(url, file.id), type: file.type }),
        at: time(at),
        ...compact({ id })
      })
    )
  })

/** A client takes a stream without any for lost. */
const repeated = Stream.drop(Stream.tick("15 seconds"), 1)

const handlers = (emulator: Service) =>
  HttpApiBuilder.group(EmulatorApi, "emulator", (handlers) =>
    handlers.handleAll({
      info: () => {
        const { carriers, env, extras, url } = emulator
        const magicNumbers = MagicNumber.all.map(({ description, number }) => ({ number, description }))
        return Effect.succeed(new Info({ url, env, extras, carriers, magicNumbers }))
      },
      text: Effect.fnUntraced(function*({ params: { number }, payload: { media = [], ...payload } }) {
        const text = { ...payload, from: number, files: yield* filesOf(media) }
        return messageView(yield* Effect.catchTag(emulator.text(text), "Unknown", notFound))
      }),
      received: ({ params: { number } }) =>
        Effect.map(emulator.received(number), (received) => received.map(receivedView)),
      follow: ({ params: { number } }) =>
        emulator.follow(number).pipe(
          Stream.merge(Stream.mapEffect(repeated, () => emulator.phone(number))),
          Stream.map(phoneView(emulator)),
          Effect.succeed
        ),
      messages: ({ query: { carrier, limit = defaultLimit } }) =>
        Effect.map(emulator.messages(carrier), (messages) => messages.slice(0, limit).map(messageView)),
      message: ({ params: { id } }) =>
        emulator.message(id).pipe(Effect.map(messageView), Effect.catchTag("Unknown", notFound)),
      setState: ({ params: { id }, payload }) =>
        emulator.setState(id, payload).pipe(Effect.map(messageView), Effect.catchTag("Unknown", notFound)),
      faults: () => Effect.map(emulator.faults, (faults) => faults.map((fault) => new FaultView(fault))),
      addFault: ({ payload }) => Effect.map(emulator.addFault(payload), (id) => ({ id })),
      removeFault: ({ params: { id } }) => emulator.removeFault(id).pipe(Effect.catchTag("Unknown", notFound)),
      exchanges: ({ query: { after = 0, carrier, direction, limit = defaultLimit } }) =>
        Effect.map(emulator.exchanges, (exchanges) =>
          exchanges
            .filter((exchange) =>
              exchange.id > after && (carrier === undefined || exchange.carrier === carrier) &&
              (direction === undefined || exchange.direction === direction)
            )
            .slice(0, limit)
            .map(exchangeView)),
      quiet: ({ payload: { timeout = 30, within = 60 } }) =>
        emulator.quiet({ within: Duration.seconds(within) }).pipe(
          Effect.as({ quiet: true }),
          Effect.timeoutOrElse({
            duration: Duration.seconds(timeout),
            orElse: () => Effect.succeed({ quiet: false })
          })
        ),
      snapshot: () => Effect.map(emulator.snapshot, asJson),
      restore: ({ payload }) => emulator.restore(payload as unknown as Snapshot),
      reset: () => emulator.reset
    }).handleRaw(
      "file",
      Effect.fnUntraced(function*({ params: { id } }) {
        const { bytes, type } = yield* Effect.catchTag(emulator.file(id), "Unknown", notFound)
        return HttpServerResponse.uint8Array(bytes, { contentType: type, headers: fileHeaders })
      })
    ))

/** Builds the listener for requests to the API. */
export const listener = Effect.fnUntraced(function*(
  emulator: Service
): Effect.fn.Return<(request: IncomingMessage, response: ServerResponse) => void, never, Scope.Scope> {
  const routes = HttpApiBuilder.layer(EmulatorApi).pipe(
    Layer.provide(handlers(emulator)),
    Layer.provide(HttpRouter.disableLogger)
  )
  const scope = yield* Effect.scope
  const services = yield* Layer.build(
    Layer.provideMerge(routes, Layer.merge(HttpRouter.layer, NodeHttpServer.layerHttpServices))
  )
  const app = Context.get(services, HttpRouter.HttpRouter).asHttpEffect()
  return yield* Effect.provideContext(NodeHttpServer.makeHandler(app, { scope }), services)
})
