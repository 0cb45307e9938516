/** The bounds of a map. Without one, it has no limit. */
export interface Bounds {
  readonly maxEntries?: number | undefined
  /** The estimated bytes of all entries: see `sizeOf`. */
  readonly maxBytes?: number | undefined
}

type Entry<A> = [key: string, value: A, bytes: number]

/** What an entry takes in a map, without its key and value. */
const perEntry = 128

/**
 * A map in insertion order that counts its entries and their bytes, and finds
 * its oldest entry in constant time.
 *
 * A plain `Map` keeps the same order, but a new iterator has to skip the slots
 * of all entries deleted since the last rehash. In a full map, where every
 * insertion evicts the oldest entry, that makes each lookup of the oldest
 * slower: 60 µs at 100,000 entries. This class keeps one iterator that always
 * stands just past the oldest entry.
 */
export class InsertionOrderedMap<A> {
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry<A>>()
  #iterator = this.#entries.values()
  #bytes = 0
  /** The entry that the iterator returned last, unset once it is deleted. All entries before it are deleted. */
  #oldest: Entry<A> | undefined

  constructor({ maxBytes = Infinity, maxEntries = Infinity }: Bounds = {}) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** The estimated bytes of all entries, with their keys. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: string): A | undefined {
    return this.#entries.get(key)?.[1]
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Returns the values, oldest first. */
  *values(): Iterable<A> {
    for (const entry of this.#entries.values()) yield entry[1]
  }

  /** Returns the keys with their values, oldest first. */
  *entries(): Iterable<readonly [key: string, value: A]> {
    for (const entry of this.#entries.values()) yield [entry[0], entry[1]]
  }

  /** Deletes all entries. */
  clear(): void {
    this.#entries.clear()
    this.#iterator = this.#entries.values()
    this.#oldest = undefined
    this.#bytes = 0
  }

  /**
   * Inserts the entry as the newest, even when the key already exists. `bytes`
   * are those of the value. Returns `false` for an entry that exceeds the bound
   * alone: it is not kept, because it would evict all others in vain. Otherwise,
   * remove the {@link excess}.
   */
  put(key: string, value: A, bytes: number = 0): boolean {
    this.delete(key)
    const all = perEntry + 2 * key.length + bytes
    if (all > this.#maxBytes) return false
    this.#entries.set(key, [key, value, all])
    this.#bytes += all
    return true
  }

  /** Records that the value of an entry has grown or shrunk. Its place stays. */
  resize(key: string, bytes: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const all = perEntry + 2 * key.length + bytes
    this.#bytes += all - entry[2]
    entry[2] = all
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    if (this.#oldest === entry) this.#oldest = undefined
    this.#bytes -= entry[2]
    return this.#entries.delete(key)
  }

  oldest(): Readonly<Entry<A>> | undefined {
    if (this.#oldest !== undefined || this.#entries.size === 0) return this.#oldest
    // An exhausted iterator stays exhausted, even after new insertions.
    let next = this.#iterator.next()
    if (next.done === true) {
      this.#iterator = this.#entries.values()
      next = this.#iterator.next()
    }
    this.#oldest = next.done === true ? undefined : next.value
    return this.#oldest
  }

  /**
   * Returns the oldest entry while the map exceeds one of its bounds. The caller
   * deletes it, with what refers to it, and asks again.
   */
  excess(): Readonly<Entry<A>> | undefined {
    return this.#entries.size > this.#maxEntries || this.#bytes > this.#maxBytes ? this.oldest() : undefined
  }
}
