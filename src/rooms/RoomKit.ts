/**
 * Delivers received messages to the channels of a room.
 *
 * The kit deduplicates an inbound message, routes it to its room, runs the
 * hooks, delivers it to the other channels of the room and keeps it in the
 * room's history. State is in memory and bounded: it is lost on restart, and
 * the least recently active rooms are evicted at the limit.
 *
 * **Example** (A room and its channel)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { Address, Content, Message, RoomKit } from "effect-sms"
 *
 * const program = Effect.gen(function*() {
 *   const kit = yield* RoomKit.RoomKit
 *   const result = yield* kit.processInbound(
 *     new Message.InboundMessage({
 *       provider: "mock",
 *       channelId: "sms-mock",
 *       sender: Address.Address.make("+15145550142"),
 *       recipient: Address.Address.make("+15145550100"),
 *       content: new Content.TextContent({ text: "Hello!" }),
 *       metadata: {},
 *       raw: {}
 *     })
 *   )
 *   return [result._tag, (yield* kit.rooms).length]
 * })
 *
 * await Effect.runPromise(Effect.provide(program, Layer.provide(RoomKit.layer(), NodeCrypto.layer))) // => ["Broadcast", 1]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { ConsentIntake } from "../consent/ConsentIntake.ts"
import type { Content } from "../Content.ts"
import type { DeliveryStoreError } from "../delivery/DeliveryStore.ts"
import type { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import type { Entry } from "../inbox/Inbox.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import * as SlidingBuffer from "../internal/slidingBuffer.ts"
import * as Spans from "../internal/spans.ts"
import * as SupervisedFibers from "../internal/supervisedFibers.ts"
import * as Ulids from "../internal/ulids.ts"
import type { ChannelType, InboundMessage, OutboundMessage, SendReceipt } from "../Message.ts"
import { makeMemory, MmsAggregator, type MmsAggregatorError } from "../mms/MmsAggregator.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { EventSource, RoomEvent } from "../RoomEvent.ts"
import { IntentStore } from "../sending/IntentStore.ts"
import { surely } from "../sending/internal/surely.ts"
import { Outbox } from "../sending/Outbox.ts"
import type { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import type { WebhookError } from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import type { Channel, SendingChannel } from "./Channel.ts"
import type * as Hook from "./Hook.ts"
import * as Answers from "./internal/answers.ts"
import * as Attachments from "./internal/attachments.ts"
import * as Broadcast from "./internal/broadcast.ts"
import { ChannelRegistry } from "./internal/channels.ts"
import * as Conversation from "./internal/conversation.ts"
import * as HookRuns from "./internal/hookRuns.ts"
import { HookRegistry } from "./internal/hooks.ts"
import * as Intake from "./internal/intake.ts"
import * as Receiving from "./internal/receiving.ts"
import * as Registration from "./internal/registration.ts"
import * as Sends from "./internal/sends.ts"
import * as Statuses from "./internal/statuses.ts"
import * as Tracking from "./internal/tracking.ts"
import * as Webhooks from "./internal/webhooks.ts"
import type { KitEvent } from "./KitEvent.ts"
import type { EventResult, ProcessEventsOptions, ProcessResult, Unfinished } from "./ProcessResult.ts"
import { type InvalidAttachment, type Room, RoomNotFound } from "./Room.ts"
import * as RoomStores from "./RoomStore.ts"
import { RoomStore } from "./RoomStore.ts"

/**
 * The members of {@link RoomKit}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Registers a channel until the scope closes. A later channel with the same id
   * replaces the earlier one until the later one's scope closes.
   */
  readonly registerChannel: <E, R>(
    channel: Channel<E, R> | SendingChannel<E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Creates a room and attaches the channels that belong to every room. The id is
   * generated unless given. Returns the existing room if the id is taken.
   */
  readonly createRoom: (options?: { readonly id?: string | undefined }) => Effect.Effect<Room, StorageError>
  /**
   * Attaches a channel to a room. Later messages on the channel, or only those of
   * the participant if one is given, are routed to this room. An address may have
   * any spelling that `Address.fromText` reads; fails for any other one, such as
   * a number without its country code, which no message would match.
   */
  readonly attachChannel: (
    roomId: string,
    attachment: Attachments.Input
  ) => Effect.Effect<void, InvalidAttachment | RoomNotFound | StorageError>
  readonly detachChannel: (
    roomId: string,
    attachment: Attachments.Input
  ) => Effect.Effect<void, InvalidAttachment | RoomNotFound | StorageError>
  /** The store of the rooms: that of the kit's context, or one in memory. */
  readonly store: RoomStores.Service
  /** The rooms, the most recently active first. */
  readonly rooms: Effect.Effect<ReadonlyArray<Room>, StorageError>
  /** The latest events of a room, oldest first. */
  readonly events: (roomId: string) => Effect.Effect<ReadonlyArray<RoomEvent>, RoomNotFound | StorageError>
  /** The latest delivery statuses, oldest first, a repeated one once. */
  readonly statuses: Effect.Effect<ReadonlyArray<DeliveryStatus>, StorageError>
  /**
   * Registers a hook until the scope closes. After that it no longer runs, not
   * even for events that are already being processed.
   */
  readonly hook: <E, R>(hook: Hook.Hook<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Registers a handler until the scope closes. It receives each delivery status
   * that changes the tracked delivery. Repeated and out-of-order reports, reports
   * after a terminal status and reports that only contain counts are skipped.
   * Handlers run in the background and independently: a slow or failing handler
   * affects neither the webhook nor other handlers.
   */
  readonly onDeliveryStatus: <E, R>(
    handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Processes an inbound message at most once per idempotency key, and waits for
   * the answers that hooks and channels post. Processing completes even if the
   * caller is interrupted.
   */
  readonly processInbound: (message: InboundMessage) => Effect.Effect<ProcessResult, StorageError | Unfinished>
  /**
   * Passes a delivery status to the tracker, and to the handlers if it changes
   * the tracked delivery. `repeated` is whether the tracker had already recorded
   * the report. A failing store is retried for about a second; then this fails,
   * so that the carrier redelivers the webhook.
   */
  readonly processDeliveryStatus: (
    status: DeliveryStatus
  ) => Effect.Effect<{ readonly repeated: boolean }, DeliveryStoreError | StorageError | Unfinished>
  /**
   * Processes every event of a webhook according to its kind. Message parts go
   * through the `MmsAggregator` in the kit's context, or through an in-memory
   * one. Fails when a store fails, after all events were tried, so that the
   * carrier redelivers the webhook.
   */
  readonly processEvents: (
    events: ReadonlyArray<WebhookEvent>,
    options?: ProcessEventsOptions
  ) => Effect.Effect<
    ReadonlyArray<EventResult>,
    MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished
  >
  /**
   * Processes an entry of an inbox. The same entry may be processed several
   * times until it succeeds. Fails, so that the entry is retried, when a
   * channel or handler fails, except with `GiveUp`, and when a `BeforeBroadcast`
   * hook fails with `TryAgain`.
   */
  readonly processEntry: (
    entry: Pick<Entry, "id" | "event"> & Partial<Pick<Entry, "failures">>
  ) => Effect.Effect<EventResult, MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished>
  /**
   * Accepts merged messages in an inbox instead of processing them, until the
   * scope closes. The kit then processes each as an entry of its own, so one
   * that two servers hand over is processed once.
   */
  readonly acceptMerged: (
    accept: (message: InboundMessage) => Effect.Effect<unknown, StorageError>
  ) => Effect.Effect<void, never, Scope.Scope>
  /** Verifies, decodes and processes a webhook. There is no way to process one unverified. */
  readonly processWebhook: (
    provider: Provider,
    request: WebhookRequest
  ) => Effect.Effect<
    ReadonlyArray<EventResult>,
    WebhookError | MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished
  >
  /**
   * Processes the messages that are buffered in memory instead of waiting for
   * more parts. Call it when a server shuts down, before hooks and channels are
   * removed.
   */
  readonly drain: Effect.Effect<void>
  /**
   * Tracks the messages that channels send up to their terminal status. This is
   * the `DeliveryTracker` of the kit's context, or one that keeps the latest
   * deliveries in memory. To track a message that was sent without a channel,
   * call `sent`.
   */
  readonly tracker: DeliveryTracker["Service"]
  /**
   * Sends a message without a room, and runs the `BeforeSend` and `AfterSend`
   * hooks around the send. `send` receives the message as modified by the
   * hooks.
   */
  readonly guardSend: <E>(
    message: OutboundMessage,
    options: { readonly provider?: string | undefined },
    send: (message: OutboundMessage) => Effect.Effect<SendReceipt, E | SmsError>
  ) => Effect.Effect<SendReceipt, E | SmsError | Hook.SendBlocked>
  /**
   * Posts a message from one of the application's own channels to the other
   * channels of the room. Once a message was sent, or may have been, it returns
   * the deliveries, also when the database fails afterwards: posting again would
   * send it twice. What became of the event is then stored later.
   */
  readonly post: (roomId: string, message: {
    readonly channelId: string
    readonly channelType: ChannelType
    readonly content: Content
    readonly metadata?: Readonly<Record<string, string>> | undefined
    /**
     * Who wrote the message. `machine` by default for one that a channel or hook
     * posts while it handles an event; otherwise it is not known.
     */
    readonly author?: "person" | "machine" | undefined
    /**
     * The idempotency key. A message that was posted in this room with the same
     * key is not posted again: it is `Repeated`, or goes on where it was left.
     */
    readonly key?: string | undefined
    /**
     * With a key: fails with `Unfinished` when a carrier refuses the message for
     * now, or something else of it is not finished, so that it can be posted again
     * with its key. Nothing is sent twice then.
     */
    readonly isPatient?: boolean | undefined
  }) => Effect.Effect<ProcessResult, RoomNotFound | StorageError | Unfinished>
  /**
   * A stream of the events that occur after subscription: failures, blocks, new
   * rooms. A slow subscriber loses the oldest, beyond 1,024 or 8 MiB.
   */
  readonly changes: Stream.Stream<KitEvent>
}

/**
 * The service that processes messages and webhooks in rooms.
 *
 * @category services
 * @since 0.1.0
 */
export class RoomKit extends Context.Service<RoomKit, Service>()("effect-sms/rooms/RoomKit") {}

/**
 * Options of the kit. All are limits, with defaults that suit a single process.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The maximum number of rooms; the least recently active is evicted first. 10,000 by default. */
  readonly maxRooms?: number | undefined
  /** The maximum number of events kept per room. 100 by default. */
  readonly maxEventsPerRoom?: number | undefined
  /** The maximum number of delivery statuses kept. 1,000 by default. */
  readonly maxStatuses?: number | undefined
  /**
   * The maximum bytes of all rooms and their events, estimated. The events of the
   * least recently active rooms are evicted first, then those rooms. 64 MiB by
   * default.
   */
  readonly maxBytes?: number | undefined
  /** The maximum bytes of all delivery statuses, estimated. 16 MiB by default. */
  readonly maxStatusBytes?: number | undefined
  /**
   * The maximum number of idempotency keys kept for deduplication; at the limit the
   * older half is evicted at once. 100,000 by default.
   */
  readonly maxKeys?: number | undefined
  /**
   * The maximum bytes of the keys of messages, and of those of whole webhooks,
   * estimated; at the limit the older half is evicted at once. 64 MiB each by
   * default, more than 100,000 usual keys.
   */
  readonly maxKeyBytes?: number | undefined
  /** How long idempotency keys are kept. 48 hours by default, longer than any carrier redelivers a webhook. */
  readonly keyTimeToLive?: Duration.Input | undefined
  /**
   * The timeout of one delivery to a channel and of one run of a delivery status
   * handler. 30 seconds by default. A room waits that long for a send, once it is
   * stored; after that the send counts as `unknown` and continues in the background.
   */
  readonly deliveryTimeout?: Duration.Input | undefined
  /**
   * How long closing the kit, or a registration, waits for running work. 5
   * seconds by default.
   */
  readonly shutdownTimeout?: Duration.Input | undefined
}

const mebibyte = 1024 * 1024

const inboundSpan = Spans.withSpan("RoomKit.processInbound")
const statusSpan = Spans.withSpan("RoomKit.processDeliveryStatus")

/** For each subscriber of the changes. */
const maxChanges = { maxEntries: 1024, maxBytes: 8 * mebibyte }

/** Only an unrecognized webhook has the sender's text in it. A cause is that of an error in the application. */
const sizeOfKitEvent = (event: KitEvent): number => event._tag === "WebhookUnrecognized" ? sizeOf(event.event) : 4096

/**
 * Builds a kit.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, never, SecureRandom.SecureRandom | Scope.Scope> {
  const ids = Ulids.make(yield* SecureRandom.SecureRandom)
  const scope = yield* Effect.scope
  const shutdownTimeout = options.shutdownTimeout ?? "5 seconds"
  const limits = { runTimeout: options.deliveryTimeout ?? "30 seconds", shutdownTimeout }

  const changes = yield* SlidingBuffer.makeBroadcast({ ...maxChanges, sizeOf: sizeOfKitEvent })
  const notify = changes.publish
  const tracking = yield* Tracking.make(notify)
  // Processing completes even if the caller is interrupted: otherwise a message
  // that only some channels received would be delivered to them again when the
  // carrier redelivers the webhook.
  const runs = yield* SupervisedFibers.make(shutdownTimeout)

  const store = Option.getOrUndefined(yield* Effect.serviceOption(RoomStore)) ??
    (yield* RoomStores.makeMemory(options))
  const channels = new ChannelRegistry()
  const registry = new HookRegistry()
  const hooks = HookRuns.make({ hooks: registry, notify })
  const outbox = Option.getOrUndefined(yield* Effect.serviceOption(Outbox))
  const sends = Sends.make({ hooks, tracking, notify, outbox, sendTimeout: limits.runTimeout })
  const broadcast = Broadcast.make({ hooks, sends, channels, store, notify, runs })
  const withAnswers = Answers.make({ surely: (change) => surely(scope, change, { store: "rooms" }) })
  const remembered = {
    capacity: options.maxKeys ?? 100_000,
    maxBytes: options.maxKeyBytes ?? 64 * mebibyte,
    timeToLive: options.keyTimeToLive ?? "48 hours"
  } as const
  const { create, receive } = yield* Receiving.make({
    remembered,
    ids,
    store,
    channels,
    notify,
    broadcast
  })
  const intents = Option.getOrUndefined(yield* Effect.serviceOption(IntentStore))
  const statuses = Statuses.make({ store, tracking, intents, notify, runs })

  const known = <A>(roomId: string, found: Effect.Effect<A | undefined, StorageError>) =>
    Effect.flatMap(
      found,
      (found): Effect.Effect<A, RoomNotFound> =>
        found === undefined ? Effect.fail(new RoomNotFound({ roomId })) : Effect.succeed(found)
    )

  const consents = Option.getOrUndefined(yield* Effect.serviceOption(ConsentIntake))
  /** Records what an event says about consent. An inbox has done so before it accepted the event. */
  const recordConsent = (event: InboundMessage | DeliveryStatus, isFromInbox: boolean) =>
    consents === undefined || isFromInbox ? Effect.void : consents.receive([event])

  /** Processes a message in the fiber of the caller, as far as it goes without waiting. */
  const passIn = (
    fiber: Fiber.Fiber<unknown, unknown>,
    message: InboundMessage,
    resumed?: Receiving.Resumed
  ): Effect.Effect<ProcessResult, StorageError | Unfinished> =>
    runs.begin(fiber, () =>
      Effect.flatMapEager(
        recordConsent(message, resumed?.eventId !== undefined),
        () =>
          withAnswers(fiber, (conversation) => receive({ fiber, message, resumed }, conversation), {
            completion: resumed?.completion
          })
      ))

  const beginInbound: typeof passIn = (fiber, message, resumed) =>
    Spans.isTraced(fiber)
      ? inboundSpan(Effect.withFiber((fiber) => passIn(fiber, message, resumed)))
      : passIn(fiber, message, resumed)

  const pass = (message: InboundMessage, resumed?: Receiving.Resumed) =>
    Effect.withFiber((fiber) => beginInbound(fiber, message, resumed))

  const processDeliveryStatus = (status: DeliveryStatus, options?: { readonly isResumed: boolean }) =>
    statusSpan(Effect.andThen(recordConsent(status, options?.isResumed === true), statuses.process(status, options)))

  const aggregator = Option.getOrUndefined(yield* Effect.serviceOption(MmsAggregator)) ??
    (yield* makeMemory({ shutdownTimeout }))
  let accept: Intake.Accept | undefined
  const { processEntry, processEvents } = Intake.make({
    accepting: () => accept,
    once: yield* Webhooks.make(remembered),
    aggregator,
    beginInbound,
    recordStatus: processDeliveryStatus,
    notify,
    runs
  })
  // Registered last, so that it closes first: the messages that it releases on closing are still processed.
  yield* aggregator.onDue((message) => pass(message, {}))

  return RoomKit.of({
    changes: changes.stream,
    processInbound: (message) => pass(message),
    processDeliveryStatus: (status) => processDeliveryStatus(status),
    processEntry,
    processEvents,
    acceptMerged: Effect.fnUntraced(function*(accepting) {
      yield* aggregator.onDue(accepting)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          accept = accepting
        }),
        () =>
          Effect.sync(() => {
            accept = undefined
          })
      )
    }),
    drain: aggregator.drain,
    processWebhook: (provider, request) =>
      Effect.flatMap(provider.verify(request), (webhook) =>
        Effect.flatMap(
          provider.decode(webhook),
          (events) => processEvents(events, { idempotencyKeys: webhook.idempotencyKeys })
        )),
    registerChannel: (channel) => Registration.channel(channels, channel, limits),
    hook: (hook) => Registration.hook(registry, hook, limits),
    onDeliveryStatus: (handler) => Registration.handler(statuses.handlers, handler, limits),
    createRoom: ({ id } = {}) => create(id),
    attachChannel: Effect.fnUntraced(function*(roomId, input) {
      yield* known(roomId, store.attach(roomId, yield* Attachments.make(input)))
    }),
    detachChannel: Effect.fnUntraced(function*(roomId, input) {
      yield* known(roomId, store.detach(roomId, yield* Attachments.make(input)))
    }),
    store,
    rooms: store.rooms(),
    events: (roomId) =>
      Effect.map(known(roomId, store.history(roomId)), (history) => history.map(({ event }) => event)),
    statuses: store.statuses(),
    tracker: tracking.tracker,
    guardSend: (message, { provider }, send) => sends.guard(message, provider, send),
    post: Effect.fn("RoomKit.post")(
      function*(roomId, { author, channelId, channelType, content, isPatient, key, metadata = {} }) {
        const room = yield* known(roomId, store.get(roomId))
        const writer = author ?? ((yield* Conversation.isAnswering) ? "machine" : undefined)
        const createdAt = yield* DateTime.now
        const event = new RoomEvent({
          id: yield* ids.next(DateTime.toEpochMillis(createdAt)),
          roomId,
          source: new EventSource({
            channelId,
            channelType,
            direction: "outbound",
            metadata,
            ...(writer !== undefined && { author: writer })
          }),
          content,
          createdAt
        })
        const repetition = key === undefined
          ? yield* Conversation.answering
          : { key: JSON.stringify(["post", roomId, key]), isPatient, isResumed: true }
        const isReported = isPatient !== true
        return yield* Effect.withFiber((fiber) =>
          runs.begin(fiber, () =>
            withAnswers(
              fiber,
              (conversation) => broadcast(fiber, { event, room, ...repetition, isReported }, conversation),
              { ...repetition, isMade: ({ _tag }) => isReported && _tag === "Broadcast" }
            ))
        )
      }
    )
  })
})

/**
 * Provides {@link RoomKit}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<RoomKit, never, SecureRandom.SecureRandom> =>
  Layer.effect(RoomKit, make(options))

/**
 * Registers a hook for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHook = <E, R>(hook: Hook.Hook<E, R>): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.hook(hook)))

/**
 * Registers a channel for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerChannel = <E, R>(
  channel: Channel<E, R> | SendingChannel<E, R>
): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.registerChannel(channel)))

/**
 * Registers a delivery status handler for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOnDeliveryStatus = <E, R>(
  handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.onDeliveryStatus(handler)))
