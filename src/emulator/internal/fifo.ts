/**
 * Values in the order in which they were added, of which the oldest are taken.
 */
export class Fifo<A> {
  #values: Array<A | undefined> = []
  #first = 0

  get size(): number {
    return this.#values.length - this.#first
  }

  add(value: A): void {
    this.#values.push(value)
  }

  /** Removes the oldest value. */
  take(): A | undefined {
    const value = this.#values[this.#first]
    if (value === undefined) return undefined
    this.#values[this.#first++] = undefined
    // Copied rarely, so that each is moved about once.
    if (this.#first > 1000 && this.#first * 2 > this.#values.length) {
      this.#values = this.#values.slice(this.#first)
      this.#first = 0
    }
    return value
  }

  *oldestFirst(): Iterable<A> {
    for (let i = this.#first; i < this.#values.length; i++) yield this.#values[i]!
  }

  *newestFirst(): Iterable<A> {
    for (let i = this.#values.length - 1; i >= this.#first; i--) yield this.#values[i]!
  }

  clear(): void {
    this.#values = []
    this.#first = 0
  }
}
