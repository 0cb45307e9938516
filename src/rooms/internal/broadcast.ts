/**
 * The way of one event through its room: hooks, channels, hooks.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Runs } from "../../internal/runs.ts"
import type { Channel, Delivery } from "../Channel.ts"
import type { AfterBroadcast, BeforeBroadcast, Hook, HookResult } from "../Hook.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Room } from "../Room.ts"
import { RoomEvent } from "../RoomEvent.ts"
import type { ChannelRegistry } from "./channels.ts"
import type { HookRegistry } from "./hooks.ts"
import type { RoomRecord, RoomState } from "./roomState.ts"

export interface Parts {
  readonly hooks: HookRegistry
  readonly channels: ChannelRegistry
  readonly state: RoomState
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly runs: Runs
}

export type Passed =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }

export type Result = Passed | { readonly _tag: "Queued"; readonly eventId: string; readonly roomId: string }

/** What a hook left of an event. */
type Verdict =
  | { readonly _tag: "Passed"; readonly event: RoomEvent }
  | { readonly _tag: "Blocked"; readonly reason: string }

/** A message that was brought to the kit, and what was said because of it. */
interface Conversation {
  /**
   * Whether this code is a hook or a channel that an event passes through. It
   * must not wait for another event to pass: that one may wait for this one.
   */
  readonly within: boolean
  /** The events that such code brought, on their way. */
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

const inSpan = (hook: Hook) =>
  Effect.withSpan("RoomKit.hook", { attributes: { "sms.hook": hook.name, "sms.trigger": hook.trigger } })

/** Dies when the result is none, which the compiler rules out and an application in JavaScript does not. */
const verdict = (result: HookResult, event: RoomEvent): Effect.Effect<Verdict, Schema.SchemaError> => {
  switch (result._tag) {
    case "Allow":
      return Effect.succeed({ _tag: "Passed", event })
    case "Block":
      return Effect.succeed({ _tag: "Blocked", reason: result.reason })
    case "Modify": {
      const { blocked: _, ...fields } = result.event
      const modified = RoomEvent.makeEffect({ ...fields, id: event.id, roomId: event.roomId })
      return Effect.mapBoth(modified, {
        onSuccess: (event) => ({ _tag: "Passed", event }),
        onFailure: (issue) => new Schema.SchemaError(issue)
      })
    }
    default:
      return Effect.die(new TypeError("A hook has to allow, block or modify", { cause: result satisfies never }))
  }
}

export const make = ({ channels, hooks, notify, runs, state }: Parts) => {
  const hookFailed = (hook: Hook, event: RoomEvent, cause: Cause.Cause<unknown>) =>
    Effect.andThen(
      Effect.logError(`Hook ${JSON.stringify(hook.name)} failed`, cause),
      notify({
        _tag: "HookFailed",
        roomId: event.roomId,
        eventId: event.id,
        hook: hook.name,
        trigger: hook.trigger,
        cause
      })
    )

  const before = (hook: BeforeBroadcast, event: RoomEvent, room: Room): Effect.Effect<Verdict> =>
    hook.run(event, room).pipe(
      inSpan(hook),
      Effect.flatMap((result) => verdict(result, event)),
      Effect.catchCause((cause) =>
        Effect.as(
          hookFailed(hook, event, cause),
          hook.onFailure === "allow"
            ? { _tag: "Passed", event } as const
            : { _tag: "Blocked", reason: "the hook failed" } as const
        )
      )
    )

  const after = (hook: AfterBroadcast, event: RoomEvent, room: Room, deliveries: ReadonlyArray<Delivery>) =>
    hook.run(event, room, deliveries).pipe(
      inSpan(hook),
      Effect.catchCause((cause) => hookFailed(hook, event, cause))
    )

  const block = Effect.fnUntraced(function*(record: RoomRecord, event: RoomEvent, hook: string, reason: string) {
    const blocked = new RoomEvent({ ...event, blocked: { hook, reason } })
    state.append(record, blocked)
    yield* Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked an event`, { room: event.roomId, event: event.id })
    yield* notify({ _tag: "EventBlocked", roomId: event.roomId, eventId: event.id, hook, reason })
    return { _tag: "Blocked", event: blocked, hook, reason } as const
  })

  const deliver = (channel: Channel, event: RoomEvent, room: Room): Effect.Effect<Delivery> =>
    channel.deliver(event, room).pipe(
      Effect.withSpan("RoomKit.deliver", { attributes: { "sms.channel": channel.id } }),
      Effect.exit,
      Effect.flatMap((exit) =>
        Exit.isSuccess(exit)
          ? Effect.succeed<Delivery>({ channelId: channel.id, outcome: "delivered" })
          : Effect.logError(`Channel ${JSON.stringify(channel.id)} failed`, exit.cause).pipe(
            Effect.andThen(notify({
              _tag: "ChannelFailed",
              roomId: event.roomId,
              eventId: event.id,
              channelId: channel.id,
              cause: exit.cause
            })),
            Effect.as<Delivery>({ channelId: channel.id, outcome: "failed", error: Cause.squash(exit.cause) })
          )
      )
    )

  /** The channels of the room that are registered, without the one that the event comes from. */
  const others = (room: Room, source: string): ReadonlyArray<Channel> => {
    const ids = new Set(room.attachments.map(({ channelId }) => channelId))
    ids.delete(source)
    return Array.from(ids).flatMap((id) => channels.get(id) ?? [])
  }

  const pass = Effect.fnUntraced(function*(record: RoomRecord, received: RoomEvent): Effect.fn.Return<Passed> {
    let event = received
    for (const hook of hooks.matching("BeforeBroadcast", received)) {
      // A hook that was removed while an earlier one ran has lost what it needs.
      if (!hooks.has(hook)) continue
      const verdict = yield* before(hook, event, record.room)
      if (verdict._tag === "Blocked") return yield* block(record, event, hook.name, verdict.reason)
      event = verdict.event
    }
    state.append(record, event)
    const { room } = record
    const deliveries = yield* Effect.forEach(
      others(room, received.source.channelId),
      (channel) => deliver(channel, event, room),
      { concurrency: "unbounded" }
    )
    yield* Effect.forEach(hooks.matching("AfterBroadcast", event), (hook) => after(hook, event, room, deliveries), {
      concurrency: "unbounded",
      discard: true
    })
    return { _tag: "Broadcast", event, deliveries }
  })

  const passInTurn = (record: RoomRecord, event: RoomEvent, answers: Conversation["answers"]): Effect.Effect<Passed> =>
    Semaphore.withPermit(record.turn, pass(record, event)).pipe(
      Effect.tap(({ _tag }) => Metric.update(outcomes[_tag], 1)),
      Effect.provideService(CurrentConversation, { within: true, answers })
    )

  return {
    /** Passes an event through its room when the room is free. Code that another event passes through does not wait. */
    broadcast: Effect.fnUntraced(function*(record: RoomRecord, event: RoomEvent): Effect.fn.Return<Result> {
      const { answers, within } = (yield* CurrentConversation) ?? { answers: new Set(), within: false }
      if (!within) return yield* passInTurn(record, event, answers)
      const answer = yield* runs.start(passInTurn(record, event, answers))
      answers.add(answer)
      answer.addObserver(() => answers.delete(answer))
      return { _tag: "Queued", eventId: event.id, roomId: event.roomId }
    }),
    /** Does it, and waits until everything has passed that was said because of it. */
    withAnswers: Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>): Effect.fn.Return<A, E> {
      if ((yield* CurrentConversation)?.within === true) return yield* effect
      const answers: Conversation["answers"] = new Set()
      const result = yield* Effect.provideService(effect, CurrentConversation, { within: false, answers })
      while (answers.size > 0) yield* Fiber.awaitAll([...answers])
      return result
    })
  }
}
