/**
 * Which limits a message counts against, and how much.
 */
import type { Address } from "../../Address.ts"
import * as Content from "../../Content.ts"
import { personOf } from "../../internal/person.ts"
import type { OutboundMessage, Purpose } from "../../Message.ts"
import * as Segments from "../../segments/Segments.ts"
import type { Demand } from "./counters.ts"
import * as Keys from "./keys.ts"
import type { Place } from "./zones.ts"

/** At most so many messages in a window. */
export interface Rate {
  readonly limit: number
  /** The length of the window in milliseconds. */
  readonly window: number
  /** The window in words, as in `day`. */
  readonly per: string
}

/** The limits, read from the options. */
export interface Limits {
  readonly frequency: { readonly rates: ReadonlyArray<Rate>; readonly purposes: ReadonlyArray<Purpose> }
  readonly frequencyIsHeld: boolean
  readonly countries: ReadonlyArray<string> | undefined
  readonly budget: {
    readonly limits: Readonly<Record<string, number>>
    /** What a segment costs, by country. Absent where segments themselves are counted. */
    readonly prices: Readonly<Record<string, number>> | undefined
    readonly currency: string
    readonly mmsSegments: number
    readonly alarmAt: number
    readonly isHeld: boolean
  } | undefined
  readonly velocity: { readonly rate: Rate; readonly blockDigits: number } | undefined
  readonly replies: {
    /** How many messages go out without a reply. */
    readonly rate: Rate
    /** How many further messages each reply allows. */
    readonly worth: number
    readonly purposes: ReadonlyArray<Purpose>
  } | undefined
}

const { day } = Keys.lengths

/** Money is counted in millionths, which add up exactly. */
const micros = 1_000_000

const own = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** A message to count, and whether it is an answer, which is never refused. */
interface Counted {
  readonly message: OutboundMessage
  readonly isAnswer: boolean
}

/** Returns the purpose by which a message counts. One that answers nothing has no right to the purpose of an answer. */
const purposeOf = ({ isAnswer, message: { purpose = "marketing" } }: Counted): Purpose =>
  !isAnswer && (purpose === "confirmation" || purpose === "help") ? "marketing" : purpose

const messages = (count: number): string => `${count} message${count === 1 ? "" : "s"}`

/** The countries of a person: `?` where none is known. */
const countriesOf = ({ countries }: Place): ReadonlyArray<string> => countries.length === 0 ? ["?"] : countries

/** The country for an error or an alarm. */
const named = (country: string) => country === "?" || country === "*" ? {} : { country }

const inWords = (country: string): string =>
  country === "?" ? "an unknown country" : country === "*" ? "all countries" : country

/** Returns the number of segments that one recipient of the message costs. */
export const weightOf = (message: OutboundMessage, mmsSegments: number, excluding: string | undefined): number =>
  message.channelType === "mms"
    ? mmsSegments
    : Segments.count(Content.text(message.content), excluding === undefined ? {} : { excluding }).segments

const frequency = (counted: Counted, person: string, { frequency, frequencyIsHeld }: Limits): Array<Demand> =>
  counted.isAnswer || !frequency.purposes.includes(purposeOf(counted))
    ? []
    : frequency.rates.map(({ limit, per, window }) => ({
      guard: "frequency",
      kind: "sliding",
      key: Keys.ofFrequency(window, person),
      rule: `${messages(limit)} per ${per} to a person`,
      window,
      amount: 1,
      limit,
      isHeld: frequencyIsHeld,
      isForced: false
    }))

const country = ({ isAnswer }: Counted, place: Place, { countries }: Limits): Array<Demand> =>
  countries === undefined || isAnswer || (
      place.countries.length > 0 && place.countries.every((one) => countries.includes(one))
    )
    ? []
    : countriesOf(place).filter((one) => !countries.includes(one)).map((one) => ({
      guard: "country",
      kind: "period",
      key: `country ${one}`,
      rule: `messages may not go to ${inWords(one)}`,
      ...named(one),
      window: day,
      amount: 1,
      limit: 0,
      isHeld: false,
      isForced: false
    }))

const budget = (
  { isAnswer, message }: Counted,
  place: Place,
  { budget }: Limits,
  excluding: string | undefined
): Array<Demand> => {
  if (budget === undefined) return []
  const { alarmAt, currency, isHeld, limits, mmsSegments, prices } = budget
  const segments = weightOf(message, mmsSegments, excluding)
  return countriesOf(place).flatMap((country) => {
    const price = prices === undefined ? undefined : own(prices, country) ?? prices["*"] ?? 0
    const amount = price === undefined ? segments : Math.round(segments * price * micros)
    const unit = price === undefined ? "segments" : currency
    const demand = (key: string, country: string, limit: number): Demand => ({
      guard: "budget",
      kind: "period",
      key: `budget ${key}`,
      rule: `${limit} ${unit} per day to ${inWords(country)}`,
      ...named(country),
      window: day,
      amount,
      limit: price === undefined ? limit : Math.round(limit * micros),
      alarmAt,
      isHeld,
      isForced: isAnswer
    })
    const ofCountry = own(limits, country) ?? limits["*"]
    const total = limits["total"]
    return [
      ...(ofCountry === undefined ? [] : [demand(country, country, ofCountry)]),
      ...(total === undefined ? [] : [demand("total", "*", total)])
    ]
  })
}

const velocity = ({ isAnswer }: Counted, person: string, place: Place, { velocity }: Limits): Array<Demand> => {
  if (velocity === undefined || isAnswer || !/^\d{7,}$/.test(person)) return []
  const { blockDigits, rate: { limit, per, window } } = velocity
  const prefix = person.slice(0, -blockDigits)
  const [one, ...others] = countriesOf(place)
  return [{
    guard: "velocity",
    kind: "sliding",
    key: `velocity ${window} ${prefix}`,
    rule: `${messages(limit)} per ${per} to numbers that differ in their last ${blockDigits} digits`,
    ...(others.length === 0 && named(one!)),
    prefix,
    window,
    amount: 1,
    limit,
    isHeld: false,
    isForced: false
  }]
}

const replies = ({ message }: Counted, place: Place, { replies }: Limits): Array<Demand> => {
  if (replies === undefined || message.purpose === undefined || !replies.purposes.includes(message.purpose)) return []
  const { rate: { limit, per, window }, worth } = replies
  return countriesOf(place).map((one) => ({
    guard: "replies",
    kind: "period",
    key: Keys.ofReplies(one),
    rule: `${messages(limit)} per ${per} to ${inWords(one)} without a reply, and ${worth} more for each reply`,
    ...named(one),
    window,
    amount: 1,
    limit,
    isHeld: false,
    isForced: false
  }))
}

/** Adds up the demands with the same key. */
const merged = (demands: ReadonlyArray<Demand>): ReadonlyArray<Demand> => {
  const byKey = new Map<string, Demand>()
  for (const demand of demands) {
    const known = byKey.get(demand.key)
    byKey.set(demand.key, known === undefined ? demand : { ...known, amount: known.amount + demand.amount })
  }
  return [...byKey.values()]
}

/** Returns what a message takes of the limits, those first that refuse for good. */
export const demandsOf = (
  message: OutboundMessage,
  limits: Limits,
  { excluding, isAnswer, placeOf }: {
    readonly excluding: string | undefined
    readonly isAnswer: boolean
    readonly placeOf: (person: Address) => Place
  }
): ReadonlyArray<Demand> => {
  const counted = { message, isAnswer }
  const all = message.recipients.map((address) => ({ person: personOf(address), place: placeOf(address) }))
  return merged([
    ...all.flatMap(({ place }) => country(counted, place, limits)),
    ...all.flatMap(({ person, place }) => velocity(counted, person, place, limits)),
    ...all.flatMap(({ place }) => replies(counted, place, limits)),
    ...all.flatMap(({ place }) => budget(counted, place, limits, excluding)),
    ...all.flatMap(({ person }) => frequency(counted, person, limits))
  ])
}
