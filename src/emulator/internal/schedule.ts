/**
 * Steps by the time at which they are due: a binary heap. Steps that are due at
 * the same time keep their order.
 */

interface Entry<A> {
  readonly due: number
  readonly order: number
  readonly step: A
}

const isBefore = <A>(a: Entry<A>, b: Entry<A>): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)

export class Schedule<A> {
  #heap: Array<Entry<A>> = []
  #count = 0

  get size(): number {
    return this.#heap.length
  }

  /** The time of the first step. */
  get due(): number | undefined {
    return this.#heap[0]?.due
  }

  add(due: number, step: A): void {
    const heap = this.#heap
    const entry: Entry<A> = { due, order: this.#count++, step }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  /** Removes the first step, if it is due. */
  take(now: number): A | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.due > now) return undefined
    const last = heap.pop()!
    if (heap.length === 0) return first.step
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first.step
  }

  /** Removes the steps that are of no use any more. */
  retain(isOfUse: (step: A) => boolean): void {
    // What is sorted is a heap.
    this.#heap = this.#heap.filter(({ step }) => isOfUse(step)).sort((a, b) => isBefore(a, b) ? -1 : 1)
  }

  /** Returns all steps, in order. */
  entries(): ReadonlyArray<readonly [due: number, step: A]> {
    return this.#heap.toSorted((a, b) => isBefore(a, b) ? -1 : 1).map(({ due, step }) => [due, step])
  }

  clear(): void {
    this.#heap = []
  }
}
