/**
 * The kit: takes what carriers received and brings it to the channels of a
 * room.
 *
 * An inbound message is recognized when it is repeated, routed to its room,
 * passed through the hooks, delivered to the other channels of the room, and
 * kept in the room's history. The state is in memory and bounded: a restart
 * forgets it, and so do old rooms when there are too many.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Address } from "../Address.ts"
import type { Content } from "../Content.ts"
import type { DeliveryStoreError } from "../delivery/DeliveryStore.ts"
import type { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import type { Entry } from "../inbox/Inbox.ts"
import { compact } from "../internal/record.ts"
import * as Spans from "../internal/spans.ts"
import * as SupervisedFibers from "../internal/supervisedFibers.ts"
import type { ChannelType, InboundMessage, OutboundMessage, SendReceipt } from "../Message.ts"
import { makeMemory, MmsAggregator, type MmsAggregatorError } from "../mms/MmsAggregator.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { Outbox } from "../sending/Outbox.ts"
import type { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import type { WebhookError } from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import type { Channel, SendingChannel } from "./Channel.ts"
import type * as Hook from "./Hook.ts"
import * as Broadcast from "./internal/broadcast.ts"
import { ChannelRegistry } from "./internal/channels.ts"
import * as HookRuns from "./internal/hookRuns.ts"
import { HookRegistry } from "./internal/hooks.ts"
import * as Intake from "./internal/intake.ts"
import * as Receiving from "./internal/receiving.ts"
import * as Registration from "./internal/registration.ts"
import * as Sends from "./internal/sends.ts"
import * as Statuses from "./internal/statuses.ts"
import * as Tracking from "./internal/tracking.ts"
import type { KitEvent } from "./KitEvent.ts"
import type { EventResult, ProcessEventsOptions, ProcessResult, Unfinished } from "./ProcessResult.ts"
import { Attachment, type Room, RoomNotFound } from "./Room.ts"
import { EventSource, RoomEvent } from "./RoomEvent.ts"
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
   * Registers a channel until the scope closes. A second one with the same id
   * takes the place of the first for as long as its own scope is open.
   */
  readonly registerChannel: <E, R>(
    channel: Channel<E, R> | SendingChannel<E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Creates a room, with a new id unless one is given, and attaches the
   * channels that belong to every room. A room that has the id is left as it is.
   */
  readonly createRoom: (options?: { readonly id?: string | undefined }) => Effect.Effect<Room, StorageError>
  /**
   * Attaches a channel to a room. What comes in on the channel, from the
   * participant if one is given, is routed to this room from now on.
   */
  readonly attachChannel: (roomId: string, attachment: {
    readonly channelId: string
    readonly participant?: Address | undefined
    readonly recipient?: Address | undefined
  }) => Effect.Effect<void, RoomNotFound | StorageError>
  readonly detachChannel: (roomId: string, attachment: {
    readonly channelId: string
    readonly participant?: Address | undefined
    readonly recipient?: Address | undefined
  }) => Effect.Effect<void, RoomNotFound | StorageError>
  /** The rooms, the most recently active first. */
  readonly rooms: Effect.Effect<ReadonlyArray<Room>, StorageError>
  /** The latest events of a room, oldest first. */
  readonly events: (roomId: string) => Effect.Effect<ReadonlyArray<RoomEvent>, RoomNotFound | StorageError>
  /** The latest delivery statuses, oldest first, a repeated one once. */
  readonly statuses: Effect.Effect<ReadonlyArray<DeliveryStatus>, StorageError>
  /**
   * Registers a hook until the scope closes. Then no event meets it any more,
   * those on their way included.
   */
  readonly hook: <E, R>(hook: Hook.Hook<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Registers a handler until the scope closes. It gets each delivery status
   * that moves its message on, as the tracker sees it: not a repeated one, one
   * that is overtaken or contradicts an end, nor a report that only counts.
   * Handlers run in the background and apart from each other: a slow or broken
   * one harms neither the webhook nor the others.
   */
  readonly onDeliveryStatus: <E, R>(
    handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Brings a received message to its room, once however often it is repeated,
   * and waits for what hooks and channels answer. What was begun is finished
   * when the caller is interrupted.
   */
  readonly processInbound: (message: InboundMessage) => Effect.Effect<ProcessResult, StorageError | Unfinished>
  /**
   * Brings a delivery status to the tracker, and to the handlers if it moves
   * its message on. `repeated` says that the tracker knew it. When the store of
   * the tracker fails it is asked again for a second, then this fails, so that
   * the carrier repeats its webhook.
   */
  readonly processDeliveryStatus: (
    status: DeliveryStatus
  ) => Effect.Effect<{ readonly repeated: boolean }, DeliveryStoreError | StorageError | Unfinished>
  /**
   * Does for every event of a webhook what is to be done for its kind. Parts of
   * a split message go through the `MmsAggregator` that is provided below the
   * kit, else through one in memory. It fails when a store does, after all
   * events were tried, so that the carrier repeats its webhook.
   */
  readonly processEvents: (
    events: ReadonlyArray<WebhookEvent>,
    options?: ProcessEventsOptions
  ) => Effect.Effect<
    ReadonlyArray<EventResult>,
    MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished
  >
  /**
   * Processes an event of an inbox. It may be begun several times, and passes
   * until it has passed to its end; channels and handlers that fail, except with
   * `GiveUp`, make it fail, to be begun again.
   */
  readonly processEntry: (
    entry: Pick<Entry, "id" | "event">
  ) => Effect.Effect<EventResult, MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished>
  /** Verifies, decodes and processes a webhook. There is no way to process one unverified. */
  readonly processWebhook: (
    provider: Provider,
    request: WebhookRequest
  ) => Effect.Effect<
    ReadonlyArray<EventResult>,
    WebhookError | MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished
  >
  /**
   * Processes what is in memory and waits for more parts. For the end of a
   * server, which comes before that of hooks and channels.
   */
  readonly drain: Effect.Effect<void>
  /**
   * Follows what the channels send to its end. It is the `DeliveryTracker` of
   * the context that the kit is made in, else one that keeps the latest in
   * memory. What was sent without a channel is followed once its `sent` is told.
   */
  readonly tracker: DeliveryTracker["Service"]
  /**
   * Sends a message that comes from no room, with the hooks before and after a
   * send: everything that is sent passes them. `send` gets the message as the
   * hooks left it.
   */
  readonly guardSend: <E>(
    message: OutboundMessage,
    options: { readonly provider?: string | undefined },
    send: (message: OutboundMessage) => Effect.Effect<SendReceipt, E | SmsError>
  ) => Effect.Effect<SendReceipt, E | SmsError | Hook.SendBlocked>
  /** Brings what one of the application's own channels says to the others in the room. */
  readonly post: (roomId: string, message: {
    readonly channelId: string
    readonly channelType: ChannelType
    readonly content: Content
    readonly metadata?: Readonly<Record<string, string>> | undefined
  }) => Effect.Effect<ProcessResult, RoomNotFound | StorageError | Unfinished>
  /** What happens from now on: failures, blocks, new rooms. Slow readers miss the oldest. */
  readonly changes: Stream.Stream<KitEvent>
}

/**
 * The room kit.
 *
 * @category services
 * @since 0.1.0
 */
export class RoomKit extends Context.Service<RoomKit, Service>()("effect-sms/rooms/RoomKit") {}

/**
 * Options of the kit. All are bounds with defaults that suit one process.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** Rooms kept; the least recently active is forgotten first. 10,000 by default. */
  readonly maxRooms?: number | undefined
  /** Events kept a room. 100 by default. */
  readonly maxEventsPerRoom?: number | undefined
  /** Delivery statuses kept. 1,000 by default. */
  readonly maxStatuses?: number | undefined
  /** Messages remembered to recognize repetitions. 100,000 by default. */
  readonly maxKeys?: number | undefined
  /** How long they are remembered. 48 hours by default, longer than any carrier repeats a webhook. */
  readonly keyTimeToLive?: Duration.Input | undefined
  /**
   * The time limit of one delivery to a channel, and of one delivery status
   * handler. 30 seconds by default. A room waits as long for one send, which
   * then counts as `unknown` and goes on.
   */
  readonly deliveryTimeout?: Duration.Input | undefined
  /**
   * How long the end of the kit, and of a registration, waits for what is
   * running. 5 seconds by default.
   */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * The kit.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, never, SecureRandom.SecureRandom | Scope.Scope> {
  const random = yield* SecureRandom.SecureRandom
  const shutdownTimeout = options.shutdownTimeout ?? "5 seconds"
  const limits = { runTimeout: options.deliveryTimeout ?? "30 seconds", shutdownTimeout }

  const changes = yield* Effect.acquireRelease(PubSub.sliding<KitEvent>(1024), PubSub.shutdown)
  const notify = (event: KitEvent) => Effect.asVoid(PubSub.publish(changes, event))
  const tracking = yield* Tracking.make(notify)
  // What was begun is finished when the caller goes away: a message that half
  // of the channels have would reach them twice when the carrier repeats it.
  const runs = yield* SupervisedFibers.make(shutdownTimeout)

  const store = Option.getOrUndefined(yield* Effect.serviceOption(RoomStore)) ??
    (yield* RoomStores.makeMemory(options))
  const channels = new ChannelRegistry()
  const registry = new HookRegistry()
  const hooks = HookRuns.make({ hooks: registry, notify })
  const outbox = Option.getOrUndefined(yield* Effect.serviceOption(Outbox))
  const sends = Sends.make({ hooks, tracking, notify, outbox, sendTimeout: limits.runTimeout })
  const { broadcast, withAnswers } = Broadcast.make({ hooks, sends, channels, store, notify, runs })
  const { create, receive } = yield* Receiving.make({
    remembered: { capacity: options.maxKeys ?? 100_000, timeToLive: options.keyTimeToLive ?? "48 hours" },
    random,
    store,
    channels,
    notify,
    broadcast
  })
  const statuses = Statuses.make({ store, tracking, notify, runs })

  const known = <A>(roomId: string, found: Effect.Effect<A | undefined, StorageError>) =>
    Effect.flatMap(
      found,
      (found): Effect.Effect<A, RoomNotFound> =>
        found === undefined ? Effect.fail(new RoomNotFound({ roomId })) : Effect.succeed(found)
    )

  const pass = (message: InboundMessage, resumed?: Receiving.Resumed) =>
    Spans.withSpan("RoomKit.processInbound")(runs.run(withAnswers(receive(message, resumed))))

  const processDeliveryStatus = (status: DeliveryStatus, options?: { readonly isResumed: boolean }) =>
    Spans.withSpan("RoomKit.processDeliveryStatus")(statuses.process(status, options))

  const aggregator = Option.getOrUndefined(yield* Effect.serviceOption(MmsAggregator)) ??
    (yield* makeMemory({ shutdownTimeout }))
  const { processEntry, processEvents } = Intake.make({
    aggregator,
    processInbound: pass,
    recordStatus: processDeliveryStatus,
    notify,
    runs
  })
  // Last, so that it ends first: what it lets out at its end is still processed.
  yield* aggregator.onDue((message) => pass(message, {}))

  return RoomKit.of({
    changes: Stream.fromPubSub(changes),
    processInbound: (message) => pass(message),
    processDeliveryStatus: (status) => processDeliveryStatus(status),
    processEntry,
    processEvents,
    drain: aggregator.drain,
    processWebhook: (provider, request) =>
      provider.verify(request).pipe(Effect.flatMap(provider.decode), Effect.flatMap((events) => processEvents(events))),
    registerChannel: (channel) => Registration.channel(channels, channel, limits),
    hook: (hook) => Registration.hook(registry, hook, limits),
    onDeliveryStatus: (handler) => Registration.handler(statuses.handlers, handler, limits),
    createRoom: ({ id } = {}) => create(id),
    attachChannel: (roomId, attachment) =>
      Effect.asVoid(known(roomId, store.attach(roomId, new Attachment(compact(attachment))))),
    detachChannel: (roomId, attachment) =>
      Effect.asVoid(known(roomId, store.detach(roomId, new Attachment(compact(attachment))))),
    rooms: store.rooms(),
    events: (roomId) =>
      Effect.map(known(roomId, store.history(roomId)), (history) => history.map(({ event }) => event)),
    statuses: store.statuses(),
    tracker: tracking.tracker,
    guardSend: (message, { provider }, send) => sends.guard(message, provider, send),
    post: Effect.fn("RoomKit.post")(function*(roomId, { channelId, channelType, content, metadata = {} }) {
      const room = yield* known(roomId, store.get(roomId))
      const event = new RoomEvent({
        id: yield* random.ulid,
        roomId,
        source: new EventSource({ channelId, channelType, direction: "outbound", metadata }),
        content,
        createdAt: yield* DateTime.now
      })
      return yield* runs.run(withAnswers(broadcast({ event, room, ...(yield* Broadcast.answering) })))
    })
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
 * Registers a hook for the life of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHook = <E, R>(hook: Hook.Hook<E, R>): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.hook(hook)))

/**
 * Registers a channel for the life of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerChannel = <E, R>(
  channel: Channel<E, R> | SendingChannel<E, R>
): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.registerChannel(channel)))

/**
 * Registers a handler of delivery statuses for the life of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOnDeliveryStatus = <E, R>(
  handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
): Layer.Layer<never, never, RoomKit | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.onDeliveryStatus(handler)))
