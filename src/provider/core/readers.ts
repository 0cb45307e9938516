/**
 * Reads the fields of payloads, and says what is wrong with those that no
 * webhook of the carrier has.
 *
 * A value of the wrong type counts as absent where a field is optional, because
 * losing a customer's message over a malformed `parts` would be worse. A text
 * that is longer than carriers send is refused and not cut: what is kept must
 * be what was sent.
 */
import type { Payload } from "../../Payload.ts"
import { expectedLength, maxName, maxText } from "../internal/lengths.ts"
import { type InvalidPayload, type Refused, refused } from "./refusal.ts"
import * as Values from "./values.ts"

/** What a reader returns for a value that is refused: what it expected, and never the value. */
export interface Invalid {
  readonly _tag: "Invalid"
  readonly expected: ReadonlyArray<string>
}

/** Returns what a value is read as. It gets `undefined` for a missing field. */
export type Reader<A> = (value: unknown) => A | Invalid

const invalid = (...expected: ReadonlyArray<string>): Invalid => ({ _tag: "Invalid", expected })

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

/** The types of the fields. */
export type Of<Fields extends Readonly<Record<string, Reader<unknown>>>> = {
  readonly [K in keyof Fields]: Exclude<ReturnType<Fields[K]>, Invalid>
}

const isInvalid = (value: unknown): value is Invalid =>
  typeof value === "object" && value !== null && (value as Invalid)._tag === "Invalid"

/** A struct of fields, as it is read. */
export interface Struct<Fields extends Readonly<Record<string, Reader<unknown>>>> {
  readonly fields: Fields
  readonly read: (payload: Payload) => Of<Fields> | Refused<InvalidPayload>
}

/**
 * Builds the reader of an object. It names every field that it refuses. `path`
 * is where the object is in the webhook.
 */
export const struct = <const Fields extends Readonly<Record<string, Reader<unknown>>>>(
  fields: Fields,
  path: string = ""
): Struct<Fields> => {
  const entries = Object.entries(fields)
  const keys = Object.keys(fields)
  const readers = Object.values(fields)
  const issuesOf = (payload: Payload) =>
    entries.flatMap(([key, read]) => {
      const value = read(payload[key])
      if (!isInvalid(value)) return []
      const expected = Object.hasOwn(payload, key) ? value.expected : ["Missing key"]
      return expected.map((expected) => ({ field: path === "" ? key : `${path}.${key}`, expected }))
    })
  return {
    fields,
    read: (payload) => {
      const values: Record<string, unknown> = {}
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i]!
        const value = readers[i]!(payload[key])
        if (isInvalid(value)) {
          const [first, ...rest] = issuesOf(payload)
          return refused({ _tag: "InvalidPayload", issues: [first!, ...rest] })
        }
        values[key] = value
      }
      return values as Of<Fields>
    }
  }
}

/** Returns whether what a struct was read as is a refusal. */
export const isRefused = <A extends object>(value: A | Refused<InvalidPayload>): value is Refused<InvalidPayload> =>
  (value as { readonly _tag?: string })._tag === "Refused"
