/**
 * Warns of messages that cost more than they have to, and of those that carriers
 * may refuse or filter: in the log and in the receipt. No message is refused.
 *
 * {@link warned} wraps the layer of a provider. The rules are those of the
 * recipient's country, and each has the URL of its source. This is no legal
 * advice.
 *
 * **Example** (What is wrong with a message)
 *
 * ```ts run
 * import { Effect, Layer } from "effect"
 * import { Address, Content, GuardStore, Message, SendWarnings } from "effect-sms"
 *
 * const message = new Message.OutboundMessage({
 *   to: Address.Address.make("+12125550142"),
 *   content: new Content.TextContent({ text: "See bit.ly/a1. Reply STOP to unsubscribe" })
 * })
 * const warnings = SendWarnings.SendWarnings.use(({ check }) => check(message, { sender: Address.Address.make("ACME") }))
 *
 * const found = await Effect.runPromise(
 *   Effect.provide(warnings, Layer.provide(SendWarnings.layer(), GuardStore.layerMemory()))
 * )
 * found.map(({ code }) => code) // => ["sender", "linkShortener"]
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
import * as Content from "../Content.ts"
import { personOf } from "../internal/person.ts"
import { compact } from "../internal/record.ts"
import { type OutboundMessage, SendReceipt, type SendWarning } from "../Message.ts"
import { SmsProvider } from "../provider/SmsProvider.ts"
import type { StorageError } from "../StorageError.ts"
import { GuardStore } from "./GuardStore.ts"
import * as Rules from "./internal/carrierRules.ts"
import * as Costs from "./internal/costs.ts"
import * as Keys from "./internal/keys.ts"

/**
 * Options of the warnings.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How many segments a text may take without a warning. 3 by default. */
  readonly maxSegments?: number | undefined
  /** The senders that are registered where they send to, so that they are not warned of. */
  readonly registered?: ReadonlyArray<Address> | undefined
  /** After how long without a message the next one to a person is a first one. 90 days by default. */
  readonly firstAfter?: Duration.Input | undefined
}

/**
 * A send to look at.
 *
 * @category models
 * @since 0.1.0
 */
export interface About {
  /** Our number. Absent when the carrier chooses it. */
  readonly sender?: Address | undefined
  /** Characters of GSM-7 that the carrier sends as UCS-2, as in `Segments.Options`. */
  readonly excluding?: string | undefined
}

/**
 * The members of {@link SendWarnings}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Returns what is wrong with a message. */
  readonly check: (message: OutboundMessage, about: About) => Effect.Effect<ReadonlyArray<SendWarning>, StorageError>
  /** Records that the recipients have had a message. */
  readonly accepted: (message: OutboundMessage) => Effect.Effect<void, StorageError>
}

/**
 * The warnings.
 *
 * @category services
 * @since 0.1.0
 */
export class SendWarnings extends Context.Service<SendWarnings, Service>()("effect-sms/guards/SendWarnings") {}

// Loaded on demand: the numbering plans are large.
const loadZones = Effect.promise(() => import("./internal/zones.ts"))

/** Those who get a message of another purpose have asked for it, or know how to opt out. */
const isProgram = ({ purpose = "marketing" }: OutboundMessage): boolean =>
  purpose === "marketing" || purpose === "transactional"

/**
 * Makes the service on the store of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { firstAfter = "90 days", maxSegments = 3, registered = [] }: Options = {}
): Effect.fn.Return<Service, never, GuardStore> {
  const { placeOf } = yield* loadZones
  const store = yield* GuardStore
  const modify = store.modify(Keys.firstPrefix, Schema.Literal("sent"))
  const senders = new Set(registered.map(personOf))
  const rememberedFor = Duration.toMillis(Duration.fromInputUnsafe(firstAfter))
  const keysOf = ({ recipients }: OutboundMessage) => recipients.map(personOf)

  return SendWarnings.of({
    check: Effect.fnUntraced(function*(message, { excluding, sender }) {
      const text = Content.text(message.content)
      const countries = message.recipients.flatMap((person) => placeOf(person).countries)
      const people = keysOf(message)
      const isFirst = isProgram(message) && !Rules.saysHowToOptOut(text) &&
        (yield* modify(people, (states) => ({ answer: people.some((person) => !states.has(person)) })))
      return [
        ...(message.channelType === "sms" ? Costs.aboutCost(text, maxSegments, compact({ excluding })) : []),
        ...(sender === undefined ? [] : Rules.aboutSender(sender, countries, senders.has(personOf(sender)))),
        ...Rules.aboutText(text, countries, isFirst)
      ]
    }),
    accepted: (message) =>
      modify(keysOf(message), (_, now) => ({
        answer: undefined,
        changes: new Map(
          keysOf(message).map((person) => [person, { state: "sent" as const, expiresAt: now + rememberedFor }])
        )
      }))
  })
})

/**
 * Provides {@link SendWarnings}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<SendWarnings, never, GuardStore> =>
  Layer.effect(SendWarnings, make(options))

/** How often a process logs the same warning about a provider. */
const logInterval = Duration.toMillis(Duration.hours(1))

/** Returns the function that logs the warnings of a provider. */
const makeLog = (provider: string) => {
  const loggedAt = new Map<SendWarning["code"], number>()
  return Effect.fnUntraced(function*(warnings: ReadonlyArray<SendWarning>) {
    const now = yield* Clock.currentTimeMillis
    for (const { code, detail, source } of warnings) {
      if (now < (loggedAt.get(code) ?? -Infinity) + logInterval) continue
      loggedAt.set(code, now)
      yield* Effect.annotateLogs(Effect.logWarning(detail), { provider, code, ...compact({ source }) })
    }
  })
}

/**
 * Wraps the layer of a provider: warnings are logged, each at most once an hour,
 * and are in the receipt of an accepted message. When the store fails, the
 * message is sent without warnings.
 *
 * **Example** (A provider that warns)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { GuardStore, SendWarnings, Twilio } from "effect-sms"
 *
 * declare const options: Twilio.Options
 *
 * export const Provider = SendWarnings.warned(Twilio.layer(options)).pipe(
 *   Layer.provide(SendWarnings.layer()),
 *   Layer.provide(GuardStore.layerMemory())
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const warned = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | SendWarnings> =>
  Layer.effect(
    SmsProvider,
    Effect.gen(function*() {
      const { accepted, check } = yield* SendWarnings
      const provider = yield* SmsProvider
      const { send } = provider.capabilities
      if (send === undefined) return provider
      const log = makeLog(provider.name)
      const failed = Effect.annotateLogs(Effect.logWarning("A message could not be looked at for warnings"), {
        provider: provider.name
      })

      return SmsProvider.of({
        ...provider,
        send: Effect.fnUntraced(function*(message, settings) {
          const about = { sender: message.from ?? provider.from, excluding: send.excluding }
          const warnings = yield* Effect.catch(check(message, about), () => Effect.as(failed, []))
          yield* log(warnings)
          const receipt = yield* provider.send(message, settings)
          yield* Effect.catch(accepted(message), () => failed)
          return warnings.length === 0 ? receipt : new SendReceipt({ ...receipt, warnings })
        })
      })
    })
  ).pipe(Layer.provide(provider))
