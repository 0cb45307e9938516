/**
 * Encodes forms for carriers.
 */

/** The characters that RFC 3986 reserves but `encodeURIComponent` does not encode. */
const reserved = /[!'()*]/g

const encode = (text: string): string =>
  // A lone surrogate would make `encodeURIComponent` throw.
  encodeURIComponent(text.toWellFormed()).replace(
    reserved,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )

/** Encodes the fields in the given order. Omits fields without a value. */
export const encodeForm = (fields: ReadonlyArray<readonly [name: string, value: string | undefined]>): string =>
  fields.flatMap(([name, value]) => value === undefined ? [] : [`${encode(name)}=${encode(value)}`]).join("&")
