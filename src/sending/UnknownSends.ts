/**
 * Asks carriers what became of sends with an unknown outcome, on a schedule.
 *
 * A message that a carrier has is accepted, `resolvedBy: "carrier"`. A message
 * that it does not list may have been sent nevertheless: no carrier documents
 * that its list is complete. So an intent that is not found stays unknown, and
 * an operator decides about it.
 *
 * A message that the carrier returns with our reference is the one. Otherwise it
 * is found by its recipient and content, and only if the carrier got it while the
 * request was made, it is the only one of these minutes that belongs to no other
 * send, and no other send with an unknown outcome could be meant. Those that
 * prove nothing are the candidates of the intent, which an operator can compare.
 *
 * **Example** (Settling sends of unknown outcome)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { IntentStoreMemory, type SmsProviders, UnknownSends } from "effect-sms"
 *
 * declare const Providers: Layer.Layer<SmsProviders.SmsProviders>
 *
 * export const Settling = UnknownSends.layer().pipe(Layer.provide([IntentStoreMemory.layer(), Providers]))
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
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Content from "../Content.ts"
import type { DeliveryStoreError } from "../delivery/DeliveryStore.ts"
import { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import * as Counters from "../internal/counters.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage } from "../Message.ts"
import type { Match } from "../provider/Query.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import type { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { FoundPart, type Intent, IntentStore } from "./IntentStore.ts"
import { owns, partsOf } from "./internal/findings.ts"

/**
 * The members of {@link UnknownSends}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Asks the carriers about a send now, unless its outcome is known. Returns the
   * intent afterwards. A carrier that cannot be reached has found nothing.
   */
  readonly ask: (id: string) => Effect.Effect<Intent | undefined, StorageError | DeliveryStoreError>
  /** Returns whether a carrier that may have the message of an intent can be asked. */
  readonly canAsk: (intent: Intent) => boolean
}

/**
 * Asks carriers about sends with an unknown outcome.
 *
 * @category services
 * @since 0.1.0
 */
export class UnknownSends extends Context.Service<UnknownSends, Service>()("effect-sms/sending/UnknownSends") {}

/**
 * Options of the queries.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The waits between the queries about a send. The first query is made at once.
   * 1, 5 and 30 minutes, 2 and 8 hours and 1 day by default. A carrier that cannot
   * be asked the last time is asked every hour, for as long again.
   */
  readonly waits?: ReadonlyArray<Duration.Input> | undefined
  /** The interval at which the store is polled. 10 seconds by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * How long a process may take for a query before another one makes it. 5
   * minutes by default.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * The time limit of one request to send, as `SendOptions.timeout`. What a carrier
   * got later is no message of that request. 30 seconds by default.
   */
  readonly requestTimeout?: Duration.Input | undefined
}

const defaultWaits: ReadonlyArray<Duration.Input> = [
  "1 minute",
  "5 minutes",
  "30 minutes",
  "2 hours",
  "8 hours",
  "1 day"
]

/** The number of people about whose messages carriers are asked at a time. Carriers limit the rate of requests. */
const concurrency = 4

/** How soon a carrier is asked again that could not be asked the last time. */
const again = Duration.hours(1)

/** The number of candidates that are kept of a send. */
const maxCandidates = 10

/** The number of sends that one process claims at a time. */
const limit = 20

const count = Counters.make("sms_lookups_total", "Queries about sends with an unknown outcome, by provider and result")

/** Returns the content of a message as text, equal for equal content. */
const contentOf = ({ content }: OutboundMessage): string =>
  JSON.stringify([Content.text(content), Content.media(content).map(({ url }) => url)])

/** Returns when the request of a send can have been made, in milliseconds since the epoch. */
const spanOf = ({ createdAt, requestedAt, state, times }: Intent): readonly [from: number, to: number] => [
  DateTime.toEpochMillis(requestedAt ?? times.sending ?? createdAt),
  state === "sending" || times.unknown === undefined ? Infinity : DateTime.toEpochMillis(times.unknown)
]

/** Within this time of a request, its carrier may say that it got the message. */
const near = 5 * 60_000

/** Returns whether two sends may have been made at the same time. */
const isNear = (one: Intent, other: Intent): boolean => {
  const [[from, to], [start, end]] = [spanOf(one), spanOf(other)]
  return from <= end + near && to >= start - near
}

const sentKey = "sent:"
const foundKey = (id: string) => `found:${id}`

/** A match and the provider that has it. */
interface Found extends Match {
  readonly provider: string
}

/** Returns the matches by content that can be no other message of the same send. */
const unambiguous = (matches: ReadonlyArray<Found>): ReadonlyArray<Found> =>
  matches.filter((match) =>
    matches.every((other) => other === match || (other.part !== match.part && other.messageId !== match.messageId))
  )

/**
 * Starts to ask, until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, never, IntentStore | SmsProviders | Scope.Scope> {
  const store = yield* IntentStore
  const providers = yield* SmsProviders
  const tracker = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryTracker))
  const waits = (options.waits ?? defaultWaits).map(Duration.fromInputUnsafe)
  const patience = Duration.times(waits.reduce(Duration.sum, Duration.zero), 2)
  const timeout = Duration.fromInputUnsafe(options.requestTimeout ?? "30 seconds")
  const lease = Duration.fromInputUnsafe(options.lease ?? "5 minutes")

  /** Returns the providers that may have the message: the one that did not answer, if it is known. */
  const candidatesOf = ({ error, provider }: Intent): ReadonlyArray<Provider> => {
    const known = [error?.provider, provider].find((name) => name !== undefined && Option.isSome(providers.find(name)))
    return providers.all.filter(({ capabilities, name }) =>
      capabilities.send !== undefined && (known === undefined || name === known)
    )
  }

  /** Returns whether a message is known to belong to another send, one of an intent or a direct one. */
  const isOthers = Effect.fnUntraced(function*({ id, message }: Intent, { messageId, provider }: Found) {
    const owner = yield* store.ownerOf({ provider, messageId })
    if (owner !== undefined) return owner !== id
    if (tracker === undefined) return false
    const delivery = yield* tracker.get({ provider, messageId, recipient: message.to })
    return delivery?.history.some(({ idempotencyKey: key }) =>
      key.startsWith(sentKey) || (key.startsWith("found:") && key !== foundKey(id))
    ) === true
  })

  /** Returns the matches that prove that the message was sent, and those that may be of somebody else. */
  const judge = Effect.fnUntraced(function*(intent: Intent, matches: ReadonlyArray<Found>) {
    const byReference = matches.filter(({ by }) => by === "reference")
    const isProven = ({ of, part, provider }: Found) =>
      partsOf(intent, { of, provider }).has(part) || byReference.some((one) => one.part === part)
    const open: Array<Found> = []
    for (const match of matches) {
      const isOwn = owns(intent, match)
      if (match.by !== "reference" && !isOwn && !isProven(match) && !(yield* isOthers(intent, match))) open.push(match)
    }
    const content = contentOf(intent.message)
    const twins = open.length === 0 ?
      [] :
      (yield* store.openTo(intent.message.to)).filter((twin) =>
        twin.id !== intent.id && contentOf(twin.message) === content && isNear(twin, intent)
      )
    const byContent = twins.length > 0 ? [] : unambiguous(open).filter(({ by }) => by === "content")
    return { proven: [...byReference, ...byContent], candidates: open.filter((one) => !byContent.includes(one)) }
  })

  /** Records the candidates, where there are other ones than before. */
  const list = ({ candidates = [], id }: Intent, found: ReadonlyArray<Found>) => {
    const next = found.slice(0, maxCandidates).map(({ messageId, of, part, provider }) => ({
      part,
      of,
      provider,
      messageId
    }))
    const isSame = next.length === candidates.length &&
      next.every(({ messageId, part }, index) =>
        messageId === candidates[index]!.messageId && part === candidates[index]!.part
      )
    return isSame ? Effect.void : store.recordCandidates(id, next)
  }

  /** Records a message for delivery tracking. It was sent, though the time of its acceptance is unknown. */
  const track = ({ id, message }: Intent, { messageId, provider }: Found) =>
    Effect.forEach(tracker === undefined ? [] : message.recipients, (recipient) =>
      tracker!.update(
        new DeliveryStatus({
          provider,
          messageId,
          recipient,
          status: "accepted",
          carrierStatus: "",
          idempotencyKey: foundKey(id),
          raw: {}
        })
      ), { discard: true })

  /** Asks one provider. A failure is logged and finds nothing. */
  const lookUp = Effect.fnUntraced(function*(intent: Intent, { lookUp, name }: Provider) {
    const { createdAt, id, message, requestedAt, times, updatedAt } = intent
    if (lookUp === undefined) return undefined
    const since = requestedAt ?? times.sending ?? createdAt
    const lookup = { intentId: id, message, since, until: times.unknown ?? updatedAt, timeout }
    return yield* lookUp(lookup).pipe(
      Effect.map((matches) => matches.map((match): Found => ({ ...match, provider: name }))),
      Effect.catch((error: SmsError) =>
        Effect.logWarning("A carrier could not be asked about a send with an unknown outcome", error).pipe(
          Effect.annotateLogs({ provider: name, intent: id }),
          Effect.andThen(count(name, "failed")),
          Effect.as(undefined)
        )
      )
    )
  })

  /**
   * Asks about a send, and records what is found. Every step may be repeated after a kill. Returns the intent
   * afterwards, and whether a carrier could not be asked.
   */
  const resolve = Effect.fnUntraced(function*(intent: Intent, asking: ReadonlyArray<Provider>) {
    const answers = yield* Effect.forEach(asking, (provider) => lookUp(intent, provider))
    const matches = answers.flatMap((answer) => answer ?? [])
    const { candidates, proven } = yield* judge(intent, matches)
    for (const { name } of asking) {
      const ofProvider = (all: ReadonlyArray<Found>) => all.some(({ provider }) => provider === name)
      yield* count(name, ofProvider(proven) ? "found" : ofProvider(matches) ? "ambiguous" : "absent")
    }
    let latest = intent
    for (const found of proven) {
      const { messageId, of, part, provider, sender } = found
      // First, so that the message is not taken for that of another send.
      yield* track(intent, found)
      const recorded = yield* store.recordFound(
        intent.id,
        new FoundPart({ part, of, provider, messageId, by: "carrier", ...compact({ sender }) })
      )
      latest = recorded ?? latest
    }
    // Without an answer, those from before may still be there.
    if (answers.some((answer) => answer !== undefined)) yield* list(latest, candidates)
    if (latest.state === "accepted") {
      yield* Effect.logInfo("A carrier has a message whose outcome was unknown", { intent: intent.id })
    }
    return { latest, isFailed: answers.includes(undefined) }
  })

  /** Returns when carriers are asked again: after a failure also when the last query was made, but not for ever. */
  const nextWait = ({ asked = 0, createdAt }: Intent, isFailed: boolean, now: DateTime.Utc) =>
    waits[asked] ?? (isFailed && Duration.isLessThan(DateTime.distance(createdAt, now), patience) ? again : undefined)

  const canAsk = (intent: Intent) => candidatesOf(intent).filter(({ lookUp }) => lookUp !== undefined)

  const settle = Effect.fnUntraced(function*(intent: Intent) {
    const asking = canAsk(intent)
    // What arrived before its process was killed may be enough.
    const last = intent.found?.at(-1)
    const known = last === undefined ? undefined : yield* store.recordFound(intent.id, last)
    if (known?.state === "accepted") return
    const { isFailed, latest } = yield* resolve(intent, asking)
    if (latest.state !== "unknown") return
    if (asking.length === 0) return yield* store.cannotAsk(intent.id)
    yield* store.asked(intent.id, nextWait(intent, isFailed, yield* DateTime.now))
  })

  const round = Effect.gen(function*() {
    while (true) {
      const claimed = yield* store.claimUnknown({ limit, lease })
      // Those to one person one after the other: what is found of one says what another is not.
      yield* Effect.forEach(
        Map.groupBy(claimed, ({ message: { to } }) => to).values(),
        (intents) => Effect.forEach(intents, settle, { discard: true }),
        { concurrency, discard: true }
      )
      if (claimed.length < limit) return
    }
  })

  yield* Effect.forkScoped(Effect.repeat(
    Effect.catchCause(round, (cause) => Effect.logError("Asking carriers about unknown sends failed", cause)),
    Schedule.spaced(options.pollInterval ?? "10 seconds")
  ))

  return UnknownSends.of({
    canAsk: (intent) => canAsk(intent).length > 0,
    ask: Effect.fnUntraced(function*(id) {
      const intent = yield* store.get(id)
      if (intent?.state !== "unknown" || intent.receipt !== undefined) return intent
      return (yield* resolve(intent, canAsk(intent))).latest
    })
  })
})

/**
 * Asks carriers about sends with an unknown outcome, for the lifetime of the
 * layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<UnknownSends, never, IntentStore | SmsProviders> =>
  Layer.effect(UnknownSends, make(options))
