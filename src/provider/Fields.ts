/**
 * The documented fields of a carrier's webhook, and where each of them goes.
 *
 * One table a kind of webhook: the decoder takes from it what is metadata, and
 * what would be lost if a message had no content; the documentation is made
 * from it.
 */
import { isPayload, type Payload } from "../Payload.ts"

/**
 * The places of a field, by its path: a property of the event, such as
 * `sender`; `content`; `metadata`, under the field's own name. With none, the
 * field is in `raw` only.
 */
export type Places = Readonly<Record<string, ReadonlyArray<string>>>

export interface Fields {
  readonly places: Places
  /** The fields that are metadata, as text. Empty ones are left out. */
  readonly metadataOf: (payload: Payload) => Record<string, string>
  /** Whether a field that is content, or one that the table does not know, holds anything. */
  readonly hasContent: (payload: Payload) => boolean
}

const isScalar = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** A scalar, or a flat list of them. */
const asText = (value: unknown): string => {
  if (typeof value === "string") return value
  if (isScalar(value)) return String(value)
  return Array.isArray(value) ? value.filter(isScalar).join(",") : ""
}

/** Reads a field by its path, own properties only. */
export const at = (payload: Payload, path: ReadonlyArray<string>): unknown => {
  let value: unknown = payload
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Payload)[key]
  }
  return value
}

const blank: ReadonlySet<unknown> = new Set([undefined, null, "", "0", "false", 0, false])

/** Whether there is nothing in a value, however deeply it is nested. Not recursive, so that depth is no problem. */
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

/** A field of metadata below another: its name, and the path from there. */
interface Nested {
  readonly name: string
  readonly path: ReadonlyArray<string>
}

const none: ReadonlyArray<Nested> = []

/** Makes the table. */
export const make = (places: Places): Fields => {
  const entries = Object.entries(places).map(([name, to]) => {
    const [key = name, ...path] = name.split(".")
    return { name, key, path, to }
  })
  const goesTo = (place: string) => entries.filter(({ to }) => to.includes(place))
  // By their first name, so that one look at each key of a payload is enough. No list is a field on its own.
  const metadata = new Map<string, ReadonlyArray<Nested>>()
  for (const { key, name, path } of goesTo("metadata")) {
    metadata.set(key, path.length === 0 ? none : [...metadata.get(key) ?? [], { name, path }])
  }
  const known = new Set(entries.map(({ key }) => key))
  const content = new Set(goesTo("content").map(({ key }) => key))
  return {
    places,
    metadataOf: (payload) => {
      const texts: Record<string, string> = {}
      for (const key of Object.keys(payload)) {
        const nested = metadata.get(key)
        if (nested === undefined) continue
        const value = payload[key]
        if (nested === none) {
          const text = asText(value)
          if (text !== "") texts[key] = text
        } else if (isPayload(value)) {
          for (const { name, path } of nested) {
            const text = asText(at(value, path))
            if (text !== "") texts[name] = text
          }
        }
      }
      return texts
    },
    hasContent: (payload) =>
      Object.keys(payload).some((key) => (content.has(key) || !known.has(key)) && !isBlank(payload[key]))
  }
}
