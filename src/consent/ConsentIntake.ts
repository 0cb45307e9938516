/**
 * Records in the consent ledger what people write and what carriers report, and
 * answers the keywords that the carrier does not answer.
 *
 * `RoomInbox` and `RoomKit` use it when it is in their context: with an inbox, a
 * STOP is in the ledger before its webhook is acknowledged, and not only when
 * its room comes to process it.
 *
 * **Example** (Recording what people write)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Consent, ConsentIntake, ConsentLedger, RoomKit, SmsProviders, Twilio } from "effect-sms"
 *
 * declare const options: Twilio.Options
 *
 * export const Kit = RoomKit.layer().pipe(
 *   Layer.provide(ConsentIntake.layer()),
 *   Layer.provideMerge(SmsProviders.layer(Consent.enforced(Twilio.layer(options)))),
 *   Layer.provide(Consent.layer()),
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
import * as Option from "effect/Option"
import * as Content from "../Content.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import { groupOf } from "../internal/group.ts"
import { compact } from "../internal/record.ts"
import { type InboundMessage, OutboundMessage } from "../Message.ts"
import type { CarrierConsent } from "../provider/Receiving.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { Outbox } from "../sending/Outbox.ts"
import type { StorageError } from "../StorageError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import { Consent } from "./Consent.ts"
import type { Entry, NewEntry } from "./ConsentLedger.ts"
import * as FreeText from "./FreeText.ts"
import * as LastWords from "./internal/lastWords.ts"
import * as Keywords from "./Keywords.ts"
import * as Replies from "./Replies.ts"

/**
 * Options of the intake.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  readonly keywords?: Keywords.Options | undefined
  /**
   * What becomes of a revocation in free text: see `FreeText`.
   *
   * - `enforce`: a clear one is a STOP, and one that is only likely is recorded as
   *   a suggestion. The default
   * - `suggest`: either is recorded as a suggestion
   * - `off`: nothing
   */
  readonly freeText?: "enforce" | "suggest" | "off" | undefined
  readonly replies?: Replies.Options | undefined
}

/**
 * The members of {@link ConsentIntake}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Records what the events say about consent, once for each message, and queues
   * the answers. The text of a split MMS counts when its part arrives, and not
   * again with the joined message. Other events do nothing. If it fails, it can be
   * repeated.
   */
  readonly receive: (events: ReadonlyArray<WebhookEvent>) => Effect.Effect<void, StorageError>
}

/**
 * The intake of consent.
 *
 * @category services
 * @since 0.1.0
 */
export class ConsentIntake extends Context.Service<ConsentIntake, Service>()("effect-sms/consent/ConsentIntake") {}

/** What a message says, and whether the carrier has answered it. */
interface Said {
  readonly action: Keywords.Action | "suggestion"
  readonly source: "keyword" | "carrier flag" | "free text"
  /** Whether it opts in only a person who is opted out. */
  readonly isAnswer: boolean
  readonly language: Keywords.Language | undefined
  readonly isAnswered: boolean
}

const logLines = { stop: "A person opted out", start: "A person opted in", suggestion: "A message may be an opt-out" }

/** The values of a carrier's flag. */
const flags = { STOP: "stop", START: "start", HELP: "help" } as const

const flagOf = ({ metadata }: InboundMessage, carrier: CarrierConsent | undefined): Keywords.Action | undefined => {
  const value = carrier?.flag === undefined ? undefined : metadata[carrier.flag]
  return value !== undefined && Object.hasOwn(flags, value) ? flags[value as keyof typeof flags] : undefined
}

/** The shortest time between two answers to HELP. */
const helpInterval = Duration.minutes(10)

/** How many earlier entries of a person are read. */
const searched = 50

/**
 * Makes the intake. It answers keywords through the `Outbox` of the context, if
 * there is one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { freeText = "enforce", keywords, replies = {} }: Options = {}
): Effect.fn.Return<Service, never, Consent | SmsProviders> {
  const { ledger, optOut } = yield* Consent
  const providers = yield* SmsProviders
  const outbox = Option.getOrUndefined(yield* Effect.serviceOption(Outbox))
  const recognize = Keywords.make(keywords)
  const recognizeFreeText = freeText === "off" ? () => undefined : FreeText.make({ languages: keywords?.languages })
  const answers = replies.answer ?? "auto"

  const carrierOf = (provider: string): CarrierConsent | undefined =>
    Option.getOrUndefined(providers.find(provider))?.capabilities.receive?.consent

  const saidFreely = (text: string): Said | undefined => {
    const revocation = recognizeFreeText(text)
    return revocation && {
      action: revocation.certainty === "clear" && freeText === "enforce" ? "stop" : "suggestion",
      source: "free text",
      isAnswer: false,
      language: revocation.language,
      isAnswered: false
    }
  }

  const saidIn = (message: InboundMessage): Said | undefined => {
    const text = Content.text(message.content)
    const carrier = carrierOf(message.provider)
    const flag = flagOf(message, carrier)
    const keyword = recognize(text)
    // A STOP is one, whatever the carrier took it for.
    const action = keyword?.action === "stop" ? keyword.action : flag ?? keyword?.action
    if (action === undefined) return saidFreely(text)
    const isFlagged = flag === action
    // Carriers name words, and no punctuation or look-alikes. One that opted the person out blocks the answer anyway.
    const isExact = text.trim().toUpperCase() === keyword?.word
    return {
      action,
      source: isFlagged ? "carrier flag" : "keyword",
      isAnswer: !isFlagged && keyword !== undefined && Keywords.isAnswer(keyword),
      language: keyword?.language,
      isAnswered: flag !== undefined || (isExact && carrier?.answered.includes(keyword.word) === true)
    }
  }

  /** Queues the answer to an entry, once. */
  const reply = (message: InboundMessage, entry: Entry, text: string, action: Keywords.Action) =>
    outbox === undefined ? Effect.void : outbox.enqueue({
      key: JSON.stringify(["consent", entry.id]),
      what: entry.id,
      provider: message.provider,
      message: new OutboundMessage({
        to: message.sender,
        from: message.recipient,
        content: new Content.TextContent({ text }),
        purpose: action === "stop" ? "confirmation" : action === "help" ? "help" : "conversational"
      })
    }).pipe(Effect.catchTag("KeyReused", Effect.die))

  /** Returns whether an entry changes something that the person should be told. */
  const isNews = Effect.fnUntraced(function*(message: InboundMessage, entry: Entry) {
    const earlier = (yield* ledger.of(message.sender, { limit: searched })).filter(({ position }) =>
      position < entry.position
    )
    if (entry.action === "help") {
      const help = earlier.find(({ action }) => action === "help")
      return help === undefined || Duration.isGreaterThan(DateTime.distance(help.saidAt, entry.saidAt), helpInterval)
    }
    const before = LastWords.effective(earlier).find(({ action }) => action === "stop" || action === "start")?.action ??
      "start"
    const isOut = (yield* optOut(message.sender, { sender: message.recipient, provider: message.provider })) !==
      undefined
    return before !== entry.action && isOut === (entry.action === "stop")
  })

  const receiveMessage = Effect.fnUntraced(function*(message: InboundMessage) {
    const said = saidIn(message)
    if (said === undefined) return
    const { action, isAnswer, isAnswered, language, source } = said
    const { channelId, idempotencyKey, provider, receivedAt, recipient, sender, senderAliases = [] } = message
    if (isAnswer && (yield* optOut(sender, { sender: recipient, provider })) === undefined) return
    const addresses = action === "help" ? [sender] : [sender, ...senderAliases]
    const [appended] = yield* ledger.append(addresses.map((person, place): NewEntry => ({
      person,
      action,
      source,
      sender: recipient,
      provider,
      words: Content.text(message.content),
      saidAt: receivedAt,
      key: idempotencyKey === undefined
        ? undefined
        : JSON.stringify(["message", channelId, idempotencyKey, ...(place === 0 ? [] : [place])])
    })))
    const { entry, isNew } = appended!
    if (isNew && action !== "help") {
      yield* Effect.annotateLogs(Effect.logInfo(logLines[action]), { provider, source, entry: entry.id })
    }
    if (action === "suggestion") return
    const text = Replies.textOf(replies.texts, action, language)
    const isOurs = answers === "always" || (answers === "auto" && !isAnswered)
    // An entry that is known may have come from a process that ended before it answered.
    if (!isOurs || text === undefined || groupOf(message) !== undefined) return
    if (yield* isNews(message, entry)) yield* reply(message, entry, text, action)
  })

  const receiveStatus = Effect.fnUntraced(function*(status: DeliveryStatus) {
    const { errorCode, messageId, provider, recipient, sender, timestamp } = status
    if (recipient === undefined || carrierOf(provider)?.isOptOut?.(status) !== true) return
    yield* ledger.append([{
      person: recipient,
      action: "stop",
      source: "carrier refusal",
      provider,
      key: JSON.stringify(["status", provider, messageId, recipient]),
      ...compact({ sender, words: errorCode, saidAt: timestamp })
    }])
  })

  const receiveOne = (event: WebhookEvent): Effect.Effect<void, StorageError> => {
    switch (event._tag) {
      case "InboundMessage":
        return receiveMessage(event)
      case "DeliveryStatus":
        return receiveStatus(event)
      // The text of a split MMS. The joined message has the key of this part, and so is known. A segment is not the
      // whole text.
      case "MessagePart":
        return event.role === "wrapper" ? receiveMessage(event.message) : Effect.void
      default:
        return Effect.void
    }
  }

  return ConsentIntake.of({ receive: (events) => Effect.forEach(events, receiveOne, { discard: true }) })
})

/**
 * Provides {@link ConsentIntake}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<ConsentIntake, never, Consent | SmsProviders> =>
  Layer.effect(ConsentIntake, make(options))
