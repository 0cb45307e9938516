/**
 * Tables of the documented fields of a carrier's webhooks, with the property of
 * the event that each of them goes to.
 *
 * Each kind of webhook has one table. The decoder takes the metadata from it and
 * detects content that it does not understand; the documentation is generated
 * from it.
 */
import { isObject } from "../internal/record.ts"
import { rememberedNames } from "../internal/rememberedNames.ts"
import type { Payload } from "../Payload.ts"

/**
 * The properties of the event that each field goes to, by the path of the field.
 * `metadata` means that name in the metadata, `_tag` the kind of the event. A
 * field with an empty list is in `raw` only.
 */
export type Places = Readonly<Record<string, ReadonlyArray<string>>>

export interface Fields {
  readonly places: Places
  /** Returns the metadata of a payload as texts, without the empty ones. */
  readonly metadataOf: (payload: Payload) => Record<string, string>
  /** As {@link Fields.metadataOf}, but `undefined` if there is none. */
  readonly optionalMetadataOf: (payload: Payload) => Record<string, string> | undefined
  /** Returns whether any content field, or any field that is not in the table, has a value. */
  readonly hasContent: (payload: Payload) => boolean
}

const isScalar = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** Formats a scalar, or a flat list of scalars. */
const asText = (value: unknown): string => {
  if (typeof value === "string") return value
  if (isScalar(value)) return String(value)
  return Array.isArray(value) ? value.filter(isScalar).join(",") : ""
}

/** Returns the value at a path of own properties. */
export const at = (payload: Payload, path: ReadonlyArray<string>): unknown => {
  let value: unknown = payload
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Payload)[key]
  }
  return value
}

const blank: ReadonlySet<unknown> = new Set([undefined, null, "", "0", "false", 0, false])

/** Returns whether a value contains no scalar with a meaning, at any depth. Iterative, so depth cannot overflow the stack. */
export const isBlank = (value: unknown): boolean => {
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== "object" || next === null) {
      if (!blank.has(next)) return false
    } else for (const inner of Object.values(next)) left.push(inner)
  }
  return true
}

/** A metadata field inside an object, with its path from there. */
interface Nested {
  readonly name: string
  readonly path: ReadonlyArray<string>
}

const none: ReadonlyArray<Nested> = []

/** Builds a table. */
export const make = (places: Places): Fields => {
  const entries = Object.entries(places).map(([name, to]) => {
    const [key = name, ...path] = name.split(".")
    return { name, key, path, to }
  })
  const goesTo = (place: string) => entries.filter(({ to }) => to.includes(place))
  // Indexed by the first key, so that each key of a payload is looked up once. An empty list is a top-level field.
  const metadata = new Map<string, ReadonlyArray<Nested>>()
  for (const { key, name, path } of goesTo("metadata")) {
    metadata.set(key, path.length === 0 ? none : [...metadata.get(key) ?? [], { name, path }])
  }
  const known = new Set(entries.map(({ key }) => key))
  const content = new Set(goesTo("content").map(({ key }) => key))
  const metadataIn = rememberedNames((names) =>
    names.flatMap((key) => metadata.has(key) ? [{ key, nested: metadata.get(key)! }] : [])
  )
  const optionalMetadataOf = (payload: Payload) => {
    let texts: Record<string, string> | undefined
    for (const { key, nested } of metadataIn(payload)) {
      const value = payload[key]
      if (nested === none) {
        const text = asText(value)
        if (text !== "") (texts ??= {})[key] = text
      } else if (isObject(value)) {
        for (const { name, path } of nested) {
          const text = asText(at(value, path))
          if (text !== "") (texts ??= {})[name] = text
        }
      }
    }
    return texts
  }
  return {
    places,
    optionalMetadataOf,
    metadataOf: (payload) => optionalMetadataOf(payload) ?? {},
    hasContent: (payload) =>
      Object.keys(payload).some((key) => (content.has(key) || !known.has(key)) && !isBlank(payload[key]))
  }
}
