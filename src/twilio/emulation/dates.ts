/**
 * Filters of lists by a date: `DateSent`, `DateSent<` and `DateSent>`, each a
 * date or a time.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const timeOf = (text: string | null): number | undefined =>
  text === null || !/^\d{4}-\d\d-\d\d/.test(text)
    ? undefined
    : Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))

const day = 86_400_000

/** Whether a time is a date alone. The whole day belongs to the range then. */
const isDay = (text: string | null): boolean => text?.length === 10

/** Builds the filter for times in epoch milliseconds. What has no time passes only where there is no date. */
export const dateFilter = (query: URLSearchParams, name: string): (time: number | undefined) => boolean => {
  const [on, before, after] = [name, `${name}<`, `${name}>`].map((field) => timeOf(query.get(field)))
  if (on === undefined && before === undefined && after === undefined) return () => true
  const end = before === undefined ? undefined : before + (isDay(query.get(`${name}<`)) ? day : 1)
  return (time) =>
    time !== undefined &&
    (on === undefined || (time >= on && time < on + day)) &&
    (end === undefined || time < end) &&
    (after === undefined || time >= after)
}
