/**
 * The registry of channels.
 */
import type * as Effect from "effect/Effect"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Channel, Outgoing } from "../Channel.ts"
import type { Room } from "../Room.ts"

/** A registered channel. */
export interface Registered extends Omit<Channel, "deliver"> {
  /** Delivers an event to the endpoint, or returns the messages to send for it. */
  readonly deliver: (event: RoomEvent, room: Room) => Effect.Effect<ReadonlyArray<Outgoing> | undefined, unknown>
  /** Whether every failure is retried. A failure of a sending channel is final, unless the channel asks for a retry. */
  readonly retries: boolean
  /** The running work that the end of the registration waits for. */
  readonly runs: SupervisedFibers
}

/** Mutated in place, only by the kit and always within one synchronous step. */
export class ChannelRegistry {
  /** The registrations per id. The latest one is active. */
  readonly #registered = new Map<string, ReadonlyArray<Registered>>()
  readonly #everyRoom = new Set<string>()

  get(id: string): Registered | undefined {
    return this.#registered.get(id)?.at(-1)
  }

  /** The ids of the channels that belong to every room. */
  get everyRoom(): Iterable<string> {
    return this.#everyRoom
  }

  add(channel: Registered): void {
    this.#set(channel.id, [...this.#registered.get(channel.id) ?? [], channel])
  }

  remove(channel: Registered): void {
    this.#set(channel.id, (this.#registered.get(channel.id) ?? []).filter((other) => other !== channel))
  }

  #set(id: string, channels: ReadonlyArray<Registered>): void {
    if (channels.length === 0) this.#registered.delete(id)
    else this.#registered.set(id, channels)
    if (channels.at(-1)?.everyRoom === true) this.#everyRoom.add(id)
    else this.#everyRoom.delete(id)
  }
}
