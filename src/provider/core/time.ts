/**
 * Reads times, without a clock.
 */
import { toText } from "./values.ts"

const iso = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i

/** Returns the epoch milliseconds of a local time such as `2026-01-28T13:00:14`, written with `Z`. */
export type Zone = (local: string) => number | undefined

const parse = (text: string): number | undefined => {
  // oxlint-disable-next-line no-restricted-globals
  const millis = Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}

/** UTC, which a time without an offset is in where a carrier says nothing else. */
export const utc: Zone = parse

/**
 * Parses an ISO 8601 time with an offset, or a local time in the given zone.
 * Returns epoch milliseconds, or `undefined` for anything else: `Date` would read
 * `5` as May 2001.
 */
export const toMillis = (value: unknown, zone: Zone | undefined = utc): number | undefined => {
  const match = iso.exec(toText(value))
  if (match === null) return undefined
  const [, date, time, offset] = match
  return offset === undefined ? zone?.(`${date}T${time}Z`) : parse(`${date}T${time}${offset.toUpperCase()}`)
}
