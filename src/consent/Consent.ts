/**
 * Enforces the consent of people: no message goes to a person whose last word
 * was STOP.
 *
 * {@link enforced} wraps the layer of a provider, as `SendPolicy` does. Every
 * send passes it, whether it comes over HTTP, from a room, from the queue or
 * from the application itself, after all hooks and before any request to the
 * carrier. `ConsentIntake` records what people write.
 *
 * Three messages may still go out: the one confirmation of an opt-out, one
 * answer to each HELP, and messages whose purpose an operator has exempted.
 *
 * This is no legal advice. What the law asks for depends on the country and on
 * the messages.
 *
 * **Example** (A provider that asks the ledger)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Consent, ConsentLedger, SmsProviders, Twilio } from "effect-sms"
 *
 * declare const options: Twilio.Options
 *
 * export const Providers = SmsProviders.layer(Consent.enforced(Twilio.layer(options))).pipe(
 *   Layer.provide(Consent.layer({ exempt: ["oneTimeCode"] })),
 *   Layer.provide(ConsentLedger.layerMemory())
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Address } from "../Address.ts"
import { IsAnswer } from "../internal/isAnswer.ts"
import { personOf } from "../internal/person.ts"
import type { OutboundMessage, Purpose } from "../Message.ts"
import { count as countSend } from "../provider/internal/send.ts"
import { type Service as Provider, SmsProvider } from "../provider/SmsProvider.ts"
import { NotSupported, OptedOut, ProviderUnavailable, SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { ConsentLedger, type Entry, type NewEntry } from "./ConsentLedger.ts"
import * as Decision from "./internal/decision.ts"
import * as LastWords from "./internal/lastWords.ts"

/**
 * Which words of a person concern a send.
 *
 * - `all`: what the person said to any of our numbers
 * - `provider`: what the person said to a number of the same provider
 * - `number`: what the person said to the number that sends. Where the carrier
 *   chooses the number, what was said to any of them
 *
 * @category models
 * @since 0.1.0
 */
export type Scope = Decision.Scope

/**
 * Options of consent.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** `all` by default. */
  readonly scope?: Scope | undefined
  /**
   * The purposes of messages that also go to people who have opted out. None by
   * default. A message without a purpose is never exempt.
   */
  readonly exempt?: ReadonlyArray<Purpose> | undefined
  /** How long after a STOP its confirmation may go out, and after a HELP its answer. 5 minutes by default. */
  readonly answerWindow?: Duration.Input | undefined
}

/**
 * A send to check.
 *
 * @category models
 * @since 0.1.0
 */
export interface About {
  readonly provider: string
  /** Our number. Absent when the carrier chooses it. */
  readonly sender?: Address | undefined
  /** The id of the intent. A repetition of the same send uses the answer that it has claimed before. */
  readonly intentId?: string | undefined
}

/**
 * The members of {@link Consent}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Fails when a recipient has opted out. A confirmation of an opt-out or an
   * answer to a HELP passes once: calling this uses it up. Returns whether the
   * message is such an answer. One with its purpose is none where nobody said STOP
   * or HELP.
   */
  readonly check: (message: OutboundMessage, about: About) => Effect.Effect<boolean, OptedOut | StorageError>
  /**
   * Returns the entry by which a person must not be texted, or `undefined`.
   * Without `about`, the one by which no number may text the person.
   */
  readonly optOut: (
    person: Address,
    about?: { readonly provider?: string | undefined; readonly sender?: Address | undefined }
  ) => Effect.Effect<Entry | undefined, StorageError>
  /** Records that the carrier refused a message because its recipient has opted out. */
  readonly refused: (message: OutboundMessage, about: About, code: string | undefined) => Effect.Effect<
    void,
    StorageError
  >
  readonly ledger: ConsentLedger["Service"]
}

/**
 * The consent of people.
 *
 * @category services
 * @since 0.1.0
 */
export class Consent extends Context.Service<Consent, Service>()("effect-sms/consent/Consent") {}

/** The sources of what a person said, as opposed to what became known about it. */
const isSaid = ({ source }: Entry): boolean =>
  source === "keyword" || source === "carrier flag" || source === "free text"

/** How many entries of a person are searched for what a message answers. */
const searched = 100

/**
 * Makes the service on the ledger of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { answerWindow = "5 minutes", exempt = [], scope = "all" }: Options = {}
): Effect.fn.Return<Service, never, ConsentLedger> {
  const ledger = yield* ConsentLedger

  const isRecent = ({ saidAt }: Entry) =>
    Effect.map(
      DateTime.now,
      (now) => Duration.isLessThanOrEqualTo(DateTime.distance(saidAt, now), Duration.fromInputUnsafe(answerWindow))
    )

  /** Claims the answer to an entry, which only one send may have. */
  const claim = Effect.fnUntraced(function*(
    entry: Entry,
    key: ReadonlyArray<string>,
    person: Address,
    { intentId, provider, sender }: About
  ) {
    const answer: NewEntry = {
      person,
      action: "answer",
      source: "server",
      sender,
      provider,
      answers: entry.id,
      intentId,
      key: JSON.stringify(["answer", ...key])
    }
    const [claimed] = yield* ledger.append([answer])
    return claimed!.isNew || (intentId !== undefined && claimed!.entry.intentId === intentId)
  })

  /** Claims the confirmation of an opt-out. There is one until the person opts in again. */
  const claimConfirmation = Effect.fnUntraced(function*(stop: Entry, person: Address, about: About) {
    if (!isSaid(stop) || !(yield* isRecent(stop))) return false
    const entries = yield* ledger.of(person, { limit: searched })
    const since = LastWords.effective(entries).find(({ action }) => action === "start")?.id ?? ""
    return yield* claim(stop, ["stop", personOf(person), since], person, about)
  })

  /** Claims the answer to the latest HELP. */
  const claimHelp = Effect.fnUntraced(function*(person: Address, about: About) {
    const entries = yield* ledger.of(person, { limit: searched })
    const help = entries.find(({ action }) => action === "help")
    if (help === undefined || !(yield* isRecent(help))) return false
    return yield* claim(help, ["help", help.id], person, about)
  })

  const optOut: Service["optOut"] = (person, { provider, sender } = {}) =>
    Effect.map(ledger.lastWords(person), (words) => Decision.stopFor(words, { provider, sender }, scope))

  /** Claims what the message answers, by its purpose. */
  const claimAnswer = Effect.fnUntraced(function*({ purpose, recipients, to }: OutboundMessage, about: About) {
    if (recipients.length > 1) return false
    if (purpose === "help") return yield* claimHelp(to, about)
    if (purpose !== "confirmation") return false
    const stop = yield* optOut(to, about)
    return stop !== undefined && (yield* claimConfirmation(stop, to, about))
  })

  return Consent.of({
    ledger,
    optOut,
    check: Effect.fnUntraced(function*(message, about) {
      if (yield* claimAnswer(message, about)) return true
      if (message.purpose !== undefined && exempt.includes(message.purpose)) return false
      for (const person of message.recipients) {
        const stop = yield* optOut(person, about)
        if (stop === undefined) continue
        const { id, saidAt, source } = stop
        return yield* new OptedOut({ entry: { id, source, saidAt } })
      }
      return false
    }),
    refused: Effect.fnUntraced(function*(message, { provider, sender }, code) {
      const [person, ...others] = message.recipients
      // The carrier does not say which of several it was.
      if (person === undefined || others.length > 0) return
      yield* ledger.append([{ person, action: "stop", source: "carrier refusal", sender, provider, words: code }])
    })
  })
})

/**
 * Provides {@link Consent}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Consent, never, ConsentLedger> =>
  Layer.effect(Consent, make(options))

/**
 * Makes a provider refuse messages to people who have opted out, with `OptedOut`
 * and before any request. What the carrier refuses for this reason is recorded.
 * When the ledger fails, messages fail with `ProviderUnavailable`.
 *
 * The provider no longer schedules messages: a person may opt out before one is
 * due. `MessagesServer` queues them instead.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeEnforced = Effect.fnUntraced(function*(
  provider: Provider
): Effect.fn.Return<Provider, never, Consent> {
  const consent = yield* Consent
  const { name, sendRest } = provider
  const { send } = provider.capabilities
  if (send === undefined) return provider

  const refuse = (reason: SmsError["reason"]) =>
    Effect.andThen(countSend(name, reason._tag), Effect.fail(new SmsError({ provider: name, reason })))

  const unavailable = Effect.andThen(
    Effect.annotateLogs(Effect.logError("The consent ledger failed; message refused"), { provider: name }),
    refuse(new ProviderUnavailable({ detail: "The consent ledger failed" }))
  )

  const notRecorded = Effect.annotateLogs(
    Effect.logError("The carrier refused a message to a person who opted out, and that could not be recorded"),
    { provider: name }
  )

  const guarded = <A>(message: OutboundMessage, intentId: string | undefined, sending: Effect.Effect<A, SmsError>) => {
    if (message.sendAt !== undefined) {
      return refuse(new NotSupported({ field: "sendAt", expected: "no time: queue the message until then" }))
    }
    const about = { provider: name, sender: message.from ?? provider.from, intentId }
    return consent.check(message, about).pipe(
      Effect.catchTags({ OptedOut: refuse, StorageError: () => unavailable }),
      Effect.flatMap((isAnswer) => Effect.provideService(sending, IsAnswer, isAnswer)),
      Effect.tapError(({ reason }) =>
        reason._tag === "OptedOut" && reason.entry === undefined
          ? Effect.catch(Effect.retry(consent.refused(message, about, reason.code), { times: 3 }), () => notRecorded)
          : Effect.void
      )
    )
  }

  return SmsProvider.of({
    ...provider,
    capabilities: {
      ...provider.capabilities,
      send: { ...send, options: send.options.filter((option) => option !== "sendAt") }
    },
    send: (message, settings) => guarded(message, settings?.intentId, provider.send(message, settings)),
    ...(sendRest !== undefined && {
      sendRest: (message, from, settings) => guarded(message, settings?.intentId, sendRest(message, from, settings))
    })
  })
})

/**
 * Wraps the layer of a provider: see {@link makeEnforced}. Apply it first, so
 * that a message which waits for a rate limit is checked when it goes out.
 *
 * @category combinators
 * @since 0.1.0
 */
export const enforced = <E, R>(
  provider: Layer.Layer<SmsProvider, E, R>
): Layer.Layer<SmsProvider, E, R | Consent> =>
  Layer.effect(SmsProvider, Effect.flatMap(SmsProvider, makeEnforced)).pipe(Layer.provide(provider))
