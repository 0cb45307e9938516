/**
 * A map in insertion order that finds its oldest entry in constant time.
 *
 * A plain `Map` keeps the same order, but a new iterator has to skip the slots
 * of all entries deleted since the last rehash. In a full map, where every
 * insertion evicts the oldest entry, that makes each lookup of the oldest
 * slower: 60 µs at 100,000 entries. This class keeps one iterator that always
 * stands just past the oldest entry.
 */
export class InsertionOrderedMap<A> {
  readonly #entries = new Map<string, A>()
  #iterator = this.#entries.entries()
  /** The entry that the iterator returned last, unset once it is deleted. All entries before it are deleted. */
  #oldest: readonly [key: string, value: A] | undefined

  get size(): number {
    return this.#entries.size
  }

  get(key: string): A | undefined {
    return this.#entries.get(key)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Returns the values, oldest first. */
  values(): Iterable<A> {
    return this.#entries.values()
  }

  /** Inserts the entry as the newest, even when the key already exists. */
  put(key: string, value: A): void {
    this.delete(key)
    this.#entries.set(key, value)
  }

  delete(key: string): boolean {
    if (this.#oldest?.[0] === key) this.#oldest = undefined
    return this.#entries.delete(key)
  }

  oldest(): readonly [key: string, value: A] | undefined {
    if (this.#oldest !== undefined || this.#entries.size === 0) return this.#oldest
    // An exhausted iterator stays exhausted, even after new insertions.
    let next = this.#iterator.next()
    if (next.done === true) {
      this.#iterator = this.#entries.entries()
      next = this.#iterator.next()
    }
    this.#oldest = next.done === true ? undefined : next.value
    return this.#oldest
  }
}
