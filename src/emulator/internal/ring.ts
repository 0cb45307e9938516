/**
 * The latest values, up to a limit.
 */
export class Ring<A> {
  readonly #values: Array<A> = []
  readonly #limit: number
  #start = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#values.length
  }

  /** Adds a value, and returns the oldest one if it had to go. */
  push(value: A): A | undefined {
    if (this.#values.length < this.#limit) {
      this.#values.push(value)
      return undefined
    }
    const lost = this.#values[this.#start]
    this.#values[this.#start] = value
    this.#start = (this.#start + 1) % this.#limit
    return lost
  }

  *oldestFirst(): Iterable<A> {
    const { length } = this.#values
    for (let i = 0; i < length; i++) yield this.#values[(this.#start + i) % length]!
  }

  *newestFirst(): Iterable<A> {
    const { length } = this.#values
    for (let i = length - 1; i >= 0; i--) yield this.#values[(this.#start + i) % length]!
  }

  clear(): void {
    this.#values.length = 0
    this.#start = 0
  }
}
