/**
 * The latest values, up to a number of them and up to their bytes together.
 */
import { Fifo } from "./fifo.ts"

export interface Bounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

export class Latest<A> {
  readonly #entries = new Fifo<{ readonly value: A; readonly bytes: number }>()
  readonly #bounds: Bounds
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Adds a value that takes about so many bytes. It is kept even if it exceeds the bound alone. */
  add(value: A, bytes: number): void {
    this.#entries.add({ value, bytes })
    this.#bytes += bytes
  }

  /** Removes the oldest value while there are too many. The caller asks again until there is none. */
  takeExcess(): A | undefined {
    const { maxBytes, maxEntries } = this.#bounds
    const { size } = this.#entries
    if (size <= maxEntries && (this.#bytes <= maxBytes || size === 1)) return undefined
    const entry = this.#entries.take()
    if (entry === undefined) return undefined
    this.#bytes -= entry.bytes
    return entry.value
  }

  *oldestFirst(): Iterable<A> {
    for (const { value } of this.#entries.oldestFirst()) yield value
  }

  *newestFirst(): Iterable<A> {
    for (const { value } of this.#entries.newestFirst()) yield value
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}
