/** The neighbors of an object in a list. */
export interface Linked<A> {
  older: A | undefined
  newer: A | undefined
}

/**
 * A list in the order of insertion whose objects have the links themselves: one
 * object for an entry and its place costs the collector half of two.
 */
export class LinkedList<A extends Linked<A>> {
  #oldest: A | undefined
  #newest: A | undefined

  get oldest(): A | undefined {
    return this.#oldest
  }

  get newest(): A | undefined {
    return this.#newest
  }

  *[Symbol.iterator](): Iterator<A> {
    for (let item = this.#oldest; item !== undefined; item = item.newer) yield item
  }

  append(item: A): void {
    const newest = this.#newest
    item.older = newest
    item.newer = undefined
    if (newest === undefined) this.#oldest = item
    else newest.newer = item
    this.#newest = item
  }

  /** Takes an object out of the list. It must not keep others in memory. */
  remove(item: A): void {
    const { newer, older } = item
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    item.older = undefined
    item.newer = undefined
  }

  /** Moves an object of the list to its end. */
  renew(item: A): void {
    if (item === this.#newest) return
    this.remove(item)
    this.append(item)
  }

  clear(): void {
    this.#oldest = undefined
    this.#newest = undefined
  }
}
