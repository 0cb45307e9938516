/**
 * Processes one event in its room: `BeforeBroadcast` hooks, channels,
 * `AfterBroadcast` hooks.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Metric from "effect/Metric"
import * as KeyedMutex from "../../internal/keyedMutex.ts"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { InboundMessage } from "../../Message.ts"
import { GiveUp, TryAgain } from "../../queue/TryAgain.ts"
import { RoomEvent } from "../../RoomEvent.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Delivery, Outgoing } from "../Channel.ts"
import type { KitEvent } from "../KitEvent.ts"
import { Unfinished } from "../ProcessResult.ts"
import type { Room } from "../Room.ts"
import type { Service as RoomStore } from "../RoomStore.ts"
import type { ChannelRegistry, Registered } from "./channels.ts"
import { DeliveryOutcome } from "./history.ts"
import type { HookRuns } from "./hookRuns.ts"
import type { Passing } from "./sends.ts"
import * as Sends from "./sends.ts"

export interface Parts {
  readonly hooks: HookRuns
  readonly sends: Sends.Sends
  readonly channels: ChannelRegistry
  readonly store: RoomStore
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly runs: SupervisedFibers
}

export type Passed =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
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

/** The channel or hook that is handling an event. Messages that it posts meanwhile are answers to the event. */
interface Speaker {
  readonly eventId: string
  readonly id: string
  readonly isResumed: boolean
  posts: number
}

const CurrentSpeaker = Context.Reference<Speaker | undefined>("effect-sms/rooms/RoomKit/Speaker", {
  defaultValue: () => undefined
})

/**
 * The key by which answers are deduplicated: the event that they answer, the
 * author, and the number of the answer. An event that is processed a second
 * time, because the process stopped, is therefore not answered twice.
 */
export const answering = Effect.map(
  CurrentSpeaker,
  (speaker): Pick<Incoming, "key" | "isResumed"> =>
    speaker === undefined
      ? { isResumed: false }
      : {
        key: JSON.stringify(["answer", speaker.eventId, speaker.id, speaker.posts++]),
        isResumed: speaker.isResumed
      }
)

/** Whether the current code is a hook or channel that handles an event. */
export const isAnswering = Effect.map(CurrentSpeaker, (speaker) => speaker !== undefined)

/** A message passed to the kit, and the answers to it. */
interface Conversation {
  /**
   * Whether the current code is a hook or channel running for an event. It must
   * not wait for another event, which may be waiting for this one.
   */
  readonly within: boolean
  /** The answers of such code that are still being processed. */
  readonly answers: Set<Fiber.Fiber<unknown, StorageError | Unfinished>>
  /**
   * Stores what became of each event, the message last. Not before every answer
   * has passed: a process that ends earlier leaves a message that passes again,
   * and its answers with it.
   */
  readonly settles: Array<Effect.Effect<void, StorageError>>
}

const newConversation = (): Conversation => ({ within: false, answers: new Set(), settles: [] })

const CurrentConversation = Context.Reference<Conversation | undefined>("effect-sms/rooms/RoomKit/Conversation", {
  defaultValue: () => undefined
})

const roomEvents = Metric.counter("sms_room_events_total", {
  description: "Room events by outcome",
  incremental: true
})
const outcomes = {
  Broadcast: Metric.withAttributes(roomEvents, { outcome: "broadcast" }),
  Blocked: Metric.withAttributes(roomEvents, { outcome: "blocked" })
}

/** Ensures that a modified event keeps its id and room and is not marked as blocked. */
const checkModified = ({ blocked: _, ...fields }: RoomEvent, { id, roomId }: RoomEvent) =>
  RoomEvent.makeEffect({ ...fields, id, roomId })

export const make = ({ channels, hooks, notify, runs, sends, store }: Parts) => {
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
  const others = (room: Room, source: string): ReadonlyArray<Registered> => {
    const ids = new Set(room.attachments.map(({ channelId }) => channelId))
    ids.delete(source)
    return Array.from(ids).flatMap((id) => channels.get(id) ?? [])
  }

  /** Runs the hooks and appends the event, or finds that the store has it already. */
  const admit = Effect.fnUntraced(function*(incoming: Incoming) {
    const { event: received } = incoming
    if (incoming.isAbandoned?.() === true) return yield* Effect.interrupt
    const room = (yield* store.get(received.roomId)) ?? incoming.room
    const verdict = yield* hooks.before("BeforeBroadcast", {
      subject: received,
      event: received,
      value: received,
      isResumed: incoming.isResumed,
      run: (hook, event) => hook.run(event, room),
      check: checkModified
    })
    if (incoming.isAbandoned?.() === true) return yield* Effect.interrupt
    const event = verdict.value
    if (verdict._tag === "Blocked") return yield* block(incoming, event, verdict.hook, verdict.reason)
    const appended = yield* store.append(event, incoming)
    return { appended, event, room: appended.room ?? room }
  })

  /** Delivers the event to the channels that have not received it yet. */
  const deliverAll = Effect.fnUntraced(function*(
    { event: received, isPatient = false, isResumed }: Incoming,
    event: RoomEvent,
    room: Room,
    settles: Conversation["settles"],
    earlier: ReadonlyArray<DeliveryOutcome> = []
  ): Effect.fn.Return<Passed, StorageError | Unfinished> {
    const settled = new Map(
      earlier.flatMap((one) => one.outcome === "again" ? [] : [[one.channelId, one] as const])
    )
    const delivered = yield* Effect.forEach(
      others(room, received.source.channelId).filter(({ id }) => !settled.has(id)),
      (channel) => deliver(channel, { received, event, room, isPatient, isResumed }),
      { concurrency: "unbounded" }
    )
    const again = delivered.filter((one) => one.again !== undefined)
    const deliveries = delivered.map(({ delivery }) => delivery)
    if (again.length === 0) {
      yield* hooks.after("AfterBroadcast", {
        subject: event,
        event,
        run: (hook) =>
          Effect.provideService(hook.run(event, room, deliveries), CurrentSpeaker, {
            eventId: event.id,
            id: `hook ${hook.name}`,
            isResumed,
            posts: 0
          })
      })
    }
    yield* Fiber.awaitAll(delivered.flatMap(({ after }) => after))
    const outcomes = [
      ...settled.values(),
      ...delivered.map(({ again, delivery: { channelId, outcome } }) =>
        new DeliveryOutcome({ channelId, outcome: again === undefined ? outcome : "again" })
      )
    ]
    settles.unshift(store.settle(event, outcomes))
    if (again.length > 0) {
      return yield* new Unfinished({
        failed: again.map(({ delivery }) => delivery.channelId),
        cause: again.find((one) => one.again instanceof TryAgain)?.again ?? again[0]!.again
      })
    }
    return { _tag: "Broadcast", event, deliveries }
  })

  const pass = Effect.fnUntraced(function*(
    incoming: Incoming,
    settles: Conversation["settles"]
  ): Effect.fn.Return<Passed | Repeated, StorageError | Unfinished> {
    const admitted = yield* admit(incoming)
    if ("_tag" in admitted) return admitted
    const { appended, event, room } = admitted
    if (appended._tag === "Appended") return yield* deliverAll(incoming, event, room, settles)
    const { deliveries, event: earlier } = appended
    const isDone = earlier.blocked !== undefined || deliveries?.every(({ outcome }) => outcome !== "again") === true
    // If a process stopped while it processed the event, the next attempt continues.
    return isDone || !incoming.isResumed
      ? { _tag: "Repeated", eventId: earlier.id, roomId: earlier.roomId }
      : yield* deliverAll(incoming, earlier, room, settles, deliveries)
  })

  const passInTurn = (incoming: Incoming, conversation: Conversation) =>
    inTurn(incoming.event.roomId)(pass(incoming, conversation.settles)).pipe(
      Effect.tap(({ _tag }) => _tag === "Repeated" ? Effect.void : Metric.update(outcomes[_tag], 1)),
      Effect.provideService(CurrentConversation, { ...conversation, within: true })
    )

  return {
    /** Processes an event once its room is free. Hooks and channels running for another event do not wait. */
    broadcast: Effect.fnUntraced(
      function*(incoming: Incoming): Effect.fn.Return<Result, StorageError | Unfinished> {
        const { event } = incoming
        const conversation = (yield* CurrentConversation) ?? newConversation()
        const { answers, within } = conversation
        if (!within) return yield* passInTurn(incoming, conversation)
        const answer = yield* runs.start(passInTurn(incoming, conversation))
        answers.add(answer)
        answer.addObserver(() => answers.delete(answer))
        return { _tag: "Queued", eventId: event.id, roomId: event.roomId }
      }
    ),
    /** Runs an effect, and waits until all answers that it caused are processed. */
    withAnswers: Effect.fnUntraced(function*<A, E>(
      effect: Effect.Effect<A, E>
    ): Effect.fn.Return<A, E | StorageError | Unfinished> {
      if ((yield* CurrentConversation)?.within === true) return yield* effect
      const conversation = newConversation()
      const { answers, settles } = conversation
      const result = yield* Effect.exit(Effect.provideService(effect, CurrentConversation, conversation))
      const failures: Array<Effect.Effect<never, StorageError | Unfinished>> = []
      while (answers.size > 0) {
        for (const exit of yield* Fiber.awaitAll([...answers])) {
          if (Exit.isFailure(exit)) failures.push(Effect.failCause(exit.cause))
        }
      }
      // If an answer could not be stored, the event counts as not processed.
      if (failures[0] !== undefined) return yield* failures[0]
      yield* Effect.forEach(settles, identity, { discard: true })
      return yield* result
    })
  }
}
