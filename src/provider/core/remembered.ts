import type { Payload } from "../../Payload.ts"

/**
 * Makes a function remember its last result, where nearly all calls are for the
 * same key: a day, or the URL of the webhooks. It keeps nothing else, so that
 * nobody can fill a memory or displace more than one result.
 */
export const remembered = <K, A>(compute: (key: K) => A): (key: K) => A => {
  let last: { readonly key: K; readonly value: A } | undefined
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) }
    return last.value
  }
}

/** Returns whether an object has these names in this order. Without a list of them, which takes longer to make. */
const hasNames = (payload: Payload, names: ReadonlyArray<string>): boolean => {
  let count = 0
  for (const name in payload) if (name !== names[count++]) return false
  return count === names.length
}

/**
 * As {@link remembered}, of the names of the fields of a payload. Nearly all
 * webhooks of a kind have the same ones in the same order.
 */
export const rememberedNames = <A>(compute: (names: ReadonlyArray<string>) => A): (payload: Payload) => A => {
  let last: { readonly names: ReadonlyArray<string>; readonly value: A } | undefined
  return (payload) => {
    if (last === undefined || !hasNames(payload, last.names)) {
      const names = Object.keys(payload)
      last = { names, value: compute(names) }
    }
    return last.value
  }
}
