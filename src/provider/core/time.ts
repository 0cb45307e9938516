// @effect-diagnostics globalDate:off
/**
 * Reads times, without a clock.
 */
import { remembered } from "./remembered.ts"
import { toText } from "./values.ts"

const iso = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i

/** Returns the epoch milliseconds of a local time such as `2026-01-28T13:00:14`, written with `Z`. */
export type Zone = (local: string) => number | undefined

const parse = (text: string): number | undefined => {
  // oxlint-disable-next-line no-restricted-globals
  const millis = Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}

const day = 86_400_000

// Nearly all times of a carrier are on the same day.
// oxlint-disable-next-line no-restricted-globals
const dateOf = /* @__PURE__ */ remembered((days: number) => new Date(days * day).toISOString().slice(0, -13))

/** Returns the beginning of a day, and `NaN` for a text that is none or a day that its month does not have. */
const startOf = /* @__PURE__ */ remembered((date: string) => {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(date) ? parse(`${date}T00:00:00.000Z`) : undefined
  return start !== undefined && dateOf(start / day) === `${date}T` ? start : Number.NaN
})

const digitAt = (text: string, at: number): number => {
  const digit = text.charCodeAt(at) - 0x30
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}

const twoAt = (text: string, at: number): number => 10 * digitAt(text, at) + digitAt(text, at + 1)

/**
 * Parses the form that `Date` writes, or with `+00:00` at the end, several times
 * as fast as `Date` does. Returns `NaN` for other texts.
 */
const parseUsual = (text: string): number => {
  const isUtc = text.length === 24 ? text[23] === "Z" : text.length === 29 && text.endsWith("+00:00")
  const isUsual = isUtc && text[10] === "T" && text[13] === ":" && text[16] === ":" && text[19] === "."
  if (!isUsual) return Number.NaN
  const hours = twoAt(text, 11)
  const minutes = twoAt(text, 14)
  const seconds = twoAt(text, 17)
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
  const millis = 100 * digitAt(text, 20) + twoAt(text, 21)
  return startOf(text.slice(0, 10)) + ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis
}

const two = (number: number): string => number < 10 ? `0${number}` : String(number)

/** Writes a time as `Date` does, several times as fast. Throws a `RangeError` for `NaN`. */
export const toIso = (time: number): string => {
  const days = Math.floor(time / day)
  const rest = time - days * day
  const seconds = Math.floor(rest / 1000)
  const minutes = Math.floor(seconds / 60)
  const millis = String(rest % 1000).padStart(3, "0")
  return `${dateOf(days)}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${millis}Z`
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
  const text = toText(value)
  const usual = parseUsual(text)
  if (!Number.isNaN(usual)) return usual
  const match = iso.exec(text)
  if (match === null) return undefined
  const [, date, time, offset] = match
  return offset === undefined ? zone(`${date}T${time}Z`) : parse(`${date}T${time}${offset.toUpperCase()}`)
}

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
