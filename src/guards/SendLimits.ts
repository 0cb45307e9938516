/**
 * Limits how often a person is texted and what messages cost, and stops SMS
 * pumping: messages that a fraudster makes a service send to numbers that earn
 * money by receiving them.
 *
 * {@link enforced} wraps the layer of a provider, as `Consent.enforced` does. A
 * message beyond a limit fails with `GuardRefused` before any request. All limits
 * of a message are counted in one atomic step of the `GuardStore`: servers that
 * share a database never exceed a limit together, and a refused message counts
 * in none of them.
 *
 * A send counts once: a message that the carrier provably refused is given back,
 * and a send that is repeated with the id of its intent is not counted again. One
 * whose outcome is unknown stays counted.
 *
 * **Example** (A provider with limits)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { GuardStore, SendLimits, Twilio } from "effect-sms"
 *
 * declare const options: Twilio.Options
 *
 * export const Provider = SendLimits.enforced(Twilio.layer(options)).pipe(
 *   Layer.provide(SendLimits.layer({
 *     frequency: [{ limit: 3, per: "day" }],
 *     countries: ["US", "CA"],
 *     budget: { limits: { US: 10_000, "*": 500 } }
 *   })),
 *   Layer.provide([GuardStore.layerMemory(), NodeCrypto.layer])
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import type { AlarmRaised } from "../events/Event.ts"
import { IsAnswer } from "../internal/isAnswer.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage, Purpose } from "../Message.ts"
import { SmsProvider } from "../provider/SmsProvider.ts"
import * as Hook from "../rooms/Hook.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { isProven } from "../sending/internal/refusals.ts"
import { GuardRefused, ProviderUnavailable, type SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { GuardStore } from "./GuardStore.ts"
import * as Counters from "./internal/counters.ts"
import * as Demands from "./internal/demands.ts"
import { guarded } from "./internal/guarded.ts"
import * as Keys from "./internal/keys.ts"

/**
 * At most so many messages in each window.
 *
 * @category models
 * @since 0.1.0
 */
export type Rate = {
  /** A whole number from 1 to 1000. */
  readonly limit: number
  readonly per: "minute" | "hour" | "day" | "week"
}

/**
 * A budget of a day, which begins at 00:00 UTC.
 *
 * @category models
 * @since 0.1.0
 */
export type Budget = {
  /**
   * The budgets by the country that messages go to, as ISO 3166-1 alpha-2: `*` is
   * that of each other country, and `total` that of all together. A number of
   * segments, or an amount of money with `prices`.
   */
  readonly limits: Readonly<Record<string, number>>
  /** What a segment costs, by country; `*` for all others. */
  readonly prices?: Readonly<Record<string, number>> | undefined
  /** The currency of the prices, for errors and alarms. */
  readonly currency?: string | undefined
  /** How many segments an MMS counts as. 3 by default. */
  readonly mmsSegments?: number | undefined
  /** The part of a budget at which an alarm is raised. 0.8 by default. */
  readonly alarmAt?: number | undefined
  /** What becomes of a message beyond the budget: the queue holds it until the next day, or it is refused. The default is `refuse`. */
  readonly action?: "hold" | "refuse" | undefined
}

/**
 * Options of the limits. Each is absent by default. Confirmations of an opt-out
 * and answers to HELP are never refused where `Consent.enforced` wraps the
 * provider and finds what they answer; they count in budgets. Others with these
 * purposes count as messages without a purpose.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How many messages a person may get, in sliding windows. All of them apply. */
  readonly frequency?: ReadonlyArray<Rate> | undefined
  /** The purposes that `frequency` is for. `marketing` by default, which a message without a purpose counts as. */
  readonly frequencyPurposes?: ReadonlyArray<Purpose> | undefined
  /** What becomes of a message that is one too many: the queue holds it until the window has room, or it is refused. The default is `hold`. */
  readonly frequencyAction?: "hold" | "refuse" | undefined
  /** The countries that messages may go to, as ISO 3166-1 alpha-2. A number that may be in another one is refused. */
  readonly countries?: ReadonlyArray<string> | undefined
  readonly budget?: Budget | undefined
  /** How many messages may go to numbers that begin alike. */
  readonly velocity?:
    | Rate & {
      /** The number of last digits in which these numbers may differ. 4 by default. */
      readonly blockDigits?: number | undefined
    }
    | undefined
  /** How many messages may go to a country without replies. */
  readonly replies?:
    | Rate & {
      /** Which part of the messages is replied to. Each reply allows for as many more as that means: 5 for 0.2. */
      readonly share: number
      /** The purposes that count. `oneTimeCode` by default. */
      readonly purposes?: ReadonlyArray<Purpose> | undefined
    }
    | undefined
}

/**
 * A limit that is written wrong.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidLimit extends Schema.TaggedError<InvalidLimit>()("InvalidLimit", {
  /** The option. */
  option: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.option}: expected ${this.expected}`
  }
}

/**
 * A send to check.
 *
 * @category models
 * @since 0.1.0
 */
export interface About {
  /** The id of the send. It counts once. */
  readonly id: string
  /** Characters of GSM-7 that the carrier sends as UCS-2, as in `Segments.Options`. */
  readonly excluding?: string | undefined
  /**
   * Whether the message is the confirmation of an opt-out or the answer to a HELP,
   * which is never refused. `false` by default: its purpose alone does not say so.
   */
  readonly isAnswer?: boolean | undefined
}

/**
 * The members of {@link SendLimits}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Counts a send in all of its limits, or fails and counts it in none. */
  readonly take: (message: OutboundMessage, about: About) => Effect.Effect<void, GuardRefused | StorageError>
  /** Takes back what a send has counted that was not made. */
  readonly giveBack: (message: OutboundMessage, about: About) => Effect.Effect<void, StorageError>
  /**
   * Records that a person has replied to a message, or has used the code in it. Of
   * messages in rooms, {@link layerReplies} records it. Returns whether replies
   * count.
   */
  readonly replied: (person: Address) => Effect.Effect<boolean, StorageError>
}

/**
 * The limits.
 *
 * @category services
 * @since 0.1.0
 */
export class SendLimits extends Context.Service<SendLimits, Service>()("effect-sms/guards/SendLimits") {}

// Loaded on demand: the numbering plans are large.
const loadZones = Effect.promise(() => import("./internal/zones.ts"))

const rateOf = Effect.fnUntraced(function*(option: string, { limit, per }: Rate) {
  return Number.isInteger(limit) && limit >= 1 && limit <= 1000
    ? { limit, per, window: Keys.lengths[per] }
    : yield* new InvalidLimit({ option, expected: "a limit that is a whole number from 1 to 1000" })
})

/** Returns the amounts of a record, if they are numbers of at least 0. */
const amounts = Effect.fnUntraced(function*(option: string, record: Readonly<Record<string, number>>) {
  return Object.values(record).every((amount) => Number.isFinite(amount) && amount >= 0)
    ? record
    : yield* new InvalidLimit({ option, expected: "amounts of at least 0" })
})

const budgetOf = Effect.fnUntraced(function*(
  { action, alarmAt = 0.8, currency = "in money", limits, mmsSegments = 3, prices }: Budget
): Effect.fn.Return<NonNullable<Demands.Limits["budget"]>, InvalidLimit> {
  return {
    limits: yield* amounts("budget.limits", limits),
    prices: prices === undefined ? undefined : yield* amounts("budget.prices", prices),
    currency,
    mmsSegments,
    alarmAt,
    isHeld: action === "hold"
  }
})

/** Reads the options. */
const limitsOf = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Demands.Limits, InvalidLimit> {
  const { budget, countries, frequency = [], replies, velocity } = options
  if (replies !== undefined && !(replies.share > 0 && replies.share <= 1)) {
    return yield* new InvalidLimit({ option: "replies.share", expected: "a number above 0, and 1 at most" })
  }
  return {
    frequency: {
      rates: yield* Effect.forEach(frequency, (rate) => rateOf("frequency", rate)),
      purposes: options.frequencyPurposes ?? ["marketing"]
    },
    frequencyIsHeld: options.frequencyAction !== "refuse",
    countries,
    budget: budget === undefined ? undefined : yield* budgetOf(budget),
    velocity: velocity === undefined
      ? undefined
      : { rate: yield* rateOf("velocity", velocity), blockDigits: velocity.blockDigits ?? 4 },
    replies: replies === undefined ? undefined : {
      rate: yield* rateOf("replies", replies),
      worth: Math.floor(1 / replies.share),
      purposes: replies.purposes ?? ["oneTimeCode"]
    }
  }
})

const logAlarm = ({ country, guard, level, rule, until }: AlarmRaised) =>
  Effect.annotateLogs(
    Effect.logWarning(level === "near" ? `Most of a limit is used up: ${rule}` : `Limit reached: ${rule}`),
    { guard, until: DateTime.formatIso(until), ...compact({ country }) }
  )

/**
 * Makes the service on the store of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, InvalidLimit, GuardStore> {
  const store = yield* GuardStore
  const { placeOf } = yield* loadZones
  const limits = yield* limitsOf(options)
  const modify = store.modify(Keys.prefix, Counters.Counter)

  const demandsOf = (message: OutboundMessage, { excluding, isAnswer = false }: About) =>
    Demands.demandsOf(message, limits, { excluding, isAnswer, placeOf })

  return SendLimits.of({
    take: Effect.fnUntraced(function*(message, about) {
      const demands = demandsOf(message, about)
      if (demands.length === 0) return
      const verdict = yield* modify(Counters.keysOf(demands, about.id), Counters.take(demands, about.id))
      yield* Effect.forEach(verdict.alarms, logAlarm, { discard: true })
      if (verdict._tag === "Passed") return
      const { demand: { guard, rule }, retryAfter } = verdict
      return yield* new GuardRefused({
        guard,
        rule,
        ...(retryAfter !== undefined && { retryAfter: Duration.millis(retryAfter) })
      })
    }),
    giveBack: Effect.fnUntraced(function*(message, about) {
      const demands = demandsOf(message, about)
      if (demands.length === 0) return
      yield* modify(Counters.keysOf(demands, about.id), Counters.giveBack(demands, about.id))
    }),
    replied: Effect.fnUntraced(function*(person) {
      if (limits.replies === undefined) return false
      const { rate, worth } = limits.replies
      for (const country of placeOf(person).countries) {
        const key = Keys.ofReplies(country)
        yield* modify([key], Counters.earn(key, rate.window, worth))
      }
      return true
    })
  })
})

/**
 * Provides {@link SendLimits}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<SendLimits, InvalidLimit, GuardStore> =>
  Layer.effect(SendLimits, make(options))

const replyHook = "reply count"

/**
 * Counts each message of a person that reaches a room as a reply, for the
 * lifetime of the layer.
 *
 * **Example** (Counting replies in a kit)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { GuardStore, RoomKit, SendLimits } from "effect-sms"
 *
 * export const Kit = SendLimits.layerReplies.pipe(
 *   Layer.provideMerge(RoomKit.layer()),
 *   Layer.provide(SendLimits.layer({ frequency: [{ limit: 3, per: "day" }] })),
 *   Layer.provide(GuardStore.layerMemory())
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReplies: Layer.Layer<never, never, RoomKit | SendLimits> = Layer.effectDiscard(
  Effect.gen(function*() {
    const { hook } = yield* RoomKit
    const { replied } = yield* SendLimits
    const failed = Effect.logWarning("A reply could not be counted")
    yield* hook(Hook.afterBroadcast({
      name: replyHook,
      run: ({ source: { direction, participant } }) =>
        direction === "inbound" && participant !== undefined
          ? Effect.catch(Effect.asVoid(replied(participant)), () => failed)
          : Effect.void
    }))
  })
)

/**
 * Wraps the layer of a provider: beyond a limit, a send fails with
 * `GuardRefused` before any request. When the store fails, it fails with
 * `ProviderUnavailable`. Apply it before rate limits, so that a message which
 * waits is checked when it goes out, before quiet hours, so that one which is held
 * is not counted, and before `Consent.enforced`, which says what is an answer.
 *
 * The provider no longer schedules messages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const enforced = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | SendLimits | SecureRandom.SecureRandom> =>
  Layer.effect(
    SmsProvider,
    Effect.gen(function*() {
      const limits = yield* SendLimits
      const random = yield* SecureRandom.SecureRandom
      const provider = yield* SmsProvider
      const excluding = provider.capabilities.send?.excluding
      const log = (line: string) => Effect.annotateLogs(Effect.logError(line), { provider: provider.name })

      const unavailable = Effect.andThen(
        log("The store of the limits failed; message refused"),
        Effect.fail(new ProviderUnavailable({ detail: "The store of the limits failed" }))
      )

      return guarded(
        provider,
        Effect.fnUntraced(function*(message, { intentId }) {
          const about = { id: intentId ?? (yield* random.ulid), excluding, isAnswer: yield* IsAnswer }
          yield* Effect.catchTag(limits.take(message, about), "StorageError", () => unavailable)
          const given = Effect.catch(
            Effect.retry(limits.giveBack(message, about), { times: 3 }),
            () => log("A message that was not sent stays counted: the store of the limits failed")
          )
          return (error: SmsError) => isProven(error) ? given : Effect.void
        })
      )
    })
  ).pipe(Layer.provide(provider))
