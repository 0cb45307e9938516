/**
 * End points that are attached to rooms.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import type { ChannelType, OutboundMessage, SendReceipt } from "../Message.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import type { SmsError } from "../SmsError.ts"
import type { Room } from "./Room.ts"
import type { RoomEvent } from "./RoomEvent.ts"

/**
 * An end point of the application's: an AI, a web page, an agent's desk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Channel<out E = unknown, out R = never> {
  readonly id: string
  readonly type: ChannelType
  /**
   * Takes an event of a room to whoever is at this end. It is never called
   * with the channel's own events. A failure is recorded and stops no other
   * channel. It may answer with `RoomKit.post`: the answer passes after this
   * event.
   *
   * An event from an inbox comes again to a channel that failed, unless it
   * failed with `GiveUp`, and at the latest after a restart also to one that
   * took it just before the process ended: `event.id` stays the same. What it
   * posts meanwhile is not doubled.
   */
  readonly deliver: (event: RoomEvent, room: Room) => Effect.Effect<void, E, R>
  /** Whether the channel is attached to every room that the kit creates. `false` by default. */
  readonly everyRoom?: boolean | undefined
}

/**
 * A message that a channel wants to be sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outgoing {
  readonly provider: Provider
  readonly message: OutboundMessage
}

/**
 * An end point that providers send to. It says what is to be sent, and the kit
 * sends it. `SmsChannel.make` makes one for a provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendingChannel<out E = unknown, out R = never> extends Omit<Channel, "deliver"> {
  /**
   * The messages that an event of a room becomes. They are sent together, each
   * through the hooks before and after a send, and followed by the kit's
   * tracker. One to the very person who wrote the event is not sent: nothing
   * goes back to where it came from.
   */
  readonly messages: (event: RoomEvent, room: Room) => Effect.Effect<ReadonlyArray<Outgoing>, E, R>
}

/**
 * What became of one message that a channel wanted to be sent.
 *
 * - `sent`: the carrier accepted it
 * - `failed`: it did not go out, for the reason of the error, or only those
 *   parts of it did that `error.accepted` has
 * - `unknown`: it may have gone out. Sending it again could make two of it
 * - `blocked`: a hook before the send stopped it
 *
 * @category models
 * @since 0.1.0
 */
export type SendResult =
  & {
    /** Whom the channel addressed, whatever a hook made of it. */
    readonly recipient: Address
  }
  & (
    | { readonly outcome: "sent"; readonly receipt: SendReceipt }
    | { readonly outcome: "failed"; readonly error: SmsError }
    | { readonly outcome: "unknown"; readonly error: SmsError }
    | { readonly outcome: "blocked"; readonly hook: string; readonly reason: string }
  )

/**
 * What became of one event at one channel.
 *
 * - `delivered`: the channel took it, and whatever it wanted to be sent was sent
 * - `partial`: some of it was sent, and the rest was not or may not have been
 * - `unknown`: nothing is known to be sent, and something may have been
 * - `blocked`: hooks stopped all that was to be sent
 * - `failed`: the channel failed, or nothing went out. `error` is the channel's
 *   or the first `SmsError`
 *
 * Only after `failed` of a channel that sends can the event be delivered again
 * without anybody getting it twice.
 *
 * @category models
 * @since 0.1.0
 */
export type Delivery =
  & {
    readonly channelId: string
    /** Of a channel that sends: what became of each message, in the channel's order. */
    readonly sends?: ReadonlyArray<SendResult> | undefined
  }
  & (
    | { readonly outcome: "delivered" | "partial" | "unknown" | "blocked" }
    | { readonly outcome: "failed"; readonly error: unknown }
  )
