/**
 * Processes one event in its room: `BeforeBroadcast` hooks, channels,
 * `AfterBroadcast` hooks.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { tapEager } from "../../internal/attempt.ts"
import * as KeyedMutex from "../../internal/keyedMutex.ts"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { InboundMessage } from "../../Message.ts"
import { GiveUp, TryAgain } from "../../queue/TryAgain.ts"
import { RoomEvent } from "../../RoomEvent.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Delivery, Outgoing } from "../Channel.ts"
import type { KitEvent } from "../KitEvent.ts"
import { type ProcessResult, Unfinished } from "../ProcessResult.ts"
import type { Room } from "../Room.ts"
import type { Service as RoomStore } from "../RoomStore.ts"
import type { ChannelRegistry, Registered } from "./channels.ts"
import { type Conversation, CurrentConversation, CurrentSpeaker } from "./conversation.ts"
import { type Appended, DeliveryOutcome } from "./history.ts"
import type { HookRuns } from "./hookRuns.ts"
import type { Passing } from "./sends.ts"
import * as Sends from "./sends.ts"
import * as Steps from "./steps.ts"

/** The fiber that a step is taken in. */
type Current = Fiber.Fiber<unknown, unknown>

export interface Parts {
  readonly hooks: HookRuns
  readonly sends: Sends.Sends
  readonly channels: ChannelRegistry
  readonly store: RoomStore
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly runs: SupervisedFibers
}

export type Passed =
  | Extract<ProcessResult, { readonly _tag: "Broadcast" }>
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }

/** The store already has the event, and its processing is complete. */
export type Repeated = { readonly _tag: "Repeated"; readonly eventId: string; readonly roomId: string }

export type Result = Passed | Repeated | { readonly _tag: "Queued"; readonly eventId: string; readonly roomId: string }

/** An event to be processed in its room. */
interface Incoming {
  readonly event: RoomEvent
  /** The room, as it was when the event was routed. */
  readonly room: Room
  /** The key by which the store deduplicates, in addition to the id. */
  readonly key?: string | undefined
  /** The received message that the event was made from, if any. */
  readonly inbound?: InboundMessage | undefined
  /**
   * Whether an earlier attempt may have started to process the event. If the
   * store already has the event and its processing is incomplete, it continues;
   * otherwise the event is a duplicate.
   */
  readonly isResumed: boolean
  /** Whether the event passes again when the carrier refuses a message of it for now. */
  readonly isPatient?: boolean | undefined
  /**
   * Whether the caller is told what became of the event, and must not post it
   * again if a message of it went out, whatever fails afterwards.
   */
  readonly isReported?: boolean | undefined
  /** Returns whether another attempt will process the event. It is then not admitted to the room. */
  readonly isAbandoned?: (() => boolean) | undefined
}

/** The delivery of an event to a channel, and the fibers that still run after its sends. */
interface Delivered {
  readonly delivery: Delivery
  readonly after: ReadonlyArray<Fiber.Fiber<unknown, unknown>>
  /** The error of a channel to retry. */
  readonly again?: unknown
}

const roomEvents = (outcome: string) =>
  Metric.counter("sms_room_events_total", {
    description: "Room events by outcome",
    incremental: true,
    attributes: { outcome }
  })
const outcomes = { Broadcast: roomEvents("broadcast"), Blocked: roomEvents("blocked") }

/** Ensures that a modified event keeps its id and room and is not marked as blocked. */
const checkModified = ({ blocked: _, ...fields }: RoomEvent, { id, roomId }: RoomEvent) =>
  RoomEvent.makeEffect({ ...fields, id, roomId })

const none: ReadonlyArray<never> = []

/** An event that the hooks let pass, and what the store has of it. */
interface Admitted {
  readonly appended: Appended
  readonly event: RoomEvent
  readonly room: Room
  /** Whether the store has the outcome too: no hook or channel wants the event. */
  readonly isSettled: boolean
}

const count = ({ _tag }: Passed | Repeated, { context }: Current): void => {
  if (_tag !== "Repeated") outcomes[_tag].updateUnsafe(1, context)
}

export const make = ({ channels, hooks, notify, runs, sends, store }: Parts) => {
  const steps = Steps.of(store)
  const inTurn = KeyedMutex.make()

  const block = Effect.fnUntraced(function*(incoming: Incoming, event: RoomEvent, hook: string, reason: string) {
    const blocked = new RoomEvent({ ...event, blocked: { hook, reason } })
    yield* store.append(blocked, incoming)
    yield* Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked an event`, { room: event.roomId, event: event.id })
    yield* notify({ _tag: "EventBlocked", roomId: event.roomId, eventId: event.id, hook, reason })
    return { _tag: "Blocked", event: blocked, hook, reason } as const
  })

  const sendAll = Effect.fnUntraced(
    function*(channel: Registered, passing: Passing, outgoing: ReadonlyArray<Outgoing>) {
      const { after, notStored, results } = yield* sends.send(channel, passing, outgoing)
      // Those that went out do not go out again, because the outbox has them.
      return {
        delivery: Sends.deliveryOf(channel.id, results),
        after,
        again: passing.isResumed
          ? notStored ?? (passing.isPatient ? Sends.refusedForNow(results) : undefined)
          : undefined
      }
    }
  )

  const channelFailed = (
    channel: Registered,
    { event, isResumed }: Passing,
    cause: Cause.Cause<unknown>
  ): Effect.Effect<Delivered> => {
    const error = Cause.squash(cause)
    // Without an inbox there are no retries: a request for one is an ordinary failure.
    const again = isResumed && (error instanceof TryAgain || (channel.retries && !(error instanceof GiveUp)))
    return Effect.logError(
      `Channel ${JSON.stringify(channel.id)} failed${again ? " and will be retried" : ""}`,
      cause
    ).pipe(
      Effect.andThen(
        notify({ _tag: "ChannelFailed", roomId: event.roomId, eventId: event.id, channelId: channel.id, cause })
      ),
      Effect.as<Delivered>({
        delivery: { channelId: channel.id, outcome: "failed", error },
        after: [],
        again: again ? error : undefined
      })
    )
  }

  const deliver = (channel: Registered, passing: Passing): Effect.Effect<Delivered> =>
    Effect.exit(channel.deliver(passing.event, passing.room)).pipe(
      Effect.provideService(CurrentSpeaker, {
        eventId: passing.event.id,
        id: channel.id,
        isResumed: passing.isResumed,
        posts: 0
      }),
      Effect.flatMap((exit) => {
        if (Exit.isFailure(exit)) return channelFailed(channel, passing, exit.cause)
        return exit.value === undefined
          ? Effect.succeed<Delivered>({ delivery: { channelId: channel.id, outcome: "delivered" }, after: [] })
          : sendAll(channel, passing, exit.value)
      }),
      Effect.withSpan("RoomKit.deliver", { attributes: { "sms.channel": channel.id } })
    )

  /** Returns the registered channels of the room, except the source of the event. */
  const others = ({ attachments }: Room, source: string): ReadonlyArray<Registered> => {
    const found: Array<Registered> = []
    for (const { channelId } of attachments) {
      const channel = channelId === source ? undefined : channels.get(channelId)
      if (channel !== undefined && !found.includes(channel)) found.push(channel)
    }
    return found
  }

  /** Returns whether nothing is to be done with an event but to store it. */
  const isOnlyStored = (event: RoomEvent, room: Room): boolean =>
    !hooks.hasAny("BeforeBroadcast", event) && !hooks.hasAny("AfterBroadcast", event) &&
    others(room, event.source.channelId).length === 0

  /** Concludes an event that its channels have. */
  const conclude = (
    { isReported = false, isResumed }: Incoming,
    { event, isSettled, room, settled }: Admitted & { readonly settled: ReadonlyArray<DeliveryOutcome> },
    delivered: ReadonlyArray<Delivered>,
    conversation: Conversation
  ): Effect.Effect<Passed, Unfinished> => {
    const again = delivered.filter((one) => one.again !== undefined)
    const deliveries = delivered.map(({ delivery }) => delivery)
    const isQuiet = again.length > 0 || !hooks.hasAny("AfterBroadcast", event)
    const told = isQuiet ? Effect.void : hooks.after("AfterBroadcast", {
      subject: event,
      event,
      run: (hook) =>
        hook.run(event, room, deliveries).pipe(
          Effect.provideService(CurrentConversation, conversation),
          Effect.provideService(CurrentSpeaker, { eventId: event.id, id: `hook ${hook.name}`, isResumed, posts: 0 })
        )
    })
    const after = delivered.flatMap(({ after }) => after)
    const ended = after.length === 0 ? told : Effect.andThen(told, Fiber.awaitAll(after))
    return Effect.flatMapEager(ended, (): Effect.Effect<Passed, Unfinished> => {
      const outcomes = delivered.map(({ again, delivery: { channelId, outcome } }) =>
        new DeliveryOutcome({ channelId, outcome: again === undefined ? outcome : "again" })
      )
      // A channel may have been attached since.
      const isStored = isSettled && outcomes.length === 0
      if (!isStored) conversation.settles.unshift(() => steps.settle(event, [...settled, ...outcomes]))
      if (again.length === 0 || (isReported && deliveries.some(Sends.mayHaveGoneOut))) {
        return Effect.succeed(
          settled.length === 0
            ? { _tag: "Broadcast", event, deliveries }
            : { _tag: "Broadcast", event, deliveries, earlier: settled }
        )
      }
      return Effect.fail(
        new Unfinished({
          failed: again.map(({ delivery }) => delivery.channelId),
          cause: again.find((one) => one.again instanceof TryAgain)?.again ?? again[0]!.again
        })
      )
    })
  }

  /** Delivers the event to the channels that have not received it yet. */
  const deliverAll = (
    incoming: Incoming,
    admitted: Admitted,
    conversation: Conversation,
    earlier: ReadonlyArray<DeliveryOutcome> = []
  ): Effect.Effect<Passed, Unfinished> => {
    const { event: received, isPatient = false, isResumed } = incoming
    const { event, room } = admitted
    const settled = earlier.filter(({ outcome }) => outcome !== "again")
    const left = others(room, received.source.channelId).filter(({ id }) =>
      settled.every(({ channelId }) => channelId !== id)
    )
    if (left.length === 0) return conclude(incoming, { ...admitted, settled }, [], conversation)
    const delivered = Effect.forEach(
      left,
      (channel) => deliver(channel, { received, event, room, isPatient, isResumed }),
      { concurrency: "unbounded" }
    ).pipe(Effect.provideService(CurrentConversation, conversation))
    return Effect.flatMap(
      delivered,
      (delivered) => conclude(incoming, { ...admitted, settled }, delivered, conversation)
    )
  }

  /** Runs what an event goes through once the store has it. */
  const passOn = (
    incoming: Incoming,
    admitted: Admitted,
    conversation: Conversation
  ): Effect.Effect<Passed | Repeated, Unfinished> => {
    const { appended, event, isSettled, room } = admitted
    if (appended._tag === "Appended") {
      // As most messages are. A hook or a channel may have come since.
      return isSettled && isOnlyStored(event, room)
        ? Effect.succeed({ _tag: "Broadcast", event, deliveries: none })
        : deliverAll(incoming, admitted, conversation)
    }
    const { deliveries, event: earlier } = appended
    const isDone = earlier.blocked !== undefined || deliveries?.every(({ outcome }) => outcome !== "again") === true
    // If a process stopped while it processed the event, the next attempt continues.
    return isDone || !incoming.isResumed
      ? Effect.succeed({ _tag: "Repeated", eventId: earlier.id, roomId: earlier.roomId })
      : deliverAll(incoming, { ...admitted, event: earlier, isSettled: false }, conversation, deliveries)
  }

  /** Appends an event that the hooks let pass, or finds that the store has it already. */
  const enter = (
    fiber: Current,
    incoming: Incoming,
    conversation: Conversation,
    event: RoomEvent,
    room: Room
  ): Effect.Effect<Passed | Repeated, StorageError | Unfinished> => {
    const { inbound, key } = incoming
    const isSettled = isOnlyStored(incoming.event, incoming.room)
    const options = { inbound, key, deliveries: isSettled ? none : undefined }
    return Effect.flatMapEager(
      steps.append(event, options, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()),
      (appended) => passOn(incoming, { appended, event, room: appended.room ?? room, isSettled }, conversation)
    )
  }

  /** Asks the hooks, which need the room as it is. */
  const ask = (
    fiber: Current,
    incoming: Incoming,
    conversation: Conversation,
    room: Room
  ): Effect.Effect<Passed | Repeated, StorageError | Unfinished> => {
    const { event: received, isAbandoned, isResumed } = incoming
    const verdict = hooks.before("BeforeBroadcast", {
      subject: received,
      event: received,
      value: received,
      isResumed,
      run: (hook, event) => Effect.provideService(hook.run(event, room), CurrentConversation, conversation),
      check: checkModified
    })
    return Effect.flatMapEager(verdict, (verdict): Effect.Effect<Passed | Repeated, StorageError | Unfinished> => {
      if (isAbandoned?.() === true) return Effect.interrupt
      return verdict._tag === "Blocked"
        ? block(incoming, verdict.value, verdict.hook, verdict.reason)
        : enter(fiber, incoming, conversation, verdict.value, room)
    })
  }

  const pass = (
    fiber: Current,
    incoming: Incoming,
    conversation: Conversation
  ): Effect.Effect<Passed | Repeated, StorageError | Unfinished> => {
    const { event, isAbandoned, room } = incoming
    if (isAbandoned?.() === true) return Effect.interrupt
    return hooks.hasAny("BeforeBroadcast", event)
      ? Effect.flatMapEager(steps.get(event.roomId), (current) => ask(fiber, incoming, conversation, current ?? room))
      : enter(fiber, incoming, conversation, event, room)
  }

  const passInTurn = (fiber: Current, incoming: Incoming, conversation: Conversation) =>
    tapEager(
      inTurn.begin(fiber, incoming.event.roomId, () => pass(fiber, incoming, conversation)),
      fiber,
      count
    )

  /** Processes an event once its room is free. Hooks and channels running for another event do not wait. */
  return (
    fiber: Current,
    incoming: Incoming,
    conversation: Conversation
  ): Effect.Effect<Result, StorageError | Unfinished> => {
    if (fiber.getRef(CurrentConversation) === undefined) return passInTurn(fiber, incoming, conversation)
    const { answers, failures } = conversation
    const { id: eventId, roomId } = incoming.event
    // The message that it answers passes again if it fails.
    const answer = Effect.withFiber((own) => passInTurn(own, { ...incoming, isReported: false }, conversation))
    return Effect.map(runs.start(answer), (answer) => {
      answers.push(answer)
      // It may have ended by now, before anybody waits for it.
      answer.addObserver((exit) => {
        answers.splice(answers.indexOf(answer), 1)
        if (Exit.isFailure(exit)) failures.push(exit.cause)
      })
      return { _tag: "Queued", eventId, roomId }
    })
  }
}
