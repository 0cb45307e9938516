/**
 * Remembers what was computed of the names of an object's members.
 */

type Names = Readonly<Record<string, unknown>>

/**
 * Returns whether a plain object has these names in this order. It makes no list
 * of them, which would take longer. Of another object, names that are inherited
 * would count too.
 */
const hasNames = (object: Names, names: ReadonlyArray<string>): boolean => {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) return false
  let count = 0
  for (const name in object) if (name !== names[count++]) return false
  return count === names.length
}

/**
 * Makes a function of the names of an object's members remember its last result.
 * Nearly all webhooks of a kind have the same ones in the same order. It keeps
 * nothing else, so that nobody can fill a memory or displace more than one result.
 */
export const rememberedNames = <A>(compute: (names: ReadonlyArray<string>) => A): (object: Names) => A => {
  let last: { readonly names: ReadonlyArray<string>; readonly value: A } | undefined
  return (object) => {
    if (last === undefined || !hasNames(object, last.names)) {
      const names = Object.keys(object)
      last = { names, value: compute(names) }
    }
    return last.value
  }
}

/** Returns whether all members of an object have one of these names, which are separated by blanks. */
export const haveOnly = (names: string): (object: Names) => boolean => {
  const known = new Set(names.split(/\s+/))
  return rememberedNames((names) => names.every((name) => known.has(name)))
}
