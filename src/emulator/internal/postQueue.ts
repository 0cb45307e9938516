/**
 * The webhooks that wait for their time or for a connection. Their number and
 * their bytes are bounded: an application that is down for hours would
 * otherwise fill the memory with what is posted again.
 */
import type * as Emulation from "../../provider/Emulation.ts"
import type { Effect } from "../Fault.ts"
import { Fifo } from "./fifo.ts"

/** A webhook on its way, with what goes wrong on it. */
export interface Post {
  readonly carrier: string
  readonly webhook: Emulation.Webhook
  /** 1 at first. */
  readonly attempt: number
  readonly faults: ReadonlyArray<Effect>
}

const maxPosts = 50_000
const maxBytes = 100_000_000

/** The dialect's data has what is in the body too. */
const sizeOf = ({ webhook: { body, url } }: Post): number => 1000 + 2 * url.length + 4 * body.length

export class PostQueue {
  readonly #due = new Fifo<Post>()
  #count = 0
  #bytes = 0

  /** How many wait for a connection. */
  get size(): number {
    return this.#due.size
  }

  /** Counts a webhook from its beginning until it is taken. Returns whether there is a place for it. */
  admit(post: Post): boolean {
    const bytes = sizeOf(post)
    if (this.#count >= maxPosts || this.#bytes + bytes > maxBytes) return false
    this.#count++
    this.#bytes += bytes
    return true
  }

  /** Adds a webhook that was admitted and is due. */
  add(post: Post): void {
    this.#due.add(post)
  }

  take(): Post | undefined {
    const post = this.#due.take()
    if (post === undefined) return undefined
    this.#count--
    this.#bytes -= sizeOf(post)
    return post
  }

  all(): ReadonlyArray<Post> {
    return [...this.#due.oldestFirst()]
  }

  clear(): void {
    this.#due.clear()
    this.#count = 0
    this.#bytes = 0
  }
}
