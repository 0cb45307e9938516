/**
 * The way of one event through its room: hooks, channels, hooks.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Ref from "effect/Ref"
import * as Semaphore from "effect/Semaphore"
import type { Channel, Delivery } from "../rooms/Channel.ts"
import type { AfterBroadcast, BeforeBroadcast, Hook, HookResult } from "../rooms/Hook.ts"
import type { KitEvent } from "../rooms/KitEvent.ts"
import type { Room } from "../rooms/Room.ts"
import { RoomEvent } from "../rooms/RoomEvent.ts"
import type { Registry } from "./hooks.ts"
import type { RoomRecord, RoomState } from "./roomState.ts"

export interface Parts {
  readonly hooks: Ref.Ref<Registry>
  readonly channels: Ref.Ref<ReadonlyMap<string, Channel>>
  readonly state: RoomState
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly deliveryTimeout: Duration.Input
}

export type Result =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }

const roomEvents = Metric.counter("sms_room_events_total", {
  description: "Room events by outcome",
  incremental: true
})
const outcomes = {
  Broadcast: Metric.withAttributes(roomEvents, { outcome: "broadcast" }),
  Blocked: Metric.withAttributes(roomEvents, { outcome: "blocked" })
}

export const make = ({ channels, deliveryTimeout, hooks, notify, state }: Parts) => {
  const limited = <A>(hook: Hook, run: Effect.Effect<A, unknown>) =>
    run.pipe(
      Effect.timeout(hook.timeout ?? "30 seconds"),
      Effect.withSpan("RoomKit.hook", { attributes: { "sms.hook": hook.name, "sms.trigger": hook.trigger } })
    )

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

  const decide = (hook: BeforeBroadcast, event: RoomEvent, room: Room): Effect.Effect<HookResult> =>
    Effect.suspend(() => limited(hook, hook.run(event, room))).pipe(
      Effect.catchCause((cause) =>
        Effect.as(
          hookFailed(hook, event, cause),
          hook.onFailure === "allow"
            ? { _tag: "Allow" } as const
            : { _tag: "Block", reason: "the hook failed" } as const
        )
      )
    )

  const block = Effect.fnUntraced(function*(record: RoomRecord, event: RoomEvent, hook: string, reason: string) {
    const blocked = new RoomEvent({ ...event, blocked: { hook, reason } })
    state.append(record, blocked)
    yield* Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked an event`, { room: event.roomId, event: event.id })
    yield* notify({ _tag: "EventBlocked", roomId: event.roomId, eventId: event.id, hook, reason })
    return { _tag: "Blocked", event: blocked, hook, reason } as const
  })

  const deliver = (channel: Channel, event: RoomEvent, room: Room): Effect.Effect<Delivery> =>
    Effect.suspend(() => channel.deliver(event, room)).pipe(
      Effect.timeout(deliveryTimeout),
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

  const after = (hook: AfterBroadcast, event: RoomEvent, room: Room, deliveries: ReadonlyArray<Delivery>) =>
    Effect.suspend(() => limited(hook, hook.run(event, room, deliveries))).pipe(
      Effect.catchCause((cause) => hookFailed(hook, event, cause))
    )

  const pass = Effect.fnUntraced(function*(record: RoomRecord, received: RoomEvent): Effect.fn.Return<Result> {
    const registry = yield* Ref.get(hooks)
    let event = received
    for (const hook of registry.matching("BeforeBroadcast", received)) {
      const result = yield* decide(hook, event, record.room)
      if (result._tag === "Block") return yield* block(record, event, hook.name, result.reason)
      if (result._tag === "Modify") {
        event = new RoomEvent({ ...result.event, id: received.id, roomId: received.roomId })
      }
    }
    state.append(record, event)
    const registered = yield* Ref.get(channels)
    const others = new Set(record.room.attachments.map(({ channelId }) => channelId))
    others.delete(received.source.channelId)
    const reachable = [...others].flatMap((id) => registered.get(id) ?? [])
    const room = record.room
    const deliveries = yield* Effect.forEach(reachable, (channel) => deliver(channel, event, room), {
      concurrency: "unbounded"
    })
    yield* Effect.forEach(registry.matching("AfterBroadcast", event), (hook) => after(hook, event, room, deliveries), {
      concurrency: "unbounded",
      discard: true
    })
    return { _tag: "Broadcast", event, deliveries }
  })

  return (record: RoomRecord, event: RoomEvent): Effect.Effect<Result> =>
    Semaphore.withPermit(record.turn, pass(record, event)).pipe(
      Effect.tap((result) => Metric.update(outcomes[result._tag], 1))
    )
}
