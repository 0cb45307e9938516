/**
 * Moves the times of a recording, so that it does not say when it was made and
 * every distance between two times stays.
 */
import * as DateTime from "effect/DateTime"
import { toMillis } from "../../provider/core/time.ts"

/** When a recording begins. */
export const epoch = 1_767_225_600_000

const written = /^(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$/i

/** Returns whether a text is a time with its date. */
export const isTime = (text: string): boolean => written.test(text) && text.length > 10

/** Moves a time by whole seconds. Returns `undefined` for what is no time. */
export const shift = (value: string | number, seconds: number): string | number | undefined => {
  if (typeof value === "number") {
    const moved = shift(String(value), seconds)
    return moved === undefined ? undefined : Number(moved)
  }
  if (/^\d{10}$/.test(value)) return String(Number(value) + seconds)
  if (/^\d{13}$/.test(value)) return String(Number(value) + seconds * 1000)
  const [, date, separator, minutes = "00:00", second, fraction = "", offset = ""] = written.exec(value) ?? []
  if (date === undefined) return undefined
  // The clock on the wall moves as far as the instant does.
  const millis = toMillis(`${date}T${minutes}${second ?? ":00"}Z`)
  const moved = millis === undefined ? undefined : DateTime.make(millis + seconds * 1000)
  if (moved === undefined || moved._tag === "None") return undefined
  const text = DateTime.formatIso(moved.value)
  const clock = text.slice(11, second === undefined ? 16 : 19)
  return separator === undefined ? text.slice(0, 10) : `${text.slice(0, 10)}${separator}${clock}${fraction}${offset}`
}
