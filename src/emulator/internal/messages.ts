/**
 * The latest messages of a carrier, bounded in number and in bytes.
 */
import { sizeOf } from "../../internal/sizeOf.ts"
import type { Message } from "../../provider/Emulation.ts"
import { Latest } from "./latest.ts"

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
  /** Whether a step is scheduled that advances it. */
  isAdvancing: boolean
}

/** How many bytes a message may have, on the average of all. A usual one has about a thousand. */
const bytesOfMessage = 4000

const textSize = (text = ""): number => 2 * text.length

const sizeOfMessage = ({ callback, data, files, id, text, urls }: Kept): number => {
  let bytes = 600 + textSize(id) + textSize(text) + textSize(callback) + 80 * files.length
  for (const url of urls) bytes += 24 + textSize(url)
  for (const key in data) bytes += 48 + sizeOf(data[key])
  return bytes
}

/** Whether it ends soon. Until then it is kept in any case, because its reports are still to come. */
const endsSoon = ({ isAdvancing, state }: Kept): boolean => isAdvancing && state !== "scheduled"

export class Messages {
  readonly #latest: Latest<Kept>
  readonly #byId = new Map<string, Kept>()
  /** Those that are forgotten as soon as they end. */
  readonly #leaving = new Set<Kept>()
  readonly #groups = new Map<string, Array<Kept>>()

  constructor(limit: number) {
    this.#latest = new Latest({ maxEntries: limit, maxBytes: limit * bytesOfMessage })
  }

  get size(): number {
    return this.#byId.size
  }

  /** How many are kept only because they end soon. */
  get leaving(): number {
    return this.#leaving.size
  }

  /** Adds a message. Returns how many that were still to advance are forgotten for it. */
  add(message: Kept): number {
    this.#byId.set(message.id, message)
    if (message.group !== undefined) {
      const members = this.#groups.get(message.group)
      if (members === undefined) this.#groups.set(message.group, [message])
      else members.push(message)
    }
    this.#latest.add(message, sizeOfMessage(message))
    let forgotten = 0
    for (let lost = this.#latest.takeExcess(); lost !== undefined; lost = this.#latest.takeExcess()) {
      if (this.#byId.get(lost.id) !== lost) continue
      if (endsSoon(lost)) this.#leaving.add(lost)
      else {
        this.remove(lost)
        if (lost.isAdvancing) forgotten++
      }
    }
    return forgotten
  }

  /** Forgets a message that has ended, if only its end was waited for. */
  ended(message: Kept): void {
    if (this.#leaving.delete(message)) this.remove(message)
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
    for (const message of this.#latest.newestFirst()) {
      if (this.#byId.get(message.id) === message) yield message
    }
  }

  oldestFirst(): Iterable<Kept> {
    return this.#byId.values()
  }

  clear(): void {
    this.#latest.clear()
    this.#byId.clear()
    this.#leaving.clear()
    this.#groups.clear()
  }
}
