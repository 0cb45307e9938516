/**
 * Hooks: application Effects that run before and after events in a room.
 *
 * `BeforeBroadcast` and `BeforeSend` hooks run in sequence, lowest priority
 * number first, each on the value left by the previous one. A hook allows the
 * value, blocks it with a reason, or modifies it. `AfterBroadcast` and
 * `AfterSend` hooks run concurrently and cannot change anything.
 *
 * A `Before` hook that fails, dies or times out blocks the value: a crashed
 * consent check must not let a message through. Declare a hook that is only
 * cosmetic with `onFailure: "allow"`.
 *
 * **Example** (A hook that blocks)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Content, Hook, RoomKit } from "effect-sms"
 *
 * export const NoLinks = RoomKit.layerHook(Hook.beforeBroadcast({
 *   name: "no-links",
 *   directions: ["inbound"],
 *   run: ({ content }) => Effect.succeed(Content.text(content).includes("https://") ? Hook.block("a link") : Hook.allow)
 * }))
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ChannelType, OutboundMessage, SendReceipt } from "../Message.ts"
import type { EventSource, RoomEvent } from "../RoomEvent.ts"
import type { SmsError } from "../SmsError.ts"
import type { Delivery } from "./Channel.ts"
import type { Room } from "./Room.ts"

/**
 * The decision of a hook.
 *
 * @category models
 * @since 0.1.0
 */
export type HookResult<A = RoomEvent> =
  | { readonly _tag: "Allow" }
  | { readonly _tag: "Block"; readonly reason: string }
  | { readonly _tag: "Modify"; readonly value: A }

/**
 * Lets the value pass unchanged.
 *
 * @category constructors
 * @since 0.1.0
 */
export const allow: HookResult<never> = { _tag: "Allow" }

/**
 * Blocks the value. Later hooks, channels and carriers do not see it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const block = (reason: string): HookResult<never> => ({ _tag: "Block", reason })

/**
 * Replaces the value. The id and the room of an event cannot be changed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const modify = <A>(value: A): HookResult<A> => ({ _tag: "Modify", value })

/**
 * Restricts which values a hook runs for. An absent filter matches everything.
 * For a room event, the filters apply to its source. For a send, they apply to
 * the sending channel and the message, whose direction is `outbound` and whose
 * channel type is `mms` when it has media or goes to a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filters {
  readonly channelTypes?: ReadonlyArray<ChannelType> | undefined
  readonly channelIds?: ReadonlyArray<string> | undefined
  readonly directions?: ReadonlyArray<"inbound" | "outbound"> | undefined
  /** The only room whose events match. Absent for a global hook. */
  readonly roomId?: string | undefined
}

/**
 * The fields that filters are matched against.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  readonly roomId: string
  readonly source: Pick<EventSource, "channelId" | "channelType" | "direction">
}

/**
 * Options shared by the hooks of all triggers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Filters {
  /** The name of the hook in logs, spans and block reasons. */
  readonly name: string
  /** Lower numbers run first; equal ones run in order of registration. 0 by default. */
  readonly priority?: number | undefined
  /** The timeout of one run. 30 seconds by default. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * A hook that runs before an event is delivered to the channels.
 *
 * @category models
 * @since 0.1.0
 */
export interface BeforeBroadcast<out E = unknown, out R = never> extends Options {
  readonly trigger: "BeforeBroadcast"
  /**
   * The decision when the hook fails, dies or times out. `block` by default. With
   * an inbox, a hook that fails with `TryAgain` decides later: the event is
   * processed again from the start, and the next ones of its conversation wait.
   */
  readonly onFailure?: "block" | "allow" | undefined
  readonly run: (event: RoomEvent, room: Room) => Effect.Effect<HookResult, E, R>
}

/**
 * A hook that runs after an event was delivered to the channels.
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
 * The context of a send.
 *
 * @category models
 * @since 0.1.0
 */
export interface AboutSend {
  /** The event that the message was created from. Absent for a message without a room, such as one sent over HTTP. */
  readonly event?: RoomEvent | undefined
  readonly room?: Room | undefined
  /** The channel that sends. `direct` for a message without a room. */
  readonly channelId: string
  /** The provider's name. Absent when a router chooses the provider. */
  readonly provider?: string | undefined
}

/**
 * A hook blocked a message without a room. Nothing was sent.
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
 * A hook that runs before a message is sent, once for each message. It runs for
 * messages from channels and for messages sent over the server's API. A group
 * message has several recipients: check `recipients`, not only `to`. A modified
 * message may have other ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface BeforeSend<out E = unknown, out R = never> extends Options {
  readonly trigger: "BeforeSend"
  /** The decision when the hook fails, dies or times out. `block` by default. */
  readonly onFailure?: "block" | "allow" | undefined
  readonly run: (message: OutboundMessage, about: AboutSend) => Effect.Effect<HookResult<OutboundMessage>, E, R>
}

/**
 * A hook that runs after a channel sent a message or failed to send it. It does
 * not run for blocked messages. The room waits for the hook, unless the send
 * already exceeded the room's timeout.
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
 * A hook of any trigger.
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
 * Builds a hook that runs before an event is delivered to the channels.
 *
 * @category constructors
 * @since 0.1.0
 */
export const beforeBroadcast = <E, R>(hook: Omit<BeforeBroadcast<E, R>, "trigger">): BeforeBroadcast<E, R> => ({
  ...hook,
  trigger: "BeforeBroadcast"
})

/**
 * Builds a hook that runs after an event was delivered to the channels.
 *
 * **Example** (Counting what could not be delivered)
 *
 * ```ts
 * import { Console } from "effect"
 * import { Hook, RoomKit } from "effect-sms"
 *
 * export const Failed = RoomKit.layerHook(Hook.afterBroadcast({
 *   name: "failed",
 *   run: (_event, { id }, deliveries) => Console.log(id, deliveries.filter(({ outcome }) => outcome === "failed").length)
 * }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const afterBroadcast = <E, R>(hook: Omit<AfterBroadcast<E, R>, "trigger">): AfterBroadcast<E, R> => ({
  ...hook,
  trigger: "AfterBroadcast"
})

/**
 * Builds a hook that runs before a channel sends a message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const beforeSend = <E, R>(hook: Omit<BeforeSend<E, R>, "trigger">): BeforeSend<E, R> => ({
  ...hook,
  trigger: "BeforeSend"
})

/**
 * Builds a hook that runs after a channel sent a message or failed to send it.
 *
 * **Example** (Looking at each send)
 *
 * ```ts
 * import { Console } from "effect"
 * import { Hook, RoomKit } from "effect-sms"
 *
 * export const Sends = RoomKit.layerHook(Hook.afterSend({
 *   name: "sends",
 *   run: (message, result, { channelId }) => Console.log(channelId, message.to.length, result._tag)
 * }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const afterSend = <E, R>(hook: Omit<AfterSend<E, R>, "trigger">): AfterSend<E, R> => ({
  ...hook,
  trigger: "AfterSend"
})

/**
 * Returns whether the filters match the subject.
 *
 * **Example** (Trying filters)
 *
 * ```ts run
 * import { Hook } from "effect-sms"
 *
 * const source = { channelId: "sms-twilio", channelType: "sms", direction: "inbound" } as const
 * Hook.matches({ channelTypes: ["sms", "mms"] }, { roomId: "1", source }) // => true
 * Hook.matches({ directions: ["outbound"] }, { roomId: "1", source }) // => false
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const matches = (filters: Filters, { roomId, source }: Subject): boolean =>
  (filters.roomId === undefined || filters.roomId === roomId) &&
  (filters.channelTypes === undefined || filters.channelTypes.includes(source.channelType)) &&
  (filters.channelIds === undefined || filters.channelIds.includes(source.channelId)) &&
  (filters.directions === undefined || filters.directions.includes(source.direction))
