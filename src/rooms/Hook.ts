/**
 * Hooks: Effects that run when something happens in a room.
 *
 * Hooks of the `BeforeBroadcast` trigger run one after the other, the lowest
 * priority number first, each on what the one before left. A hook allows,
 * blocks with a reason, or modifies. Hooks of the `AfterBroadcast` trigger run
 * together and decide nothing.
 *
 * A hook that fails, dies or runs out of time blocks the event: a crashed
 * consent check must not let a message through. A hook that only decorates is
 * declared with `onFailure: "allow"`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ChannelType } from "../Message.ts"
import type { Delivery } from "./Channel.ts"
import type { Room } from "./Room.ts"
import type { EventSource, RoomEvent } from "./RoomEvent.ts"

/**
 * What a hook decides.
 *
 * @category models
 * @since 0.1.0
 */
export type HookResult<A = RoomEvent> =
  | { readonly _tag: "Allow" }
  | { readonly _tag: "Block"; readonly reason: string }
  | { readonly _tag: "Modify"; readonly value: A }

/**
 * Lets the event pass as it is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const allow: HookResult<never> = { _tag: "Allow" }

/**
 * Stops the event. No later hook and no channel sees it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const block = (reason: string): HookResult<never> => ({ _tag: "Block", reason })

/**
 * Lets another event pass in its place. Its id and room stay what they were.
 *
 * @category constructors
 * @since 0.1.0
 */
export const modify = <A>(value: A): HookResult<A> => ({ _tag: "Modify", value })

/**
 * Which events a hook is for. A filter that is absent lets everything through.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filters {
  readonly channelTypes?: ReadonlyArray<ChannelType> | undefined
  readonly channelIds?: ReadonlyArray<string> | undefined
  readonly directions?: ReadonlyArray<"inbound" | "outbound"> | undefined
  /** Only events of this room. Global when absent. */
  readonly roomId?: string | undefined
}

/**
 * What filters look at.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  readonly roomId: string
  readonly source: Pick<EventSource, "channelId" | "channelType" | "direction">
}

/**
 * What hooks of all triggers have.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Filters {
  /** Names the hook in logs, spans and block reasons. */
  readonly name: string
  /** Lower runs first; equal ones run in the order of registration. 0 by default. */
  readonly priority?: number | undefined
  /** 30 seconds by default. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * A hook that runs before an event reaches the channels.
 *
 * @category models
 * @since 0.1.0
 */
export interface BeforeBroadcast<out E = unknown, out R = never> extends Options {
  readonly trigger: "BeforeBroadcast"
  /** What happens to the event when the hook fails, dies or runs out of time. `block` by default. */
  readonly onFailure?: "block" | "allow" | undefined
  readonly run: (event: RoomEvent, room: Room) => Effect.Effect<HookResult, E, R>
}

/**
 * A hook that runs after the channels got an event.
 *
 * @category models
 * @since 0.1.0
 */
export interface AfterBroadcast<out E = unknown, out R = never> extends Options {
  readonly trigger: "AfterBroadcast"
  readonly run: (
    event: RoomEvent,
    room: Room,
    deliveries: ReadonlyArray<Delivery>
  ) => Effect.Effect<void, E, R>
}

/**
 * Any hook.
 *
 * @category models
 * @since 0.1.0
 */
export type Hook<E = unknown, R = never> = BeforeBroadcast<E, R> | AfterBroadcast<E, R>

/**
 * A hook that runs before an event reaches the channels.
 *
 * @category constructors
 * @since 0.1.0
 */
export const beforeBroadcast = <E, R>(hook: Omit<BeforeBroadcast<E, R>, "trigger">): BeforeBroadcast<E, R> => ({
  ...hook,
  trigger: "BeforeBroadcast"
})

/**
 * A hook that runs after the channels got an event.
 *
 * @category constructors
 * @since 0.1.0
 */
export const afterBroadcast = <E, R>(hook: Omit<AfterBroadcast<E, R>, "trigger">): AfterBroadcast<E, R> => ({
  ...hook,
  trigger: "AfterBroadcast"
})

/**
 * Whether the filters let it through.
 *
 * @category guards
 * @since 0.1.0
 */
export const matches = (filters: Filters, { roomId, source }: Subject): boolean =>
  (filters.roomId === undefined || filters.roomId === roomId) &&
  (filters.channelTypes === undefined || filters.channelTypes.includes(source.channelType)) &&
  (filters.channelIds === undefined || filters.channelIds.includes(source.channelId)) &&
  (filters.directions === undefined || filters.directions.includes(source.direction))
