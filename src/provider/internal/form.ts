/**
 * Forms as carriers read them.
 */

/** RFC 3986: what `encodeURIComponent` leaves alone and a form may not. */
const reserved = /[!'()*]/g

const encode = (text: string): string =>
  // A lone surrogate would make `encodeURIComponent` throw.
  encodeURIComponent(text.toWellFormed()).replace(
    reserved,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )

/** The fields in their order, those without a value left out. */
export const encodeForm = (fields: ReadonlyArray<readonly [name: string, value: string | undefined]>): string =>
  fields.flatMap(([name, value]) => value === undefined ? [] : [`${encode(name)}=${encode(value)}`]).join("&")
