/**
 * Processes one event in its room: `BeforeBroadcast` hooks, channels,
 * `AfterBroadcast` hooks.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Semaphore from "effect/Semaphore"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { Delivery, Outgoing } from "../Channel.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Room } from "../Room.ts"
import { RoomEvent } from "../RoomEvent.ts"
import type { ChannelRegistry, Registered } from "./channels.ts"
import type { HookRuns } from "./hookRuns.ts"
import type { RoomRecord, RoomState } from "./roomState.ts"
import type { Passing } from "./sends.ts"
import * as Sends from "./sends.ts"

export interface Parts {
  readonly hooks: HookRuns
  readonly sends: Sends.Sends
  readonly channels: ChannelRegistry
  readonly state: RoomState
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly runs: SupervisedFibers
}

export type Passed =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }

export type Result = Passed | { readonly _tag: "Queued"; readonly eventId: string; readonly roomId: string }

/** The delivery of an event to a channel, and the fibers that still run after its sends. */
interface Delivered {
  readonly delivery: Delivery
  readonly after: ReadonlyArray<Fiber.Fiber<unknown, unknown>>
}

/** A message being processed, and the answers posted in response. */
interface Conversation {
  /**
   * Whether the current code is a hook or channel running for an event. It must
   * not wait for another event, which may be waiting for this one.
   */
  readonly within: boolean
  /** The events posted by such code that are still being processed. */
  readonly answers: Set<Fiber.Fiber<unknown>>
}

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

export const make = ({ channels, hooks, notify, runs, sends, state }: Parts) => {
  const block = Effect.fnUntraced(function*(record: RoomRecord, event: RoomEvent, hook: string, reason: string) {
    const blocked = new RoomEvent({ ...event, blocked: { hook, reason } })
    state.append(record, blocked)
    yield* Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked an event`, { room: event.roomId, event: event.id })
    yield* notify({ _tag: "EventBlocked", roomId: event.roomId, eventId: event.id, hook, reason })
    return { _tag: "Blocked", event: blocked, hook, reason } as const
  })

  const sendAll = Effect.fnUntraced(
    function*(channel: Registered, passing: Passing, outgoing: ReadonlyArray<Outgoing>) {
      const { after, results } = yield* sends.send(channel, passing, outgoing)
      return { delivery: Sends.deliveryOf(channel.id, results), after }
    }
  )

  const channelFailed = (channelId: string, event: RoomEvent, cause: Cause.Cause<unknown>) =>
    Effect.logError(`Channel ${JSON.stringify(channelId)} failed`, cause).pipe(
      Effect.andThen(notify({ _tag: "ChannelFailed", roomId: event.roomId, eventId: event.id, channelId, cause })),
      Effect.as<Delivered>({ delivery: { channelId, outcome: "failed", error: Cause.squash(cause) }, after: [] })
    )

  const deliver = (channel: Registered, passing: Passing): Effect.Effect<Delivered> =>
    Effect.exit(channel.deliver(passing.event, passing.room)).pipe(
      Effect.flatMap((exit) => {
        if (Exit.isFailure(exit)) return channelFailed(channel.id, passing.event, exit.cause)
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

  const pass = Effect.fnUntraced(function*(record: RoomRecord, received: RoomEvent): Effect.fn.Return<Passed> {
    const verdict = yield* hooks.before("BeforeBroadcast", {
      subject: received,
      event: received,
      value: received,
      run: (hook, event) => hook.run(event, record.room),
      check: checkModified
    })
    const event = verdict.value
    if (verdict._tag === "Blocked") return yield* block(record, event, verdict.hook, verdict.reason)
    state.append(record, event)
    const { room } = record
    const delivered = yield* Effect.forEach(
      others(room, received.source.channelId),
      (channel) => deliver(channel, { received, event, room }),
      { concurrency: "unbounded" }
    )
    const deliveries = delivered.map(({ delivery }) => delivery)
    yield* hooks.after("AfterBroadcast", { subject: event, event, run: (hook) => hook.run(event, room, deliveries) })
    yield* Fiber.awaitAll(delivered.flatMap(({ after }) => after))
    return { _tag: "Broadcast", event, deliveries }
  })

  const passInTurn = (record: RoomRecord, event: RoomEvent, answers: Conversation["answers"]): Effect.Effect<Passed> =>
    Semaphore.withPermit(record.turn, pass(record, event)).pipe(
      Effect.tap(({ _tag }) => Metric.update(outcomes[_tag], 1)),
      Effect.provideService(CurrentConversation, { within: true, answers })
    )

  return {
    /** Processes an event once the room is free. Hooks and channels running for another event do not wait. */
    broadcast: Effect.fnUntraced(function*(record: RoomRecord, event: RoomEvent): Effect.fn.Return<Result> {
      const { answers, within } = (yield* CurrentConversation) ?? { answers: new Set(), within: false }
      if (!within) return yield* passInTurn(record, event, answers)
      const answer = yield* runs.start(passInTurn(record, event, answers))
      answers.add(answer)
      answer.addObserver(() => answers.delete(answer))
      return { _tag: "Queued", eventId: event.id, roomId: event.roomId }
    }),
    /** Runs the effect and waits until all answers posted in response have been processed. */
    withAnswers: Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>): Effect.fn.Return<A, E> {
      if ((yield* CurrentConversation)?.within === true) return yield* effect
      const answers: Conversation["answers"] = new Set()
      const result = yield* Effect.provideService(effect, CurrentConversation, { within: false, answers })
      while (answers.size > 0) yield* Fiber.awaitAll([...answers])
      return result
    })
  }
}
