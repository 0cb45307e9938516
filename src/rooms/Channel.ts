/**
 * End points that are attached to rooms.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { ChannelType } from "../Message.ts"
import type { Room } from "./Room.ts"
import type { RoomEvent } from "./RoomEvent.ts"

/**
 * An end point. An SMS channel stands for a provider; an AI or a web channel
 * is the application's.
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
   */
  readonly deliver: (event: RoomEvent, room: Room) => Effect.Effect<void, E, R>
  /** Whether the channel is attached to every room that the kit creates. `false` by default. */
  readonly everyRoom?: boolean | undefined
}

/**
 * What became of one event at one channel.
 *
 * @category models
 * @since 0.1.0
 */
export type Delivery =
  | { readonly channelId: string; readonly outcome: "delivered" }
  | { readonly channelId: string; readonly outcome: "failed"; readonly error: unknown }
