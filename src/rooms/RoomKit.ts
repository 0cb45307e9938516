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
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type { Address } from "../Address.ts"
import type { Content } from "../Content.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import * as Broadcast from "../internal/broadcast.ts"
import * as Hooks from "../internal/hooks.ts"
import * as Once from "../internal/once.ts"
import { type RoomRecord, RoomState } from "../internal/roomState.ts"
import { compact } from "../internal/wire.ts"
import type { ChannelType, InboundMessage } from "../Message.ts"
import type { Service as Provider } from "../SmsProvider.ts"
import type { WebhookError } from "../WebhookError.ts"
import { toInbound, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import type { Channel, Delivery } from "./Channel.ts"
import * as Hook from "./Hook.ts"
import type { KitEvent } from "./KitEvent.ts"
import { Attachment, type Room, RoomNotFound } from "./Room.ts"
import { EventSource, RoomEvent } from "./RoomEvent.ts"

/**
 * What became of a message.
 *
 * - `Broadcast`: it passed the hooks; each channel has its delivery
 * - `Blocked`: a hook stopped it; it is in the history, marked
 * - `Repeated`: the same message was processed before, as this event
 *
 * @category models
 * @since 0.1.0
 */
export type ProcessResult =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }
  | { readonly _tag: "Repeated"; readonly eventId: string; readonly roomId: string }

/**
 * What became of one event of a webhook.
 *
 * @category models
 * @since 0.1.0
 */
export type EventResult =
  | ProcessResult
  | { readonly _tag: "StatusRecorded"; readonly repeated: boolean }
  | { readonly _tag: "Ignored"; readonly event: WebhookEvent }

/**
 * The members of {@link RoomKit}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Registers a channel until the scope closes. A second one with the same id takes the place of the first. */
  readonly registerChannel: <E, R>(channel: Channel<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /** Creates a room, with a new id unless one is given, and attaches the channels that belong to every room. */
  readonly createRoom: (options?: { readonly id?: string | undefined }) => Effect.Effect<Room>
  /**
   * Attaches a channel to a room. What comes in on the channel, from the
   * participant if one is given, is routed to this room from now on.
   */
  readonly attachChannel: (roomId: string, attachment: {
    readonly channelId: string
    readonly participant?: Address | undefined
    readonly recipient?: Address | undefined
  }) => Effect.Effect<void, RoomNotFound>
  readonly detachChannel: (roomId: string, attachment: {
    readonly channelId: string
    readonly participant?: Address | undefined
    readonly recipient?: Address | undefined
  }) => Effect.Effect<void, RoomNotFound>
  /** The rooms, the most recently active first. */
  readonly rooms: Effect.Effect<ReadonlyArray<Room>>
  /** The latest events of a room, oldest first. */
  readonly events: (roomId: string) => Effect.Effect<ReadonlyArray<RoomEvent>, RoomNotFound>
  /** The latest delivery statuses, oldest first. */
  readonly statuses: Effect.Effect<ReadonlyArray<DeliveryStatus>>
  /** Registers a hook until the scope closes. */
  readonly hook: <E, R>(hook: Hook.Hook<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Registers a handler until the scope closes. Handlers run in the background
   * and apart from each other: a slow or broken one harms neither the webhook
   * nor the others.
   */
  readonly onDeliveryStatus: <E, R>(
    handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /** Brings a received message to its room, once however often it is repeated. */
  readonly processInbound: (message: InboundMessage) => Effect.Effect<ProcessResult>
  /** Records a delivery status and hands it to the handlers, once however often it is repeated. */
  readonly processDeliveryStatus: (status: DeliveryStatus) => Effect.Effect<{ readonly repeated: boolean }>
  /** Does for every event of a webhook what is to be done for its kind. */
  readonly processEvents: (events: ReadonlyArray<WebhookEvent>) => Effect.Effect<ReadonlyArray<EventResult>>
  /** Verifies, decodes and processes a webhook. There is no way to process one unverified. */
  readonly processWebhook: (
    provider: Provider,
    request: WebhookRequest
  ) => Effect.Effect<ReadonlyArray<EventResult>, WebhookError>
  /** Brings what one of the application's own channels says to the others in the room. */
  readonly post: (roomId: string, message: {
    readonly channelId: string
    readonly channelType: ChannelType
    readonly content: Content
    readonly metadata?: Readonly<Record<string, string>> | undefined
  }) => Effect.Effect<ProcessResult, RoomNotFound>
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
  /** Messages and statuses remembered to recognize repetitions. 100,000 of each by default. */
  readonly maxKeys?: number | undefined
  /** How long they are remembered. 48 hours by default, longer than any carrier repeats a webhook. */
  readonly keyTimeToLive?: Duration.Input | undefined
  /** The time limit of one delivery to a channel, and of one delivery status handler. 30 seconds by default. */
  readonly deliveryTimeout?: Duration.Input | undefined
  /** How long the end of the kit waits for running handlers. 5 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

type Handler = (status: DeliveryStatus) => Effect.Effect<unknown, unknown>

/** Adds to a registry for as long as the scope is open. */
const scoped = <A>(registry: Ref.Ref<A>, add: (current: A) => A, remove: (current: A) => A) =>
  Effect.acquireRelease(Ref.update(registry, add), () => Ref.update(registry, remove))

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
  const maxStatuses = options.maxStatuses ?? 1000
  const deliveryTimeout = options.deliveryTimeout ?? "30 seconds"
  const remembered = { capacity: options.maxKeys ?? 100_000, timeToLive: options.keyTimeToLive ?? "48 hours" }

  const state = new RoomState({
    maxRooms: options.maxRooms ?? 10_000,
    maxEventsPerRoom: options.maxEventsPerRoom ?? 100
  })
  const channels = yield* Ref.make<ReadonlyMap<string, Channel>>(new Map())
  const hooks = yield* Ref.make(Hooks.make())
  const handlers = yield* Ref.make<ReadonlyArray<Handler>>([])
  const statuses = yield* Ref.make<ReadonlyArray<DeliveryStatus>>([])
  const seenMessages = yield* Once.make<{ readonly eventId: string; readonly roomId: string }>(remembered)
  const seenStatuses = yield* Once.make<void>(remembered)

  const changes = yield* PubSub.sliding<KitEvent>(1024)
  const notify = (event: KitEvent) => Effect.asVoid(PubSub.publish(changes, event))
  const background = yield* FiberSet.make()
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(FiberSet.awaitEmpty(background), options.shutdownTimeout ?? "5 seconds")
  )

  const broadcast = Broadcast.make({ hooks, channels, state, notify, deliveryTimeout })

  const findRoom = (roomId: string): Effect.Effect<RoomRecord, RoomNotFound> =>
    Effect.suspend(() => {
      const record = state.get(roomId)
      return record === undefined ? Effect.fail(new RoomNotFound({ roomId })) : Effect.succeed(record)
    })

  const newRoom = Effect.fnUntraced(function*(id?: string | undefined) {
    const roomId = id ?? (yield* random.ulid)
    const createdAt = yield* DateTime.now
    const everyRoom = [...(yield* Ref.get(channels)).values()].filter((channel) => channel.everyRoom === true)
    const record = state.create(roomId, createdAt)
    for (const channel of everyRoom) state.attach(record, new Attachment({ channelId: channel.id }), false)
    yield* notify({ _tag: "RoomCreated", roomId })
    return record
  })

  // Routing and creating are one step per conversation, or two first messages
  // at once would open two rooms.
  const routing = yield* Semaphore.make(1)
  const roomOf = (message: InboundMessage) =>
    Semaphore.withPermit(
      routing,
      Effect.suspend(() => {
        const found = state.route(message)
        if (found !== undefined) return Effect.succeed(found)
        return Effect.tap(newRoom(), (record) =>
          Effect.sync(() =>
            state.attach(
              record,
              new Attachment({
                channelId: message.channelId,
                participant: message.sender,
                recipient: message.recipient
              }),
              true
            )
          ))
      })
    )

  const receive = Effect.fnUntraced(function*(message: InboundMessage) {
    const record = yield* roomOf(message)
    const event = new RoomEvent({
      id: yield* random.ulid,
      roomId: record.room.id,
      source: new EventSource({
        channelId: message.channelId,
        channelType: message.channelType,
        direction: "inbound",
        participant: message.sender,
        recipient: message.recipient,
        ...(message.externalId !== undefined && { externalId: message.externalId }),
        metadata: message.metadata
      }),
      content: message.content,
      createdAt: message.receivedAt ?? (yield* DateTime.now)
    })
    return yield* broadcast(record, event)
  })

  const processInbound: Service["processInbound"] = Effect.fn("RoomKit.processInbound")(function*(message) {
    if (message.idempotencyKey === undefined) return yield* receive(message)
    const outcome = yield* seenMessages.run(
      `${message.channelId}\n${message.idempotencyKey}`,
      receive(message),
      ({ event }) => ({ eventId: event.id, roomId: event.roomId })
    )
    return outcome._tag === "First" ? outcome.value : { _tag: "Repeated", ...outcome.summary }
  })

  const handle = (status: DeliveryStatus) => (handler: Handler) =>
    handler(status).pipe(
      Effect.timeout(deliveryTimeout),
      Effect.catchCause((cause) =>
        Effect.andThen(
          Effect.logError("A delivery status handler failed", cause),
          notify({ _tag: "HandlerFailed", messageId: status.messageId, cause })
        )
      ),
      FiberSet.run(background)
    )

  const record = Effect.fnUntraced(function*(status: DeliveryStatus) {
    yield* Ref.update(statuses, (kept) => [...kept.slice(1 - maxStatuses), status])
    yield* Effect.forEach(yield* Ref.get(handlers), handle(status), { discard: true })
  })

  const processDeliveryStatus: Service["processDeliveryStatus"] = Effect.fn("RoomKit.processDeliveryStatus")(
    function*(status) {
      const key = `${status.provider}\n${status.idempotencyKey}`
      const outcome = yield* seenStatuses.run(key, record(status), () => undefined)
      return { repeated: outcome._tag === "Repeated" }
    }
  )

  const processEvent = (event: WebhookEvent): Effect.Effect<EventResult> => {
    switch (event._tag) {
      case "DeliveryStatus":
        return Effect.map(processDeliveryStatus(event), ({ repeated }) => ({ _tag: "StatusRecorded", repeated }))
      case "Unrecognized":
        return Effect.as(notify({ _tag: "WebhookUnrecognized", event }), { _tag: "Ignored", event })
      default:
        return Option.match(toInbound(event), {
          onNone: () => Effect.succeed<EventResult>({ _tag: "Ignored", event }),
          onSome: processInbound
        })
    }
  }

  const processEvents: Service["processEvents"] = (events) => Effect.forEach(events, processEvent)

  return RoomKit.of({
    changes: Stream.fromPubSub(changes),
    processInbound,
    processDeliveryStatus,
    processEvents,
    processWebhook: (provider, request) =>
      provider.verify(request).pipe(Effect.flatMap(provider.decode), Effect.flatMap(processEvents)),
    registerChannel: Effect.fnUntraced(function*<E, R>(channel: Channel<E, R>) {
      const context = yield* Effect.context<R>()
      const registered: Channel = {
        ...channel,
        deliver: (event, room) => Effect.provideContext(channel.deliver(event, room), context)
      }
      yield* scoped(
        channels,
        (map) => new Map(map).set(channel.id, registered),
        (map) => new Map([...map].filter(([, other]) => other !== registered))
      )
    }),
    hook: Effect.fnUntraced(function*<E, R>(hook: Hook.Hook<E, R>) {
      const registered = Hook.provideContext(hook, yield* Effect.context<R>())
      yield* scoped(hooks, (registry) => registry.add(registered), (registry) => registry.remove(registered))
    }),
    onDeliveryStatus: Effect.fnUntraced(function*<E, R>(
      handler: (status: DeliveryStatus) => Effect.Effect<unknown, E, R>
    ) {
      const context = yield* Effect.context<R>()
      const registered: Handler = (status) => Effect.provideContext(handler(status), context)
      yield* scoped(
        handlers,
        (all) => [...all, registered],
        (all) => all.filter((other) => other !== registered)
      )
    }),
    createRoom: (options) =>
      Effect.suspend(() => {
        const existing = options?.id === undefined ? undefined : state.get(options.id)
        return Effect.map(existing === undefined ? newRoom(options?.id) : Effect.succeed(existing), ({ room }) => room)
      }),
    attachChannel: (roomId, attachment) =>
      Effect.map(findRoom(roomId), (record) => state.attach(record, new Attachment(compact(attachment)), true)),
    detachChannel: (roomId, attachment) =>
      Effect.map(findRoom(roomId), (record) => state.detach(record, new Attachment(compact(attachment)))),
    rooms: Effect.sync(() => state.all()),
    events: (roomId) => Effect.map(findRoom(roomId), ({ events }) => [...events]),
    statuses: Ref.get(statuses),
    post: Effect.fn("RoomKit.post")(function*(roomId, { channelId, channelType, content, metadata = {} }) {
      const record = yield* findRoom(roomId)
      const event = new RoomEvent({
        id: yield* random.ulid,
        roomId,
        source: new EventSource({ channelId, channelType, direction: "outbound", metadata }),
        content,
        createdAt: yield* DateTime.now
      })
      return yield* broadcast(record, event)
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
  channel: Channel<E, R>
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
