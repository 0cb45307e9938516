/**
 * The headers of a request in the shapes that runtimes have.
 */
import { setOwn } from "./record.ts"
import { rememberedNames } from "./rememberedNames.ts"

/** A `Headers` object or other entries, Node's header record, or a plain record. */
export type GivenHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const haveLowerCaseNames = /* @__PURE__ */ rememberedNames((names) =>
  names.every((name) => name === name.toLowerCase())
)

/** Returns whether a record has the form of the headers of a request, as Node's has where no header is repeated. */
const isLowerCase = (headers: GivenHeaders): headers is Readonly<Record<string, string>> => {
  if (Symbol.iterator in headers || Object.getPrototypeOf(headers) !== Object.prototype) return false
  for (const name in headers) if (typeof headers[name] !== "string") return false
  return haveLowerCaseNames(headers)
}

/**
 * Returns headers as a record with lower-case names. Values of a repeated header
 * are joined with a comma. A record that has the right form is kept.
 */
export const lowerCaseHeaders = (given: GivenHeaders): Readonly<Record<string, string>> => {
  if (isLowerCase(given)) return given
  const headers: Record<string, string> = {}
  const entries = Symbol.iterator in given ? given as Iterable<readonly [string, string]> : Object.entries(given)
  for (const [name, value] of entries) {
    if (value === undefined) continue
    const text = typeof value === "string" ? value : value.join(", ")
    const key = name.toLowerCase()
    setOwn(headers, key, Object.hasOwn(headers, key) ? `${headers[key]}, ${text}` : text)
  }
  return headers
}
