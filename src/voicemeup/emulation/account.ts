/**
 * The emulated account: its generated credentials, and the texts that VoiceMeUp
 * makes of ids, numbers and times.
 *
 * VoiceMeUp publishes no API reference. What is not known from its only public
 * client (https://github.com/roomkit-live/roomkit,
 * `src/roomkit/providers/voicemeup`) is noted where it is decided.
 */
import * as DateTime from "effect/DateTime"
import type { Options, Random } from "../../provider/Emulation.ts"

export interface Account {
  readonly username: string
  readonly authToken: string
  /** The secret in the callback URL. */
  readonly webhookToken: string
  readonly options: Options
}

export const make = (options: Options): Account => ({
  username: `user-${options.random.hex(6)}`,
  authToken: options.random.hex(32),
  webhookToken: options.random.hex(32),
  options
})

/** Generates an id as VoiceMeUp writes it. It has the shape of a UUID, and not always its version. */
export const generateId = (random: Random): string =>
  random.hex(32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")

/** The zone of the times in webhooks, which have none. VoiceMeUp documents none; its samples fit this one. */
export const timeZone = "America/Toronto"

/** Formats a time without its zone: `2026-01-28 13:00:14`. */
export const time = (millis: number): string => {
  const { day, hour, minute, month, second, year } = DateTime.toParts(
    DateTime.makeZonedUnsafe(millis, { timeZone })
  )
  const pad = (value: number) => String(value).padStart(2, "0")
  return `${year}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`
}

/** Writes a number as VoiceMeUp does, without `+`. */
export const digitsOf = (number: string): string => number.replace(/^\+/, "")

/** Reads a number of a request. VoiceMeUp wants digits with the country code. */
export const numberOf = (text: string): string | undefined =>
  /^\+?[1-9]\d{6,14}$/.test(text) ? `+${digitsOf(text)}` : undefined
