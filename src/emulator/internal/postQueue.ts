/**
 * The webhooks that wait for a connection, in order.
 */
import type * as Emulation from "../../provider/Emulation.ts"
import type { Effect } from "../Fault.ts"

/** A webhook on its way, with what goes wrong on it. */
export interface Post {
  readonly carrier: string
  readonly webhook: Emulation.Webhook
  /** 1 at first. */
  readonly attempt: number
  readonly faults: ReadonlyArray<Effect>
}

export class PostQueue {
  #posts: Array<Post> = []
  #first = 0

  get size(): number {
    return this.#posts.length - this.#first
  }

  add(post: Post): void {
    this.#posts.push(post)
  }

  take(): Post | undefined {
    const post = this.#posts[this.#first]
    if (post === undefined) return undefined
    this.#first++
    // Copied rarely, so that each is moved about once.
    if (this.#first > 1000 && this.#first * 2 > this.#posts.length) {
      this.#posts = this.#posts.slice(this.#first)
      this.#first = 0
    }
    return post
  }

  all(): ReadonlyArray<Post> {
    return this.#posts.slice(this.#first)
  }

  clear(): void {
    this.#posts = []
    this.#first = 0
  }
}
