/**
 * Asks carriers for the status of messages whose delivery reports are missing.
 *
 * A status that should have changed by now is fetched from the carrier, at times
 * that depend on the carrier and the status: `SendCapabilities.statusWaits`.
 * What the carrier answers is processed like a delivery report, with the same
 * key, so that the report is a repetition if it comes after all. A message about
 * which the carrier knows nothing newer in the end is `unconfirmed`, which a
 * later report replaces.
 *
 * **Example** (Asking for reports that do not come)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { MissingReports, type RoomKit, type SmsProviders } from "effect-sms"
 *
 * declare const Kit: Layer.Layer<RoomKit.RoomKit | SmsProviders.SmsProviders>
 *
 * export const App = MissingReports.layer().pipe(Layer.provide(Kit))
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type Delivery, DeliveryStore } from "../delivery/DeliveryStore.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { InboxProcessor } from "../inbox/Inbox.ts"
import * as Counters from "../internal/counters.ts"
import { keyOf } from "../internal/deliveryKeys.ts"
import { compact } from "../internal/record.ts"
import { defaultStatusWaits } from "../provider/Query.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * Options of the queries.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The interval at which the store is polled. 1 minute by default. */
  readonly pollInterval?: Duration.Input | undefined
  /** How long a process may take for a query before another one makes it. 5 minutes by default. */
  readonly lease?: Duration.Input | undefined
}

/** The number of deliveries that one process claims at a time. */
const limit = 50

/** The number of queries at a time. Carriers limit the rate of requests. */
const concurrency = 4

/** How soon a carrier is asked again that could not be asked, or whose answer is not processed yet. */
const again = Duration.hours(1)

const count = Counters.make("sms_status_queries_total", "Queries about the status of messages, by provider and result")

type Answer = "newer" | "same" | "failed"

/** Returns the times since the status was reached at which the carrier is asked. */
const waitsOf = ({ status }: Delivery, { capabilities }: Provider): ReadonlyArray<Duration.Duration> =>
  (capabilities.send?.statusWaits?.[status] ?? defaultStatusWaits[status] ?? []).map(Duration.fromInputUnsafe)

const unconfirmed = ({ messageId, provider, recipient }: Delivery): DeliveryStatus =>
  new DeliveryStatus({
    provider,
    messageId,
    status: "unconfirmed",
    carrierStatus: "",
    idempotencyKey: `${messageId}:${recipient ?? ""}:no report`,
    ...compact({ recipient }),
    raw: {}
  })

/**
 * Starts to ask, until the scope closes. With an `InboxProcessor` in the
 * context, answers go through the inbox.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<void, never, DeliveryStore | SmsProviders | RoomKit | Scope.Scope> {
  const store = yield* DeliveryStore
  const providers = yield* SmsProviders
  const kit = yield* RoomKit
  const inbox = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
  const lease = Duration.fromInputUnsafe(options.lease ?? "5 minutes")

  const process = (status: DeliveryStatus) =>
    inbox === undefined
      ? Effect.asVoid(kit.processDeliveryStatus(status))
      : Effect.asVoid(inbox.accept([status]))

  /** Asks the carrier, and processes what is newer. */
  const ask = Effect.fnUntraced(function*(delivery: Delivery, { fetchStatus }: Provider) {
    if (fetchStatus === undefined) return "same"
    const { messageId, provider, recipient } = delivery
    const answer = yield* Effect.result(fetchStatus({ messageId, recipient }))
    if (Result.isFailure(answer)) {
      yield* Effect.annotateLogs(
        Effect.logWarning("A carrier could not be asked for the status of a message", answer.failure),
        { provider }
      )
      return "failed"
    }
    const key = keyOf(delivery)
    const newer = answer.success.filter((status) =>
      keyOf(status) === key && status.status !== "unknown" && !delivery.reported.includes(status.status)
    )
    for (const status of newer) yield* process(status)
    return newer.length === 0 ? "same" : "newer"
  })

  const check = Effect.fnUntraced(function*(delivery: Delivery) {
    const provider = Option.getOrUndefined(providers.find(delivery.provider))
    // Another server may have the provider.
    if (provider === undefined) return yield* store.checkLater(delivery, again)
    const waits = waitsOf(delivery, provider)
    const elapsed = DateTime.distance(delivery.since, yield* DateTime.now)
    const [first, last] = [waits[0] ?? Duration.zero, waits.at(-1) ?? Duration.zero]
    if (Duration.isLessThan(elapsed, first)) {
      return yield* store.checkLater(delivery, Duration.subtract(first, elapsed))
    }
    const answer: Answer = yield* ask(delivery, provider)
    yield* count(delivery.provider, answer)
    const next = waits.find((wait) => Duration.isGreaterThan(wait, elapsed))
    if (answer !== "failed" && next !== undefined) {
      return yield* store.checkLater(delivery, Duration.subtract(next, elapsed))
    }
    // A carrier that cannot be asked for as long again is not asked for ever.
    const isGivenUp = answer === "same" ||
      (answer === "failed" && Duration.isGreaterThan(elapsed, Duration.times(last, 2)))
    if (isGivenUp) {
      yield* count(delivery.provider, "unconfirmed")
      yield* process(unconfirmed(delivery))
    }
    yield* store.checkLater(delivery, again)
  })

  const round = Effect.gen(function*() {
    while (true) {
      const claimed = yield* store.claimDue({ limit, lease })
      yield* Effect.forEach(claimed, (delivery) =>
        Effect.catchCause(check(delivery), (cause) =>
          Effect.annotateLogs(
            Effect.logError("Asking for the status of a message failed", cause),
            { provider: delivery.provider }
          )), { concurrency, discard: true })
      if (claimed.length < limit) return
    }
  })

  yield* Effect.forkScoped(Effect.repeat(
    Effect.catchCause(round, (cause) => Effect.logError("Finding messages without delivery reports failed", cause)),
    Schedule.spaced(options.pollInterval ?? "1 minute")
  ))
})

/**
 * Asks carriers for missing delivery reports, for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, never, DeliveryStore | SmsProviders | RoomKit> =>
  Layer.effectDiscard(make(options))
