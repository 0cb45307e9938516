/**
 * Follows each message that we sent to its end.
 *
 * Receipts come in any order, repeated, before the answer to the send, or
 * against each other. What is known only ever moves forward: through the steps
 * in their order, and not out of an end, but from `delivered` to `read`. Where
 * two ends exclude each other the first one stands, because it was acted upon,
 * and the other is recorded: see `Delivery.verdict`.
 *
 * Every report belongs to the message and the recipient that it names. A
 * report that names no recipient never moves a delivery that has one, so that
 * what is known does not depend on what came first.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Address } from "../Address.ts"
import { type DeliveryStatus, isTerminal, type Status } from "../DeliveryStatus.ts"
import { compact } from "../internal/record.ts"
import {
  contradicts,
  Delivery,
  DeliveryStore,
  type DeliveryStoreError,
  Entry,
  type Key,
  keyOf,
  messageKeyOf
} from "./DeliveryStore.ts"
import * as Waiters from "./internal/waiters.ts"

/**
 * What one report says: a receipt, or the carrier's answer to a send.
 *
 * @category models
 * @since 0.1.0
 */
export type Report = Pick<
  DeliveryStatus,
  | "provider"
  | "messageId"
  | "recipient"
  | "status"
  | "carrierStatus"
  | "timestamp"
  | "errorCode"
  | "errorMessage"
  | "idempotencyKey"
>

/**
 * A message that a carrier accepted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sent {
  readonly provider: string
  readonly messageId: string
  /** To whom: without it, receipts that name the recipient are not about this message. */
  readonly recipient: string
  /** What the carrier answered. `accepted` by default. */
  readonly status?: Status | undefined
  /** The carrier's own word for it. */
  readonly carrierStatus?: string | undefined
}

/**
 * What a report did.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  /** What is known now. */
  readonly delivery: Delivery
  /** What was known before. `unknown` before the first known word. */
  readonly previous: Status
  /** Whether the status is another one than before. */
  readonly changed: boolean
  /** Whether the history has this very report already. */
  readonly repeated: boolean
  /** Whether this is the first time that an end is reported other than the one that stands. */
  readonly contradicted: boolean
}

// `accepted` and `scheduled` have ranks of their own, and so have the ends:
// with equal ones, the order of arrival would decide. The ranks of the ends
// order `reported` alone, since an end is not left.
const order: ReadonlyArray<Status> = [
  "unknown",
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "unconfirmed",
  "canceled",
  "expired",
  "failed",
  "undelivered",
  "delivered",
  "read"
]

const rank = (status: Status): number => order.indexOf(status)

const advances = (from: Status, to: Status): boolean =>
  isTerminal(from) ? from === "delivered" && to === "read" : rank(to) > rank(from)

/**
 * What is known after a report. Pure, and everything that the tracker knows
 * about the order of things.
 *
 * @category combinators
 * @since 0.1.0
 */
export const step = (
  current: Delivery | undefined,
  report: Report,
  at: DateTime.Utc,
  maxHistory: number
): Step => {
  const previous = current?.status ?? "unknown"
  const reported = current?.reported ?? []
  const changed = advances(previous, report.status)
  const contradicting = contradicts(previous, report.status)
  const status = changed ? report.status : previous
  const error = compact({ errorCode: report.errorCode, errorMessage: report.errorMessage })
  // A repetition can bring the error that the first receipt with this status lacked.
  const brings = changed || (report.status === status && current?.errorCode === undefined)
  const kept = compact({ errorCode: current?.errorCode, errorMessage: current?.errorMessage })

  const earlier = current?.history ?? []
  const repeated = earlier.some(({ idempotencyKey }) => idempotencyKey === report.idempotencyKey)
  const history = repeated ? earlier : [
    ...earlier,
    new Entry({
      status: report.status,
      carrierStatus: report.carrierStatus,
      at,
      ...compact({ timestamp: report.timestamp }),
      ...error,
      idempotencyKey: report.idempotencyKey,
      effect: changed ? "changed" : contradicting ? "contradicted" : "nothing"
    })
  ]
  const excess = Math.max(0, history.length - Math.max(1, maxHistory))

  const delivery = new Delivery({
    provider: report.provider,
    messageId: report.messageId,
    ...compact({ recipient: current?.recipient ?? report.recipient }),
    status,
    since: changed || current === undefined ? at : current.since,
    ...(changed ? {} : kept),
    ...(brings ? error : {}),
    reported: reported.includes(report.status)
      ? reported
      : [...reported, report.status].sort((one, other) => rank(one) - rank(other)),
    history: history.slice(excess),
    dropped: (current?.dropped ?? 0) + excess
  })
  return {
    delivery,
    previous,
    changed,
    repeated,
    contradicted: contradicting && !reported.includes(report.status)
  }
}

/**
 * The message did not end in time. It may still.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {}) {
  override get message(): string {
    return "The message did not end in time"
  }
}

/**
 * The store forgot the message before it ended.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forgotten extends Schema.TaggedError<Forgotten>()("Forgotten", {}) {
  override get message(): string {
    return "The message was forgotten before it ended"
  }
}

/**
 * The end of a message could not be awaited.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeliveryTrackerError extends Schema.TaggedError<DeliveryTrackerError>()("DeliveryTrackerError", {
  reason: Schema.Union([TimedOut, Forgotten])
}) {
  override readonly cause = this.reason
  override get message(): string {
    return this.reason.message
  }
}

/**
 * A status that is another one than before.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change {
  readonly previous: Status
  readonly delivery: Delivery
}

/**
 * What became of a report.
 *
 * @category models
 * @since 0.1.0
 */
export interface Update {
  /** Whether the status of the message is another one than before. */
  readonly changed: boolean
  /** Whether the history of the message has this very report already. */
  readonly repeated: boolean
  /** What is known now. Absent for a report that counts recipients without naming any: it is about no message. */
  readonly delivery: Delivery | undefined
}

/**
 * The delivery tracker.
 *
 * @category services
 * @since 0.1.0
 */
export class DeliveryTracker extends Context.Service<DeliveryTracker, {
  /** Takes note of a message that a carrier accepted. Its receipts may have come before. */
  readonly sent: (message: Sent) => Effect.Effect<Update, DeliveryStoreError>
  /** Takes note of a receipt, also of a message that nobody reported as sent. */
  readonly update: (status: DeliveryStatus) => Effect.Effect<Update, DeliveryStoreError>
  /**
   * What is known. If nothing is known for the recipient: what is known of the
   * message without one. For a key without recipient also what is known for
   * its only recipient.
   */
  readonly get: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
  /**
   * Waits until the message has ended, well or not, as long as the timeout
   * says: also for a message that is not known yet. A carrier without receipts
   * never says how a message ended.
   */
  readonly awaitDelivery: (
    key: Key,
    timeout: Duration.Input
  ) => Effect.Effect<Delivery, DeliveryTrackerError | DeliveryStoreError>
  /** Forgets a message to a recipient, and says whether it was known. Whoever awaits it gets `Forgotten`. */
  readonly forget: (key: Key) => Effect.Effect<boolean, DeliveryStoreError>
  /**
   * The changes that this tracker makes from now on, each once. Two changes of
   * one message come in the order in which the store answered; `previous` says
   * how they follow each other. A reader that falls behind by more than 1024
   * misses the oldest of them.
   */
  readonly changes: Stream.Stream<Change>
}>()("effect-sms/DeliveryTracker") {}

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many reports are kept of each message: 20 by default, at least one. */
  readonly maxHistory?: number | undefined
}

/**
 * Makes a tracker on the store. Until the scope closes, its changes can be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<DeliveryTracker["Service"], never, DeliveryStore | Scope.Scope> {
  const store = yield* DeliveryStore
  const maxHistory = options.maxHistory ?? 20
  const changes = yield* Effect.acquireRelease(PubSub.sliding<Change>(1024), PubSub.shutdown)
  const waiters = Waiters.make<DeliveryTrackerError>()

  // Made when somebody waits. A store that is full forgets a message for each new one, and hardly anybody does.
  const forgotten = Effect.suspend(() => Effect.fail(new DeliveryTrackerError({ reason: new Forgotten() })))
  const tellForgotten = (delivery: Delivery) => waiters.tell(delivery, forgotten)

  const apply = (report: Report): Effect.Effect<Update, DeliveryStoreError> =>
    // A change that is stored is also told, even if the caller is interrupted in between.
    Effect.uninterruptible(Effect.gen(function*() {
      const at = yield* DateTime.now
      const { removed, value } = yield* store.modify(report, (current) => {
        const next = step(current, report, at, maxHistory)
        return [next, next.delivery]
      })
      const { changed, contradicted, delivery, previous, repeated } = value
      removed.forEach(tellForgotten)
      if (changed) {
        waiters.tell(delivery, delivery.isTerminal ? Effect.succeed(delivery) : undefined)
        yield* PubSub.publish(changes, { previous, delivery })
      }
      if (contradicted) {
        yield* Effect.annotateLogs(
          Effect.logWarning("A receipt contradicts an earlier one, which stands"),
          { provider: report.provider, stands: previous, reported: report.status }
        )
      }
      return { changed, repeated, delivery }
    }))

  const get = Effect.fnUntraced(function*(key: Key) {
    const own = yield* store.get(key)
    if (own !== undefined) return own
    if (keyOf(key) !== messageKeyOf(key)) return yield* store.get({ provider: key.provider, messageId: key.messageId })
    const all = yield* store.ofMessage(key)
    return all.length === 1 ? all[0] : undefined
  })

  return DeliveryTracker.of({
    sent: ({ carrierStatus, messageId, provider, recipient, status = "accepted" }) =>
      apply({
        provider,
        messageId,
        ...(recipient !== "" && { recipient: Address.make(recipient) }),
        status,
        carrierStatus: carrierStatus ?? status,
        idempotencyKey: `sent:${status}`
      }),
    update: (status) =>
      status.recipient === undefined && status.count !== undefined
        ? Effect.as(
          Effect.annotateLogs(
            Effect.logDebug("A report counts recipients without naming them, and changes no message"),
            { provider: status.provider }
          ),
          { changed: false, repeated: false, delivery: undefined }
        )
        : apply(status),
    get,
    awaitDelivery: (key, timeout) =>
      Effect.timeoutOrElse(waiters.wait(key, get(key)), {
        duration: timeout,
        orElse: () => Effect.fail(new DeliveryTrackerError({ reason: new TimedOut() }))
      }),
    forget: (key) =>
      Effect.uninterruptible(Effect.map(store.remove(key), (removed) => {
        if (removed !== undefined) tellForgotten(removed)
        return removed !== undefined
      })),
    changes: Stream.fromPubSub(changes)
  })
})

/**
 * A tracker on the store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<DeliveryTracker, never, DeliveryStore> =>
  Layer.effect(DeliveryTracker, make(options))
