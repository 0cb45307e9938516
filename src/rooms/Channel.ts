/**
 * Channels: endpoints that are attached to rooms.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import type { ChannelType, OutboundMessage, SendReceipt } from "../Message.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import type { SmsError } from "../SmsError.ts"
import type { Room } from "./Room.ts"

/**
 * An endpoint of the application: an AI, a web page or an agent's desk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Channel<out E = unknown, out R = never> {
  readonly id: string
  readonly type: ChannelType
  /**
   * Delivers a room event to the endpoint. The kit never calls it with the
   * channel's own events. A failure is recorded and does not affect other
   * channels. The channel may answer with `RoomKit.post`; the answer is
   * broadcast after this event.
   *
   * With an inbox, an event is delivered again to a channel that failed, unless
   * it failed with `GiveUp`, and also to a channel that received it just before
   * the process stopped. `event.id` stays the same. Messages that the channel
   * posts while it handles the event are deduplicated.
   */
  readonly deliver: (event: RoomEvent, room: Room) => Effect.Effect<void, E, R>
  /** Whether the channel is attached to every room that the kit creates. `false` by default. */
  readonly everyRoom?: boolean | undefined
}

/**
 * Builds a channel of the application, for `RoomKit.registerChannel` or
 * `RoomKit.layerChannel`. The errors and services of `deliver` are inferred.
 *
 * **Example** (A channel for the agents of a support desk)
 *
 * ```ts
 * import { Channel, Content, RoomKit } from "effect-sms"
 * import { Console } from "effect"
 *
 * const desk = Channel.make({
 *   id: "desk",
 *   type: "web",
 *   everyRoom: true,
 *   deliver: ({ content, roomId }) => Console.log(`${roomId}: ${Content.text(content)}`)
 * })
 *
 * export const Desk = RoomKit.layerChannel(desk)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <E = never, R = never>(channel: Channel<E, R>): Channel<E, R> => ({
  ...channel,
  everyRoom: channel.everyRoom ?? false
})

/**
 * A message that a channel asks the kit to send, and the provider to send it
 * with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outgoing {
  readonly provider: Provider
  readonly message: OutboundMessage
}

/**
 * An endpoint that is reached through a provider. The channel returns the
 * messages and the kit sends them. `SmsChannel.make` builds one for a provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendingChannel<out E = unknown, out R = never> extends Omit<Channel, "deliver"> {
  /**
   * Returns the messages to send for a room event. The kit sends them
   * concurrently, runs the `BeforeSend` and `AfterSend` hooks for each and tracks
   * their delivery. A message addressed to the author of the event, alone or in a
   * group, is skipped.
   */
  readonly messages: (event: RoomEvent, room: Room) => Effect.Effect<ReadonlyArray<Outgoing>, E, R>
}

/**
 * Builds a channel whose messages the kit sends.
 *
 * **Example** (A channel that copies messages to a colleague)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Address, Channel, Content, Message, type SmsProvider } from "effect-sms"
 *
 * export const copies = (provider: SmsProvider.Service) =>
 *   Channel.makeSending({
 *     id: "copies",
 *     type: "sms",
 *     everyRoom: true,
 *     messages: ({ content }) =>
 *       Effect.succeed([{
 *         provider,
 *         message: new Message.OutboundMessage({
 *           to: Address.Address.make("+15145550143"),
 *           content: new Content.TextContent({ text: Content.text(content) })
 *         })
 *       }])
 *   })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeSending = <E = never, R = never>(channel: SendingChannel<E, R>): SendingChannel<E, R> => ({
  ...channel,
  everyRoom: channel.everyRoom ?? false
})

/**
 * The result of one message that a channel asked to send.
 *
 * - `sent`: the carrier accepted the message
 * - `failed`: the message was not sent, for the reason in `error`, or only the
 *   parts in `error.accepted` were
 * - `unknown`: the message may have been sent. Sending it again could duplicate
 *   it
 * - `blocked`: a `BeforeSend` hook blocked the message
 *
 * @category models
 * @since 0.1.0
 */
export type SendResult =
  & {
    /** The recipient that the channel addressed, regardless of any modification by a hook. */
    readonly recipient: Address
    /** The other recipients of a group message. */
    readonly participants?: ReadonlyArray<Address> | undefined
  }
  & (
    | { readonly outcome: "sent"; readonly receipt: SendReceipt }
    | { readonly outcome: "failed"; readonly error: SmsError }
    | { readonly outcome: "unknown"; readonly error: SmsError }
    | { readonly outcome: "blocked"; readonly hook: string; readonly reason: string }
  )

/**
 * The result of one event at one channel.
 *
 * - `delivered`: the channel accepted the event, and every message it asked for
 *   was sent
 * - `partial`: some messages were sent, and the others were not or may not have
 *   been
 * - `unknown`: no message is known to be sent, and at least one may have been
 * - `blocked`: hooks blocked every message
 * - `failed`: the channel failed, or nothing was sent. `error` is the channel's
 *   error or the first `SmsError`
 *
 * For a channel that sends, only a `failed` event can be delivered again
 * without the risk of duplicates.
 *
 * @category models
 * @since 0.1.0
 */
export type Delivery =
  & {
    readonly channelId: string
    /** The result of each message in the channel's order, for a channel that sends. */
    readonly sends?: ReadonlyArray<SendResult> | undefined
  }
  & (
    | { readonly outcome: "delivered" | "partial" | "unknown" | "blocked" }
    | { readonly outcome: "failed"; readonly error: unknown }
  )
