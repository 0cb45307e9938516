/**
 * Reads from environment variables how often a person is texted, what messages
 * may cost, and where they may go. Without its variable, there is no limit.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GuardStore } from "../guards/GuardStore.ts"
import { zonesOf } from "../guards/internal/countryZones.ts"
import * as SendLimits from "../guards/SendLimits.ts"
import { Purpose } from "../Message.ts"
import { choice, invalid, type InvalidVariable, list, text } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import type { RoomKit } from "../rooms/RoomKit.ts"
import { listOf } from "./internal/listOf.ts"

/**
 * How the server limits messages.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendLimitsConfig {
  /** Makes a carrier refuse messages beyond the limits, if there are any. */
  readonly enforce: <E, R>(
    provider: Layer.Layer<SmsProvider, E, R>
  ) => Layer.Layer<SmsProvider, E, R | GuardStore | SecureRandom.SecureRandom>
  /** Provides the limits, if there are any, to those who count replies. */
  readonly layer: Layer.Layer<never, never, GuardStore>
  /** Counts the replies in rooms, if they are limited. */
  readonly rooms: Layer.Layer<never, never, RoomKit | GuardStore>
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = [
  "SEND_FREQUENCY",
  "SEND_FREQUENCY_PURPOSES",
  "SEND_FREQUENCY_ACTION",
  "SEND_COUNTRIES",
  "SEND_BUDGET",
  "SEND_BUDGET_ACTION",
  "SEND_BUDGET_ALARM",
  "SEND_PRICES",
  "SEND_CURRENCY",
  "SEND_PREFIX_LIMIT",
  "SEND_REPLIES",
  "SEND_REPLIES_PURPOSES"
]

const isCountry = (code: string): boolean => /^[A-Z]{2}$/.test(code) && zonesOf(code).length > 0

/** Parses a rate such as `3/day`. */
const parseRate = (value: string): SendLimits.Rate | undefined => {
  const [, limit = "", per] = /^([1-9]\d{0,3})\/(minute|hour|day|week)$/.exec(value) ?? []
  return per === undefined || Number(limit) > 1000
    ? undefined
    : { limit: Number(limit), per: per as SendLimits.Rate["per"] }
}

const frequency = Effect.gen(function*() {
  const name = "SEND_FREQUENCY"
  const rates: Array<SendLimits.Rate> = []
  for (const part of list((yield* text(name)) ?? "")) {
    const rate = parseRate(part)
    if (rate === undefined) {
      return yield* invalid(name, "must be numbers of messages per time, up to 1000, as in 3/day or 3/day, 10/week")
    }
    rates.push(rate)
  }
  return rates
})

const countries = Effect.gen(function*() {
  const name = "SEND_COUNTRIES"
  const value = yield* text(name)
  if (value === undefined) return undefined
  const codes = list(value)
  return codes.every(isCountry)
    ? codes
    : yield* invalid(name, "must be a comma-separated list of ISO 3166 countries, as in US, CA, GB")
})

/** Reads an amount for each country. */
const readAmounts = Effect.fnUntraced(function*(name: string, others: ReadonlyArray<string>, example: string) {
  const value = yield* text(name)
  if (value === undefined) return undefined
  const amounts: Record<string, number> = {}
  for (const part of list(value)) {
    const [, region = "", amount = ""] = /^(\S+)\s+(\d{1,9}(?:\.\d{1,6})?)$/.exec(part) ?? []
    if (!others.includes(region) && !isCountry(region)) {
      return yield* invalid(name, `must be ISO 3166 countries or ${others.join(", ")}, and amounts, as in ${example}`)
    }
    if (Object.hasOwn(amounts, region)) return yield* invalid(name, "must name each country once")
    amounts[region] = Number(amount)
  }
  return amounts
})

const alarmAt = Effect.gen(function*() {
  const name = "SEND_BUDGET_ALARM"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^[1-9]\d?%$|^100%$/.test(value)
    ? Number(value.slice(0, -1)) / 100
    : yield* invalid(name, "must be a percentage from 1% to 100%")
})

const budget = Effect.gen(function*() {
  const limits = yield* readAmounts("SEND_BUDGET", ["*", "total"], "US 10000, * 500, total 12000")
  const prices = yield* readAmounts("SEND_PRICES", ["*"], "US 0.0079, * 0.1")
  const currency = yield* text("SEND_CURRENCY")
  const action = yield* choice("SEND_BUDGET_ACTION", ["hold", "refuse"])
  const alarm = yield* alarmAt
  if (prices !== undefined && prices["*"] === undefined) {
    return yield* invalid("SEND_PRICES", "must have a price for *, all other countries")
  }
  return limits && { limits, prices, currency, action, alarmAt: alarm }
})

const velocity = Effect.gen(function*() {
  const name = "SEND_PREFIX_LIMIT"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return parseRate(value) ??
    (yield* invalid(name, "must be a number of messages per time, up to 1000, as in 50/hour"))
})

const replies = Effect.gen(function*() {
  const name = "SEND_REPLIES"
  const value = yield* text(name)
  const purposes = yield* listOf("SEND_REPLIES_PURPOSES", Purpose.literals)
  if (value === undefined) return undefined
  const [first = "", share = "", ...others] = list(value)
  const rate = parseRate(first)
  return rate === undefined || !/^(?:[1-9]\d?|100)%$/.test(share) || others.length > 0
    ? yield* invalid(
      name,
      "must be a number of messages per time, up to 1000, and the part of them that is replied to, as in 100/day, 20%"
    )
    : { ...rate, share: Number(share.slice(0, -1)) / 100, purposes }
})

const unlimited: SendLimitsConfig = { enforce: (provider) => provider, layer: Layer.empty, rooms: Layer.empty }

/**
 * Reads the configuration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<SendLimitsConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const options: SendLimits.Options = {
    frequency: yield* frequency,
    frequencyPurposes: yield* listOf("SEND_FREQUENCY_PURPOSES", Purpose.literals),
    frequencyAction: yield* choice("SEND_FREQUENCY_ACTION", ["hold", "refuse"]),
    countries: yield* countries,
    budget: yield* budget,
    velocity: yield* velocity,
    replies: yield* replies
  }
  const { budget: ofDay, countries: allowed, frequency: rates = [], replies: replied, velocity: ofPrefix } = options
  if (rates.length === 0 && [ofDay, allowed, replied, ofPrefix].every((limit) => limit === undefined)) return unlimited
  // The limits were read before, so that none of them is wrong.
  const layer = Layer.orDie(SendLimits.layer(options))
  return {
    enforce: (provider) => Layer.provide(SendLimits.enforced(provider), layer),
    layer,
    rooms: replied === undefined ? Layer.empty : Layer.provide(SendLimits.layerReplies, layer)
  }
})
