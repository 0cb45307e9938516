// @effect-diagnostics globalDate:off
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

/** No zone: a time without an offset is left out. */
export const unknown: Zone = () => undefined

/** UTC, which a time without an offset is in where a carrier says nothing else. */
export const utc: Zone = parse

/**
 * Parses an ISO 8601 time with an offset, or a local time in the given zone.
 * Returns epoch milliseconds, or `undefined` for anything else: `Date` would read
 * `5` as May 2001.
 */
export const toMillis = (value: unknown, zone: Zone = utc): number | undefined => {
  const match = iso.exec(toText(value))
  if (match === null) return undefined
  const [, date, time, offset] = match
  return offset === undefined ? zone(`${date}T${time}Z`) : parse(`${date}T${time}${offset.toUpperCase()}`)
}

const day = 86_400_000

/** Returns how far the clocks of a time zone are ahead of UTC at an instant, in milliseconds. */
const offsetIn = (timeZone: string): (millis: number) => number => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric"
  })
  return (millis) => {
    const parts: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(millis)) parts[type] = value
    const year = parts["era"] === "BC" ? 1 - Number(parts["year"]) : Number(parts["year"])
    // Of an instant that is given. `UTC` would read the years to 99 as those from 1900.
    // oxlint-disable-next-line no-restricted-globals
    const local = new Date(0).setUTCFullYear(year, Number(parts["month"]) - 1, Number(parts["day"])) +
      ((Number(parts["hour"]) * 60 + Number(parts["minute"])) * 60 + Number(parts["second"])) * 1000
    return local - Math.floor(millis / 1000) * 1000
  }
}

/**
 * Returns a named time zone, such as `America/Toronto`. In the repeated hour at
 * the end of daylight saving time, the earlier instant is used, and a time in the
 * hour that is left out at its beginning is an hour later. Throws a `RangeError`
 * for an unknown zone.
 */
export const zoneOf = (timeZone: string): Zone => {
  const offsetAt = offsetIn(timeZone)
  return (text) => {
    const local = parse(text)
    if (local === undefined) return undefined
    const [before, after] = [offsetAt(local - day), offsetAt(local + day)]
    const instants = [local - before, local - after].filter((millis) => millis + offsetAt(millis) === local)
    return instants.length === 0 ? local - before : Math.min(...instants)
  }
}
