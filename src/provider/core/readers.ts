/**
 * Reads the fields of payloads, and says what is wrong with those that no
 * webhook of the carrier has.
 *
 * A value of the wrong type counts as absent where a field is optional, because
 * losing a customer's message over a malformed `parts` would be worse. A text
 * that is longer than carriers send is refused and not cut: what is kept must
 * be what was sent.
 */
import { isObject } from "../../internal/record.ts"
import { rememberedNames } from "../../internal/rememberedNames.ts"
import type { Payload } from "../../Payload.ts"
import { expectedLength, maxName, maxText } from "../internal/lengths.ts"
import { type InvalidPayload, type Refused, refused } from "./refusal.ts"
import * as Values from "./values.ts"

export { items, list, object } from "./values.ts"

/** What is wrong with a value: where in it, and what was expected. Never the value. */
type Issue = readonly [path: string, expected: string]

/** What a reader returns for a value that is refused. A class, because a payload may have an object of any form. */
export class Invalid {
  readonly issues: ReadonlyArray<Issue>

  constructor(issues: ReadonlyArray<Issue>) {
    this.issues = issues
  }
}

/** Returns what a value is read as. It gets `undefined` for a missing field. */
export type Reader<A> = (value: unknown) => A | Invalid

const invalid = (...expected: ReadonlyArray<string>): Invalid => new Invalid(expected.map((text) => ["", text]))

const tooLong = (max: number): Invalid => invalid(`Expected ${expectedLength(max)}`)

const nothing = invalid("Expected a value with a length of at least 1")

/** Reads a text with {@link Values.toText}. */
export const text = (value: unknown): string | Invalid => {
  const read = Values.toText(value)
  return read.length > maxText ? tooLong(maxText) : read
}

/** Like {@link text}, with a maximum length of its own. An empty text counts as absent. */
export const optionalText = (max: number) => (value: unknown): string | undefined | Invalid => {
  const read = Values.toText(value)
  return read.length > max ? tooLong(max) : read || undefined
}

/** Reads an id, a status, a code or another name. */
export const optionalName = optionalText(maxName)

/** Reads the sender or the recipient of a message, as the carrier wrote it. */
export const address = (value: unknown): string | Invalid => {
  const read = Values.toText(value)
  if (read === "") return nothing
  return read.length > maxName ? tooLong(maxName) : read
}

/** Reads a non-empty id, status or other name, which only a text is. */
export const name = (value: unknown): string | Invalid => {
  if (typeof value !== "string") return invalid("Expected string")
  if (value === "") return nothing
  return value.length > maxName ? tooLong(maxName) : value
}

/** Reads text that a message cannot do without, a number and the first of a list too. Refuses blank text. */
export const required = (expected: string) => (value: unknown): string | Invalid => {
  const read = Values.toText(value)
  const blank = read.trim() === "" ? [`Expected ${expected}`] : []
  const long = read.length > maxName ? [`Expected ${expectedLength(maxName)}`] : []
  return blank.length + long.length === 0 ? read : invalid(...blank, ...long)
}

/** Reads anything, or nothing. */
export const anything = (value: unknown): unknown => value

/** The types of the fields. */
export type Of<Fields extends Readonly<Record<string, Reader<unknown>>>> = {
  readonly [K in keyof Fields]: Exclude<ReturnType<Fields[K]>, Invalid>
}

/** A struct of fields, as it is read. */
export interface Struct<Fields extends Readonly<Record<string, Reader<unknown>>>> {
  readonly fields: Fields
  readonly read: (payload: Payload) => Of<Fields> | Refused<InvalidPayload>
}

const join = (...path: ReadonlyArray<string>): string => path.filter((name) => name !== "").join(".")

const missing: ReadonlyArray<Issue> = [["", "Missing key"]]

const issuesOf = (fields: Readonly<Record<string, Reader<unknown>>>, payload: Payload): ReadonlyArray<Issue> =>
  Object.entries(fields).flatMap(([key, read]) => {
    const value = read(payload[key])
    if (!(value instanceof Invalid)) return []
    const issues = Object.hasOwn(payload, key) ? value.issues : missing
    return issues.map(([path, expected]): Issue => [join(key, path), expected])
  })

/**
 * Builds the reader of fields. It is done with the first one that is refused.
 * Which of them are there is looked for once for all payloads with the same names,
 * and one that is missing is read once for all.
 */
const reader = <const Fields extends Readonly<Record<string, Reader<unknown>>>>(fields: Fields) => {
  const keys = Object.keys(fields)
  const readers = Object.values(fields)
  const missing: Record<string, unknown> = {}
  const isRequired = readers.map((read) => read(undefined) instanceof Invalid)
  for (const [i, key] of keys.entries()) missing[key] = isRequired[i] ? undefined : readers[i]!(undefined)
  const givenIn = rememberedNames((names) =>
    keys.flatMap((key, i) => names.includes(key) || isRequired[i] ? [{ key, read: readers[i]! }] : [])
  )
  return (payload: Payload): Of<Fields> | undefined => {
    const values = { ...missing }
    for (const { key, read } of givenIn(payload)) {
      const value = read(payload[key])
      if (value instanceof Invalid) return undefined
      values[key] = value
    }
    return values as Of<Fields>
  }
}

/**
 * Builds the reader of an object. It names every field that it refuses. `path`
 * is where the object is in the webhook.
 */
export const struct = <const Fields extends Readonly<Record<string, Reader<unknown>>>>(
  fields: Fields,
  path: string = ""
): Struct<Fields> => {
  const read = reader(fields)
  return {
    fields,
    read: (payload) => {
      const values = read(payload)
      if (values !== undefined) return values
      const [first, ...rest] = issuesOf(fields, payload).map(([at, expected]) => ({ field: join(path, at), expected }))
      return refused({ _tag: "InvalidPayload", issues: [first!, ...rest] })
    }
  }
}

/** Builds the reader of a list of objects. */
export const structs = <const Fields extends Readonly<Record<string, Reader<unknown>>>>(
  fields: Fields
): Reader<ReadonlyArray<Of<Fields>>> => {
  const read = reader(fields)
  return (value) => {
    if (!Array.isArray(value)) return invalid("Expected array")
    const values: Array<Of<Fields>> = []
    const issues = value.flatMap((item: unknown, index): ReadonlyArray<Issue> => {
      if (!isObject(item)) return [[String(index), "Expected object"]]
      const found = read(item)
      if (found !== undefined) values.push(found)
      return found === undefined
        ? issuesOf(fields, item).map(([at, expected]) => [join(String(index), at), expected])
        : []
    })
    return issues.length > 0 ? new Invalid(issues) : values
  }
}

/** Returns whether what a struct was read as is a refusal. */
export const isRefused = <A extends object>(value: A | Refused<InvalidPayload>): value is Refused<InvalidPayload> =>
  (value as { readonly _tag?: string })._tag === "Refused"
