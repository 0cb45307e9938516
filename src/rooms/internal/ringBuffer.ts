/**
 * A ring buffer that keeps the latest values. Adding takes constant time.
 */
export interface RingBuffer<A> {
  readonly add: (value: A) => void
  /** Returns the values, oldest first. */
  readonly toArray: () => ReadonlyArray<A>
}

export const make = <A>(capacity: number): RingBuffer<A> => {
  const kept: Array<A> = []
  // The next write position. Once the buffer is full, the oldest value is there.
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
