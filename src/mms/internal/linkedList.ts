/**
 * A doubly linked list in insertion order. Finding the oldest entry and
 * removing any entry take constant time. A `Map` does not suffice: finding its
 * first entry skips the slots of all entries deleted before it.
 */
export interface Entry<out A> {
  readonly value: A
}

interface Node<A> extends Entry<A> {
  before: Node<A> | undefined
  after: Node<A> | undefined
  removed: boolean
}

export interface LinkedList<A> {
  readonly size: () => number
  readonly first: () => Entry<A> | undefined
  readonly forEach: (f: (value: A) => void) => void
  readonly add: (value: A) => Entry<A>
  /** Removes an entry. Returns `false` if it was already removed. */
  readonly remove: (entry: Entry<A>) => boolean
}

export const make = <A>(): LinkedList<A> => {
  let first: Node<A> | undefined
  let last: Node<A> | undefined
  let size = 0
  return {
    size: () => size,
    first: () => first,
    forEach: (f) => {
      for (let node = first; node !== undefined; node = node.after) f(node.value)
    },
    add: (value) => {
      const node: Node<A> = { value, before: last, after: undefined, removed: false }
      if (last === undefined) first = node
      else last.after = node
      last = node
      size++
      return node
    },
    remove: (entry) => {
      const node = entry as Node<A>
      if (node.removed) return false
      node.removed = true
      if (node.before === undefined) first = node.after
      else node.before.after = node.after
      if (node.after === undefined) last = node.before
      else node.after.before = node.before
      size--
      return true
    }
  }
}
