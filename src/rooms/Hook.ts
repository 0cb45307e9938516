/**
 * Hooks: Effects that run when something happens in a room.
 *
 * Hooks before something (`BeforeBroadcast`, `BeforeSend`) run one after the
 * other, the lowest priority number first, each on what the one before left. A
 * hook allows, blocks with a reason, or modifies. Hooks after it
 * (`AfterBroadcast`, `AfterSend`) run together and decide nothing.
 *
 * A hook that fails, dies or runs out of time blocks: a crashed consent check
 * must not let a message through. A hook that only decorates is declared with
 * `onFailure: "allow"`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ChannelType, OutboundMessage, SendReceipt } from "../Message.ts"
import type { SmsError } from "../SmsError.ts"
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
 * Lets it pass as it is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const allow: HookResult<never> = { _tag: "Allow" }

/**
 * Stops it. No later hook and no channel or carrier sees it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const block = (reason: string): HookResult<never> => ({ _tag: "Block", reason })

/**
 * Lets something else pass in its place. The id and room of an event stay what
 * they were.
 *
 * @category constructors
 * @since 0.1.0
 */
export const modify = <A>(value: A): HookResult<A> => ({ _tag: "Modify", value })

/**
 * What a hook is for. A filter that is absent lets everything through. Of a
 * room event, filters look at its source. Of a send, they look at the channel
 * that sends and at the message, which is `outbound`, and `mms` when it has
 * media.
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
 * What a send is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface AboutSend {
  /** The event that the message is made of. Absent for a message that comes from no room, as over HTTP. */
  readonly event?: RoomEvent | undefined
  readonly room?: Room | undefined
  /** The channel that sends. `direct` for a message that comes from no room. */
  readonly channelId: string
  /** The provider's name. Absent where a router chooses it. */
  readonly provider?: string | undefined
}

/**
 * A hook stopped a message that comes from no room, and nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class SendBlocked extends Schema.TaggedError<SendBlocked>()("SendBlocked", {
  hook: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `Hook ${JSON.stringify(this.hook)} blocked the message: ${this.reason}`
  }
}

/**
 * A hook that runs before a message is sent, once for each recipient: what a
 * channel sends, and what the server is asked to send. What it modifies may go
 * to somebody else.
 *
 * @category models
 * @since 0.1.0
 */
export interface BeforeSend<out E = unknown, out R = never> extends Options {
  readonly trigger: "BeforeSend"
  /** What happens to the message when the hook fails, dies or runs out of time. `block` by default. */
  readonly onFailure?: "block" | "allow" | undefined
  readonly run: (message: OutboundMessage, about: AboutSend) => Effect.Effect<HookResult<OutboundMessage>, E, R>
}

/**
 * A hook that runs after a channel sent a message, or tried to. It does not run
 * for a message that was blocked. The room waits for it, unless the send took
 * longer than the room waits for.
 *
 * @category models
 * @since 0.1.0
 */
export interface AfterSend<out E = unknown, out R = never> extends Options {
  readonly trigger: "AfterSend"
  readonly run: (
    message: OutboundMessage,
    result: Result.Result<SendReceipt, SmsError>,
    about: AboutSend
  ) => Effect.Effect<void, E, R>
}

/**
 * Any hook.
 *
 * @category models
 * @since 0.1.0
 */
export type Hook<E = unknown, R = never> =
  | BeforeBroadcast<E, R>
  | AfterBroadcast<E, R>
  | BeforeSend<E, R>
  | AfterSend<E, R>

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
 * A hook that runs before a channel sends a message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const beforeSend = <E, R>(hook: Omit<BeforeSend<E, R>, "trigger">): BeforeSend<E, R> => ({
  ...hook,
  trigger: "BeforeSend"
})

/**
 * A hook that runs after a channel sent a message, or tried to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const afterSend = <E, R>(hook: Omit<AfterSend<E, R>, "trigger">): AfterSend<E, R> => ({
  ...hook,
  trigger: "AfterSend"
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
