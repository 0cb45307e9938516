/**
 * Reads from environment variables when messages may go out. Quiet hours are off
 * unless `QUIET_HOURS` is `on`.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { areas } from "../guards/internal/areaCodes.ts"
import { zonesOf } from "../guards/internal/countryZones.ts"
import * as Windows from "../guards/internal/windows.ts"
import * as QuietHours from "../guards/QuietHours.ts"
import { Purpose } from "../Message.ts"
import { choice, invalid, type InvalidVariable, text } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import { listOf } from "./internal/listOf.ts"

/**
 * How the server enforces quiet hours.
 *
 * @category models
 * @since 0.1.0
 */
export interface QuietHoursConfig {
  /** Makes a carrier refuse messages outside the hours of their recipients, unless quiet hours are off. */
  readonly enforce: <E, R>(provider: Layer.Layer<SmsProvider, E, R>) => Layer.Layer<SmsProvider, E, R>
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = [
  "QUIET_HOURS",
  "QUIET_HOURS_STATES",
  "QUIET_HOURS_WINDOWS",
  "QUIET_HOURS_HOLD",
  "QUIET_HOURS_REFUSE"
]

const form = "must be countries or states and their hours, as in US-FL 09:00-19:00; CA 09:00-21:00, 10:00-18:00, none"

const regions = "must name countries, and states of the United States and Canada, each once, as in US-FL, CA, GB"

const states: ReadonlySet<string> = new Set(Array.from(areas.values(), ({ region }) => region))

/** Whether there are numbers whose country or state this is. */
const isRegion = (region: string): boolean => region === "*" || states.has(region) || zonesOf(region).length > 0

const readWindows = Effect.gen(function*() {
  const name = "QUIET_HOURS_WINDOWS"
  const value = yield* text(name)
  const windows: Record<string, string> = {}
  for (const part of value?.split(";") ?? []) {
    const [, region = "", hours = ""] = /^\s*(\*|[A-Z]{2}(?:-[A-Z\d]{1,3})?)\s+(.*)$/.exec(part) ?? []
    if (Windows.parse(hours.trim()) === undefined) return yield* invalid(name, form)
    if (!isRegion(region) || Object.hasOwn(windows, region)) return yield* invalid(name, regions)
    windows[region] = hours.trim()
  }
  return windows
})

/** The purposes that may wait. What answers a person goes out at once: later, consent would refuse it. */
const delayable: ReadonlyArray<Purpose> = Purpose.literals.filter((purpose) =>
  purpose !== "confirmation" && purpose !== "help"
)

// The hours were read before, so that none of them is wrong.
const enforceWith = (options: QuietHours.Options): QuietHoursConfig["enforce"] => (provider) =>
  Layer.provide(QuietHours.enforced(provider), Layer.orDie(QuietHours.layer(options)))

/**
 * Reads the configuration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<QuietHoursConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const isOn = (yield* choice("QUIET_HOURS", ["on", "off"])) === "on"
  const states = (yield* choice("QUIET_HOURS_STATES", ["on", "off"])) !== "off"
  const windows = yield* readWindows
  const hold = (yield* listOf("QUIET_HOURS_HOLD", delayable)) ?? ["marketing" as const]
  const refuse = (yield* listOf("QUIET_HOURS_REFUSE", delayable)) ?? []
  if (hold.some((purpose) => refuse.includes(purpose))) {
    return yield* invalid(
      "QUIET_HOURS_REFUSE",
      "must have no purpose that QUIET_HOURS_HOLD has too, also by default"
    )
  }
  const actionOf = (purpose: Purpose): QuietHours.Action =>
    refuse.includes(purpose) ? "refuse" : hold.includes(purpose) ? "hold" : "send"
  const actions = Object.fromEntries(Purpose.literals.map((purpose) => [purpose, actionOf(purpose)]))
  return { enforce: isOn ? enforceWith({ states, windows, actions }) : (provider) => provider }
})
