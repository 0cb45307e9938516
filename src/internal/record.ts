/**
 * Plain objects as records.
 */

/**
 * Sets an own property of a plain object. Safe for untrusted keys: assigning to
 * `__proto__` would replace the prototype.
 */
export const setOwn = <A>(record: Record<string, A>, key: string, value: A): void => {
  if (key !== "__proto__") record[key] = value
  else Object.defineProperty(record, key, { value, configurable: true, enumerable: true, writable: true })
}

/** Copies the members that are not `undefined`, for types whose optional keys must be absent. */
export const compact = <A extends Record<string, unknown>>(
  fields: A
):
  & { [K in keyof A as undefined extends A[K] ? K : never]?: Exclude<A[K], undefined> }
  & { [K in keyof A as undefined extends A[K] ? never : K]: A[K] } =>
{
  const compacted: Record<string, unknown> = {}
  for (const key of Object.keys(fields)) {
    if (fields[key] !== undefined) setOwn(compacted, key, fields[key])
  }
  return compacted as never
}

/** Returns whether a value is an object with members, as opposed to an array or a scalar. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Returns the value of an own property, so that a key such as `constructor` finds nothing. */
export const lookup = <A>(table: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined
