/**
 * The hours in which messages may go out, and when they begin next.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** Hours of a day: from the first minute to before the last one, or none. */
export type Hours = { readonly from: number; readonly to: number } | "none"

/** The hours of each kind of day. */
export interface Window {
  readonly weekdays: Hours
  readonly saturday: Hours
  readonly sunday: Hours
}

const day = 24 * 60

/** Parses hours such as `08:00-21:00`. */
export const parseHours = (text: string): Hours | undefined => {
  if (text === "none") return "none"
  const [, ...parts] = /^(\d\d?):(\d\d)-(\d\d?):(\d\d)$/.exec(text) ?? []
  const [fromHour, fromMinute, toHour, toMinute] = parts.map(Number) as [number, number, number, number]
  if (parts.length < 4 || fromMinute > 59 || toMinute > 59) return undefined
  const hours = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute }
  return hours.from < hours.to && hours.to <= day ? hours : undefined
}

/**
 * Parses a window: the hours of all days, or those of weekdays, Saturday and
 * Sunday with commas between them. `undefined` for any other text.
 */
export const parse = (text: string): Window | undefined => {
  const hours = text.split(",").map((part) => parseHours(part.trim()))
  if (hours.length !== 1 && hours.length !== 3) return undefined
  const [weekdays, saturday = weekdays, sunday = weekdays] = hours
  return weekdays === undefined || saturday === undefined || sunday === undefined
    ? undefined
    : { weekdays, saturday, sunday }
}

const hoursOf = ({ saturday, sunday, weekdays }: Window, weekDay: number): Hours =>
  weekDay === 0 ? sunday : weekDay === 6 ? saturday : weekdays

const minutes = (count: number): number => Duration.toMillis(Duration.minutes(count))

/** Returns the local time of a zone as milliseconds, as if it were UTC. */
const localOf = (zone: DateTime.TimeZone, time: number): number =>
  time + DateTime.zonedOffset(DateTime.makeZonedUnsafe(time, { timeZone: zone }))

/** The day of the week of a local time: 0 is Sunday, and 1970 began on a Thursday. */
const weekDayOf = (localDay: number): number => (((localDay + 4) % 7) + 7) % 7

/** How many days are searched for hours that have begun in all zones. */
const searchedDays = 8

/** Returns the first time from `low` on that is at a local time or after it, as `high` is: that time may not exist. */
const firstAt = (zone: DateTime.TimeZone, local: number, low: number, high: number): number => {
  if (localOf(zone, low) >= local) return low
  let [before, after] = [low, high]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (localOf(zone, middle) >= local) after = middle
    else before = middle
  }
  return after
}

/** Returns when the window opens next in one zone, or the time itself when it is open. */
const nextIn = (zone: DateTime.TimeZone, window: Window, time: number): number | undefined => {
  const local = localOf(zone, time)
  const today = Math.floor(local / minutes(day))
  for (let later = 0; later <= searchedDays; later++) {
    const hours = hoursOf(window, weekDayOf(today + later))
    if (hours === "none") continue
    const midnight = (today + later) * minutes(day)
    if (local >= midnight + minutes(hours.to)) continue
    const wait = midnight + minutes(hours.from) - local
    if (wait <= 0) return time
    // The clock may be set forward or back in between.
    const begin = time + wait
    const shifted = begin - (localOf(zone, begin) - local - wait)
    return firstAt(zone, local + wait, Math.max(shifted, time + 1), begin)
  }
  return undefined
}

/** Returns the zones of these names that this runtime knows. */
export const zonesOf = (names: ReadonlyArray<string>): ReadonlyArray<DateTime.TimeZone> =>
  names.flatMap((name) => Option.match(DateTime.zoneMakeNamed(name), { onNone: () => [], onSome: (zone) => [zone] }))

/** How often the search may go on from one zone to the next. */
const maxSteps = 1000

/**
 * Returns when all windows are open in all zones next, or the time itself when
 * they are. `undefined` if they are never open together.
 */
export const nextOpen = (
  zones: ReadonlyArray<DateTime.TimeZone>,
  windows: ReadonlyArray<Window>,
  time: number
): number | undefined => {
  if (zones.length === 0) return undefined
  let at = time
  for (let step = 0; step < maxSteps && at - time <= searchedDays * minutes(day); step++) {
    let next = at
    for (const zone of zones) {
      for (const window of windows) {
        const opens = nextIn(zone, window, next)
        if (opens === undefined) return undefined
        next = opens
      }
    }
    if (next === at) return at
    at = next
  }
  return undefined
}
