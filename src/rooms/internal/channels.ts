/**
 * The registered channels.
 */
import type { Channel } from "../Channel.ts"

/** Changed in place, by the kit alone and always within one synchronous step. */
export class ChannelRegistry {
  /** The registrations of an id, of which the latest counts. */
  readonly #registered = new Map<string, ReadonlyArray<Channel>>()
  readonly #everyRoom = new Set<string>()

  get(id: string): Channel | undefined {
    return this.#registered.get(id)?.at(-1)
  }

  /** The ids of the channels that belong to every room. */
  get everyRoom(): Iterable<string> {
    return this.#everyRoom
  }

  add(channel: Channel): void {
    this.#set(channel.id, [...this.#registered.get(channel.id) ?? [], channel])
  }

  remove(channel: Channel): void {
    this.#set(channel.id, (this.#registered.get(channel.id) ?? []).filter((other) => other !== channel))
  }

  #set(id: string, channels: ReadonlyArray<Channel>): void {
    if (channels.length === 0) this.#registered.delete(id)
    else this.#registered.set(id, channels)
    if (channels.at(-1)?.everyRoom === true) this.#everyRoom.add(id)
    else this.#everyRoom.delete(id)
  }
}
