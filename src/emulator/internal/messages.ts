/**
 * The latest messages of a carrier, bounded in number.
 */
import type { Message } from "../../provider/Emulation.ts"
import { Ring } from "./ring.ts"

/** What becomes of a message when it has left the carrier. */
export interface Fate {
  readonly end: "delivered" | "sent" | "undelivered" | "failed" | "expired"
  readonly reason?: Message["reason"]
}

/** A message as the network keeps it. */
export interface Kept extends Message {
  readonly fate: Fate
  /** Counts the changes from outside, so that an earlier scheduled step is recognized. */
  version: number
}

export class Messages {
  readonly #ring: Ring<Kept>
  readonly #byId = new Map<string, Kept>()
  readonly #groups = new Map<string, Array<Kept>>()

  constructor(limit: number) {
    this.#ring = new Ring(limit)
  }

  get size(): number {
    return this.#byId.size
  }

  add(message: Kept): void {
    this.#byId.set(message.id, message)
    if (message.group !== undefined) {
      const members = this.#groups.get(message.group)
      if (members === undefined) this.#groups.set(message.group, [message])
      else members.push(message)
    }
    const lost = this.#ring.push(message)
    if (lost !== undefined) this.remove(lost)
  }

  find(id: string): Kept | undefined {
    return this.#byId.get(id)
  }

  group(id: string): ReadonlyArray<Kept> {
    return this.#groups.get(id) ?? []
  }

  remove(message: Message): void {
    if (this.#byId.get(message.id) !== message) return
    this.#byId.delete(message.id)
    if (message.group === undefined) return
    const members = this.group(message.group).filter((member) => member !== message)
    if (members.length === 0) this.#groups.delete(message.group)
    else this.#groups.set(message.group, members)
  }

  *newestFirst(): Iterable<Kept> {
    for (const message of this.#ring.newestFirst()) {
      if (this.#byId.get(message.id) === message) yield message
    }
  }

  *oldestFirst(): Iterable<Kept> {
    for (const message of this.#ring.oldestFirst()) {
      if (this.#byId.get(message.id) === message) yield message
    }
  }

  clear(): void {
    this.#ring.clear()
    this.#byId.clear()
    this.#groups.clear()
  }
}
