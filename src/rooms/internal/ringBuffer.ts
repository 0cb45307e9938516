/**
 * The latest values of a sequence, at a cost that does not grow with how many
 * are kept.
 */
export interface RingBuffer<A> {
  readonly add: (value: A) => void
  /** Oldest first. */
  readonly toArray: () => ReadonlyArray<A>
}

export const make = <A>(capacity: number): RingBuffer<A> => {
  const kept: Array<A> = []
  // Where the next value goes, which is where the oldest one is once it is full.
  let next = 0
  return {
    add: (value) => {
      if (capacity < 1) return
      kept[next] = value
      next = (next + 1) % capacity
    },
    toArray: () => kept.length < capacity ? [...kept] : [...kept.slice(next), ...kept.slice(0, next)]
  }
}
