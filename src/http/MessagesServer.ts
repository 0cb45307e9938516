/**
 * The server side of `GatewayApi`: the routes of `WebhookServer`, and sending
 * messages.
 *
 * A send does not depend on its caller: if the caller disconnects, the message
 * is sent anyway, and the server waits for it during shutdown.
 *
 * **Example** (Serving the message API)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 * import { DeliveryStore, DeliveryTracker, MessagesServer, Outbox, RoomKit, SmsProviders, SmsRouter, Twilio } from "effect-sms"
 * import { IntentStoreMemory } from "effect-sms"
 *
 * declare const twilio: Twilio.Options
 *
 * export const Server = MessagesServer.serve({ adminToken: Redacted.make("a long token") }).pipe(
 *   Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
 *   Layer.provide(Outbox.layer()),
 *   Layer.provide(DeliveryTracker.layer()),
 *   Layer.provide([SmsProviders.layer(Twilio.layer(twilio)), DeliveryStore.layerStoreMemory()]),
 *   Layer.provide(IntentStoreMemory.layer()),
 *   Layer.provide(NodeCrypto.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Consent from "../consent/Consent.ts"
import * as ConsentLedger from "../consent/ConsentLedger.ts"
import * as Content from "../Content.ts"
import { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import { SendLimits } from "../guards/SendLimits.ts"
import * as SupervisedFibers from "../internal/supervisedFibers.ts"
import { OutboundMessage } from "../Message.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import * as RoomOutbox from "../rooms/RoomOutbox.ts"
import * as IntentStore from "../sending/IntentStore.ts"
import * as IntentStoreMemory from "../sending/IntentStoreMemory.ts"
import { outcomeUnknown } from "../sending/internal/outcomeUnknown.ts"
import * as Outbox from "../sending/Outbox.ts"
import { SmsRouter } from "../sending/SmsRouter.ts"
import type { AnswerRequest } from "./AnswerApi.ts"
import { Draining } from "./Draining.ts"
import * as Answer from "./internal/answer.ts"
import * as Authorization from "./internal/authorization.ts"
import * as Consents from "./internal/consents.ts"
import * as Conversations from "./internal/conversations.ts"
import * as Events from "./internal/events.ts"
import * as Exchanges from "./internal/exchanges.ts"
import * as Forwarding from "./internal/forwarding.ts"
import { setHeaders } from "./internal/headers.ts"
import * as Lists from "./internal/lists.ts"
import * as Operations from "./internal/operations.ts"
import * as Queueing from "./internal/queueing.ts"
import * as ReadRequest from "./internal/readRequest.ts"
import { requestText } from "./internal/requestText.ts"
import * as SendOnce from "./internal/sendOnce.ts"
import * as Statistics from "./internal/statistics.ts"
import { storageFailed, storageFailedWith } from "./internal/storageFailed.ts"
import * as Uploads from "./internal/uploads.ts"
import * as MessageProblems from "./MessageProblems.ts"
import { GatewayApi, type SendRequest, viewOf } from "./MessagesApi.ts"
import { intentViewOf } from "./OperationsApi.ts"
import * as Problems from "./Problems.ts"
import * as WebhookServer from "./WebhookServer.ts"

/**
 * Options of the server.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookServer.Options & {
  /**
   * The maximum number of idempotency keys kept when there is no `Outbox`.
   * Beyond it, the oldest is evicted. 10,000 by default.
   */
  readonly maxIdempotencyKeys?: number | undefined
  /**
   * How long after the start of a shutdown the server answers a caller whose
   * send is still in progress with an unknown outcome. The send itself
   * continues for up to `shutdownTimeout`. 3 seconds by default.
   */
  readonly drainTimeout?: Duration.Input | undefined
  /** How long an idempotency key is kept when there is no `Outbox`. 1 day by default. */
  readonly idempotencyTimeToLive?: Duration.Input | undefined
  /** How queued messages are sent. */
  readonly queue?: Outbox.DispatchOptions | undefined
}

const messageOf = (
  { media = [], priority: _, provider: __, queue: ___, text = "", ...options }: SendRequest
): OutboundMessage =>
  new OutboundMessage({
    ...options,
    content: Content.fromParts(text, media.map((file) => new Content.MediaContent(file)))
  })

const nameOf = ({ name }: Provider): string => name

const defect = Effect.fnUntraced(function*(defect: unknown) {
  yield* Effect.logError("Sending a message died unexpectedly", Cause.die(defect))
  return yield* new Problems.InternalServerError({
    detail: "The message may have been sent, and sending it again could deliver it twice"
  })
})

/** Provides the outbox of the context, or an in-memory one. */
const layerOutbox = ({ idempotencyTimeToLive, maxIdempotencyKeys }: Options) =>
  Layer.effect(
    Outbox.Outbox,
    Effect.gen(function*() {
      const given = yield* Effect.serviceOption(Outbox.Outbox)
      return Option.isSome(given)
        ? given.value
        : yield* Effect.provideServiceEffect(
          Outbox.make(),
          IntentStore.IntentStore,
          IntentStoreMemory.make({ capacity: maxIdempotencyKeys, timeToLive: idempotencyTimeToLive })
        )
    })
  )

/** Provides the consent of the context, or one on its ledger, or on an in-memory one. */
const layerConsent = Layer.effect(
  Consent.Consent,
  Effect.gen(function*() {
    const given = yield* Effect.serviceOption(Consent.Consent)
    if (Option.isSome(given)) return given.value
    const ledger = yield* Effect.serviceOption(ConsentLedger.ConsentLedger)
    return yield* Effect.provideServiceEffect(
      Consent.make(),
      ConsentLedger.ConsentLedger,
      Option.match(ledger, { onNone: () => ConsentLedger.makeMemory(), onSome: (one) => Effect.succeed(one) })
    )
  })
)

const layerMessages = (options: Options) =>
  HttpApiBuilder.group(
    GatewayApi,
    "messages",
    Effect.fnUntraced(function*(handlers) {
      const tracker = yield* DeliveryTracker
      const providers = yield* SmsProviders
      const runs = yield* SupervisedFibers.make(options.shutdownTimeout ?? "10 seconds")
      const outbox = yield* Outbox.Outbox
      const kit = yield* RoomKit
      const sendOnce = SendOnce.make({ kit, outbox, router: yield* SmsRouter })
      const post = yield* Answer.make({ kit, outbox })
      const queueing = Queueing.make({ outbox, providers })
      const limits = yield* Effect.serviceOption(SendLimits)
      yield* RoomOutbox.dispatch(options.queue)
      /** Returns the name of a provider as it is registered: a request may write it in any case. */
      const registered = (name: string) => Option.match(providers.find(name), { onNone: () => name, onSome: nameOf })
      const draining = Effect.andThen(yield* Draining, Effect.sleep(options.drainTimeout ?? "3 seconds"))

      const send = Effect.fnUntraced(
        function*({ provider: named, ...written }: SendRequest, key: string | undefined) {
          const provider = named === undefined ? undefined : registered(named)
          const request = { ...written, ...(provider !== undefined && { provider }) }
          const message = messageOf(request)
          const { priority } = request
          if (request.queue === true || queueing.isQueued(message, provider)) {
            const what = requestText(request)
            return intentViewOf(yield* queueing.enqueue({ key, message, provider, priority, what }))
          }
          // A send that has started is not interrupted when the caller disconnects.
          const { replayed, result } = yield* Effect.raceFirst(
            runs.run(sendOnce({ key, message, provider, priority, what: requestText(request) })),
            Effect.andThen(draining, Effect.fail(outcomeUnknown(provider ?? "unknown", "Timeout")))
          )
          if (replayed) yield* setHeaders({ "idempotency-replayed": "true" })
          return yield* Effect.fromResult(result)
        },
        Effect.catchTags({
          ...SendOnce.problems,
          StorageError: storageFailedWith(() => MessageProblems.storageUnavailable)
        }),
        Effect.catchDefect(defect)
      )

      const answer = Effect.fnUntraced(
        function*(roomId: string, request: AnswerRequest, key: string | undefined) {
          const { replayed, result } = yield* Effect.raceFirst(
            runs.run(post(roomId, request, key)),
            Effect.andThen(draining, Effect.fail(outcomeUnknown("unknown", "Timeout")))
          )
          if (replayed) yield* setHeaders({ "idempotency-replayed": "true" })
          return yield* Effect.fromResult(result)
        },
        Effect.catchTags({
          SmsError: SendOnce.problems.SmsError,
          SendBlocked: SendOnce.problems.SendBlocked,
          // Nothing went out. Repeated with its key, it goes on where it was left.
          Unfinished: () => Effect.fail(MessageProblems.storageUnavailable),
          StorageError: storageFailedWith(() => MessageProblems.storageUnavailable)
        }),
        Effect.catchDefect(defect)
      )

      const find = Effect.fnUntraced(function*(messageId: string, { provider, recipient }: {
        readonly provider?: string
        readonly recipient?: string
      }) {
        const found = yield* Effect.forEach(
          provider === undefined ? providers.all.map(nameOf) : [registered(provider)],
          (provider) => tracker.get({ provider, messageId, recipient })
        )
        return found.filter((delivery) => delivery !== undefined)
      })

      return handlers.handleAll({
        send: ({ headers, payload }) => send(payload, headers["idempotency-key"]),
        replied: ({ params }) =>
          Option.match(limits, {
            onNone: () => Effect.succeed({ counted: false }),
            onSome: ({ replied }) =>
              Effect.catch(Effect.map(replied(params.address), (counted) => ({ counted })), storageFailed)
          }),
        answer: ({ headers, params, payload }) => answer(params.id, payload, headers["idempotency-key"]),
        get: Effect.fnUntraced(function*({ params, query }) {
          const [delivery, other] = yield* Effect.catch(find(params.id, query), (error) =>
            Effect.andThen(
              Effect.logError(error.message, error),
              Effect.fail(new Problems.InternalServerError({}))
            ))
          if (delivery === undefined) {
            return yield* new Problems.NotFound({
              detail: query.recipient === undefined
                ? "Unknown message, or a message to several recipients: then set recipient"
                : "Unknown message"
            })
          }
          if (other !== undefined) {
            return yield* new Problems.BadRequest({ detail: "provider: several providers have a message with this id" })
          }
          return viewOf(delivery)
        })
      })
    })
  )

/**
 * Provides the routes of `WebhookServer.layer`, `POST /messages` and `GET
 * /messages/:id`.
 *
 * Serve only these with {@link serve}, or add the application's routes with
 * `WebhookServer.serveRoutes`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}) =>
  Layer.provide(
    WebhookServer.layerApi(GatewayApi, options),
    Layer.provide(
      Layer.mergeAll(
        layerMessages(options),
        Lists.layer,
        Conversations.layer,
        Uploads.layer,
        Exchanges.layer,
        Statistics.layer,
        Events.layer,
        Operations.layer,
        Consents.layer,
        Forwarding.layer
      ),
      [ReadRequest.layer(options), Authorization.layer(options), layerOutbox(options), layerConsent]
    )
  )

/**
 * Serves only {@link layer}, on the `HttpServer` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const serve = (options?: Options, serveOptions?: WebhookServer.ServeOptions) =>
  WebhookServer.serveRoutes(layer(options), serveOptions)
