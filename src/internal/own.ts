/**
 * Sets an own property of a plain object, also where its name comes from
 * outside: an assignment to `__proto__` would set the prototype.
 */
export const setOwn = <A>(record: Record<string, A>, key: string, value: A): void => {
  if (key !== "__proto__") record[key] = value
  else Object.defineProperty(record, key, { value, configurable: true, enumerable: true, writable: true })
}
