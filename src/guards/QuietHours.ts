/**
 * Keeps messages from going out at night, in the time zone of their recipients.
 *
 * {@link enforced} wraps the layer of a provider, as `Consent.enforced` does. A
 * message outside the hours of its recipient fails with `GuardRefused`. By
 * default it can be tried again, so that the queue of an `Outbox` holds it until
 * the hours begin; or it is refused for good.
 *
 * The zone follows from the number: its country, and for numbers of the United
 * States and Canada its area code. A number says where it was given out, not
 * where its owner is. Where several zones are possible, the message has to be
 * inside the hours of all of them. A recipient whose zone is not known at all
 * gets none.
 *
 * This is no legal advice: see {@link windows} for the sources of the hours.
 *
 * **Example** (A provider that holds marketing messages at night)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { QuietHours, Twilio } from "effect-sms"
 *
 * declare const options: Twilio.Options
 *
 * export const Provider = QuietHours.enforced(Twilio.layer(options)).pipe(
 *   Layer.provide(QuietHours.layer({ windows: { CA: "09:00-21:00, 10:00-18:00, none" } }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import type { OutboundMessage, Purpose } from "../Message.ts"
import { SmsProvider } from "../provider/SmsProvider.ts"
import { GuardRefused } from "../SmsError.ts"
import { guarded } from "./internal/guarded.ts"
import * as Windows from "./internal/windows.ts"
import type { Place } from "./internal/zones.ts"

/**
 * What becomes of a message outside the hours.
 *
 * - `hold`: it is refused for the time being. The queue sends it when the hours
 *   begin
 * - `refuse`: it is refused for good
 * - `send`: it goes out
 *
 * @category models
 * @since 0.1.0
 */
export type Action = "hold" | "refuse" | "send"

/**
 * The hours in which messages may go out, by country and state: those of all
 * days, or those of weekdays, Saturday and Sunday.
 *
 * - `US`: 47 CFR 64.1200 (c)(1), which is for marketing
 * - The states are stricter. Lists of their laws contradict each other: these are
 *   the strictest hours that one of them names, for marketing texts
 * - `*`: all other countries. No rule is behind it
 *
 * @category models
 * @since 0.1.0
 */
export const windows: Readonly<Record<string, string>> = {
  "*": "08:00-21:00",
  US: "08:00-21:00",
  "US-CT": "09:00-20:00",
  "US-FL": "08:00-20:00",
  "US-MD": "08:00-20:00",
  "US-MS": "08:00-20:00",
  "US-NJ": "08:00-20:00",
  "US-OK": "08:00-20:00",
  "US-RI": "09:00-18:00, 10:00-17:00, 10:00-17:00",
  "US-TX": "09:00-21:00, 09:00-21:00, 12:00-21:00"
}

/**
 * Options of quiet hours.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** Whether the hours of states count besides those of their country. `true` by default. */
  readonly states?: boolean | undefined
  /**
   * Hours that replace or complete {@link windows}, by country, state or `*`, as
   * in `{ "US-FL": "09:00-19:00" }`. Those of a state count besides those of its
   * country.
   */
  readonly windows?: Readonly<Record<string, string>> | undefined
  /**
   * What becomes of messages by their purpose. By default, those of `marketing` are held, and so are those without a
   * purpose; all others are sent.
   */
  readonly actions?: Readonly<Partial<Record<Purpose, Action>>> | undefined
  /** Returns the zone of a person where it is known better than from the number, as in `America/Toronto`. */
  readonly zoneOf?: ((person: Address) => Effect.Effect<string | undefined>) | undefined
}

/**
 * Hours that are written wrong.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidWindow extends Schema.TaggedError<InvalidWindow>()("InvalidWindow", {
  /** The country, state or `*`. */
  region: Schema.String
}) {
  override get message(): string {
    return `The hours of ${this.region}: expected hours of all days, as in 08:00-21:00, or those of weekdays, Saturday and ` +
      "Sunday, as in 08:00-21:00, 10:00-18:00, none"
  }
}

/**
 * The hours of a message.
 *
 * @category models
 * @since 0.1.0
 */
export interface Opening {
  /** When the message may go out, in milliseconds since the epoch: the time itself if it may now. Absent for never. */
  readonly at: number | undefined
  /** The countries and states whose hours count. */
  readonly rules: ReadonlyArray<string>
  /** Whether the zones of all recipients are known. */
  readonly isKnown: boolean
}

/**
 * The members of {@link QuietHours}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Returns what becomes of a message outside the hours. */
  readonly actionOf: (message: OutboundMessage) => Action
  /** Returns when a message may go out, whatever its purpose. */
  readonly opening: (message: OutboundMessage, time: number) => Effect.Effect<Opening>
  /** Fails when the message may not go out now. */
  readonly check: (message: OutboundMessage) => Effect.Effect<void, GuardRefused>
}

/**
 * The quiet hours.
 *
 * @category services
 * @since 0.1.0
 */
export class QuietHours extends Context.Service<QuietHours, Service>()("effect-sms/guards/QuietHours") {}

// Loaded on demand: the numbering plans are large.
const loadZones = Effect.promise(() => import("./internal/zones.ts"))

/** The country of a rule. */
const countryOf = (rule: string): string => rule.slice(0, 2)

const isState = (rule: string): boolean => rule.includes("-")

/**
 * Makes the service.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { actions = {}, states = true, windows: given = {}, zoneOf = () => Effect.succeed(undefined) }: Options = {}
): Effect.fn.Return<Service, InvalidWindow> {
  const { placeOf } = yield* loadZones
  const known = new Map<string, Windows.Window>()
  for (const [region, text] of Object.entries({ ...windows, ...given })) {
    const window = Windows.parse(text)
    if (window === undefined) return yield* new InvalidWindow({ region })
    if (states || !isState(region) || Object.hasOwn(given, region)) known.set(region, window)
  }

  /** Returns the rules of a place: of its state and country, or of all states where it is in an unknown one. */
  const rulesOf = ({ countries, region }: Place): ReadonlyArray<string> => {
    const rules = countries.flatMap((country) => {
      const ofStates = region === undefined
        ? Array.from(known.keys()).filter((rule) => isState(rule) && countryOf(rule) === country)
        : [region]
      return [known.has(country) ? country : "*", ...ofStates]
    })
    return [...new Set(rules)].filter((rule) => known.has(rule))
  }

  const actionOf: Service["actionOf"] = ({ purpose = "marketing" }) =>
    (Object.hasOwn(actions, purpose) ? actions[purpose] : undefined) ?? (purpose === "marketing" ? "hold" : "send")

  const opening: Service["opening"] = Effect.fnUntraced(function*({ recipients }, time) {
    const zones = new Set<string>()
    const rules = new Set<string>()
    let isKnown = true
    for (const person of recipients) {
      const place = placeOf(person)
      const zone = yield* zoneOf(person)
      const candidates = zone === undefined ? place.zones : [zone]
      isKnown &&= Windows.zonesOf(candidates).length > 0
      for (const candidate of candidates) zones.add(candidate)
      for (const rule of place.countries.length === 0 ? ["*"] : rulesOf(place)) rules.add(rule)
    }
    const all = Array.from(rules, (rule) => known.get(rule)!)
    const at = isKnown ? Windows.nextOpen(Windows.zonesOf([...zones]), all, time) : undefined
    return { at, rules: [...rules], isKnown }
  })

  return QuietHours.of({
    actionOf,
    opening,
    check: Effect.fnUntraced(function*(message) {
      const action = actionOf(message)
      if (action === "send") return
      const now = yield* Clock.currentTimeMillis
      const { at, isKnown, rules } = yield* opening(message, now)
      if (at === now) return
      return yield* new GuardRefused({
        guard: "quietHours",
        rule: isKnown ? `the hours of ${rules.join(", ")}` : "the time zone of the recipient is not known",
        ...(at !== undefined && action === "hold" && { retryAfter: Duration.millis(at - now) })
      })
    })
  })
})

/**
 * Provides {@link QuietHours}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<QuietHours, InvalidWindow> =>
  Layer.effect(QuietHours, make(options))

/**
 * Wraps the layer of a provider: outside the hours, a send fails with
 * `GuardRefused` before any request. Apply it before rate limits, so that a
 * message which waits is checked when it goes out.
 *
 * The provider no longer schedules messages, and `MessagesServer` queues those
 * that may be held, at any time of the day.
 *
 * @category combinators
 * @since 0.1.0
 */
export const enforced = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | QuietHours> =>
  Layer.effect(
    SmsProvider,
    Effect.gen(function*() {
      const { actionOf, check } = yield* QuietHours
      const provider = yield* SmsProvider
      const { isHeld } = provider
      return guarded(
        { ...provider, isHeld: (message) => actionOf(message) === "hold" || isHeld?.(message) === true },
        check
      )
    })
  ).pipe(Layer.provide(provider))
