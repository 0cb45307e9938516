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
