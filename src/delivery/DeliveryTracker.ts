/**
 * Tracks each sent message up to its terminal status.
 *
 * Delivery reports arrive in any order, repeatedly, before the response to the
 * send, or contradict each other. A delivery only ever moves forward: through
 * the statuses in order, and out of a terminal status only from `delivered` to
 * `read`, and from `unconfirmed` to any other: who does not know whether a
 * message arrived has not said that it did not. When two terminal statuses exclude each other, the first one is kept,
 * because the application may have acted on it, and the other is recorded: see
 * `Delivery.verdict`.
 *
 * A report applies to the message and the recipient that it names. A report
 * without a recipient never updates a delivery that has one, so the result does
 * not depend on the order of arrival.
 *
 * **Example** (Following a message to its end)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { DeliveryTracker } from "effect-sms"
 *
 * export const waitFor = Effect.fnUntraced(function*(provider: string, messageId: string) {
 *   const tracker = yield* DeliveryTracker.DeliveryTracker
 *   const delivery = yield* tracker.awaitDelivery({ provider, messageId }, "10 minutes")
 *   return delivery.status
 * }, Effect.catchTag("DeliveryTrackerError", ({ reason }) => Effect.succeed(reason._tag)))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { Address } from "../Address.ts"
import { type DeliveryStatus, isTerminal, order, type Status } from "../DeliveryStatus.ts"
import { keyOf, messageKeyOf } from "../internal/deliveryKeys.ts"
import * as Histograms from "../internal/histograms.ts"
import { compact } from "../internal/record.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import * as SlidingBuffer from "../internal/slidingBuffer.ts"
import { Delivery, DeliveryStore, type DeliveryStoreError, Entry, type Key } from "./DeliveryStore.ts"
import { contradicts } from "./internal/contradicts.ts"
import * as Waiters from "./internal/waiters.ts"

/**
 * A status report on a message: a delivery report, or the status from a send
 * receipt.
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
  | "cost"
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
  /** The recipient. When empty, delivery reports that name a recipient do not match this message. */
  readonly recipient: string
  /** The status in the carrier's response. `accepted` by default. */
  readonly status?: Status | undefined
  /** The carrier's own name for the status. */
  readonly carrierStatus?: string | undefined
}

/**
 * The result of applying a report.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  /** The delivery after the report. */
  readonly delivery: Delivery
  /** The status before the report. `unknown` before the first recognized status. */
  readonly previous: Status
  /** Whether the status changed. */
  readonly changed: boolean
  /** Whether the history already contains this report. */
  readonly repeated: boolean
  /** Whether this is the first report of a terminal status that contradicts the recorded one. */
  readonly contradicted: boolean
}

// The ranks of terminal statuses only sort `reported`, since a terminal status is not left.
const rank = (status: Status): number => order.indexOf(status)

const advances = (from: Status, to: Status): boolean => {
  if (from === "unconfirmed") return isTerminal(to) && to !== from
  return isTerminal(from) ? from === "delivered" && to === "read" : rank(to) > rank(from)
}

/**
 * Computes the delivery after a report. Pure. This function contains all of the
 * tracker's rules about the order of statuses.
 *
 * **Example** (Reports in another order)
 *
 * ```ts run
 * import { DateTime } from "effect"
 * import { DeliveryTracker } from "effect-sms"
 *
 * const report = (status: "sent" | "delivered") => ({
 *   provider: "twilio",
 *   messageId: "SM1",
 *   status,
 *   carrierStatus: status,
 *   idempotencyKey: `SM1:${status}`
 * })
 * const at = DateTime.makeUnsafe("2026-01-28T13:00:00Z")
 *
 * const first = DeliveryTracker.step(undefined, report("delivered"), at, 10)
 * const second = DeliveryTracker.step(first.delivery, report("sent"), at, 10)
 * second.delivery.status // => "delivered"
 * second.changed // => false
 * ```
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
  // A repeated status may carry the error that its first report lacked.
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
    ...compact({ cost: report.cost ?? current?.cost }),
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
 * No terminal status arrived before the timeout; one may still arrive.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {}) {
  override get message(): string {
    return "No terminal status arrived before the timeout"
  }
}

/**
 * The delivery was removed from the store before its terminal status arrived.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forgotten extends Schema.TaggedError<Forgotten>()("Forgotten", {}) {
  override get message(): string {
    return "The delivery was removed from the store before its terminal status arrived"
  }
}

/**
 * Waiting for the terminal status failed.
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
 * A change of a delivery's status.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change {
  readonly previous: Status
  readonly delivery: Delivery
}

/**
 * The result of recording a report.
 *
 * @category models
 * @since 0.1.0
 */
export interface Update {
  /** Whether the status of the delivery changed. */
  readonly changed: boolean
  /** Whether the history of the delivery already contains this report. */
  readonly repeated: boolean
  /**
   * The delivery after the report. Absent for a report that only counts
   * recipients: it concerns no single delivery.
   */
  readonly delivery: Delivery | undefined
}

/**
 * The service that tracks deliveries.
 *
 * @category services
 * @since 0.1.0
 */
export class DeliveryTracker extends Context.Service<DeliveryTracker, {
  /** Records a message that a carrier accepted. Its delivery reports may have arrived earlier. */
  readonly sent: (message: Sent) => Effect.Effect<Update, DeliveryStoreError>
  /** Records a delivery report, even for a message that was not recorded as sent. */
  readonly update: (status: DeliveryStatus) => Effect.Effect<Update, DeliveryStoreError>
  /**
   * Returns the delivery of the key. If the recipient has none, returns the
   * message's delivery without a recipient. A key without a recipient also finds
   * the delivery of the message's only recipient.
   */
  readonly get: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
  /**
   * Waits until the delivery reaches a terminal status, successful or not. Works
   * for a message that is not recorded yet. Fails with `TimedOut` at the timeout:
   * a carrier without delivery reports never reports a terminal status.
   */
  readonly awaitDelivery: (
    key: Key,
    timeout: Duration.Input
  ) => Effect.Effect<Delivery, DeliveryTrackerError | DeliveryStoreError>
  /** Removes a delivery and returns whether it existed. Callers that await it fail with `Forgotten`. */
  readonly forget: (key: Key) => Effect.Effect<boolean, DeliveryStoreError>
  /**
   * Streams the status changes that this tracker makes from now on, each once.
   * Changes of one delivery are emitted in the order in which the store
   * responded; `previous` shows the sequence. A consumer more than 1024 changes
   * behind loses the oldest.
   */
  readonly changes: Stream.Stream<Change>
}>()("effect-sms/DeliveryTracker") {}

const durations = Histograms.make("sms_delivery_seconds", {
  description: "From the first record of a message to its terminal status, by provider and status",
  boundaries: Histograms.hours
})

const measure = ({ history: [first], provider, status }: Delivery, at: DateTime.Utc): Effect.Effect<void> =>
  first === undefined
    ? Effect.void
    : durations({ provider, status }, Duration.toSeconds(DateTime.distance(first.at, at)))

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The maximum number of reports kept per delivery. 20 by default, at least one. */
  readonly maxHistory?: number | undefined
}

/** For each subscriber of the changes. */
const maxChanges = { maxEntries: 1024, maxBytes: 8 * 1024 * 1024 }

/**
 * Builds a tracker on the store. Its changes can be read until the scope
 * closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<DeliveryTracker["Service"], never, DeliveryStore | Scope.Scope> {
  const store = yield* DeliveryStore
  const maxHistory = options.maxHistory ?? 20
  const changes = yield* SlidingBuffer.makeBroadcast<Change>({
    ...maxChanges,
    sizeOf: ({ delivery }) => sizeOf(delivery)
  })
  const waiters = Waiters.make<DeliveryTrackerError>()

  // Built only when a caller waits: a full store evicts a delivery for each new one, and hardly any has waiters.
  const forgotten = Effect.suspend(() => Effect.fail(new DeliveryTrackerError({ reason: new Forgotten() })))
  const notifyForgotten = (delivery: Delivery) => waiters.notify(delivery, forgotten)

  const apply = (report: Report): Effect.Effect<Update, DeliveryStoreError> =>
    // A stored change is always published, even if the caller is interrupted in between.
    Effect.uninterruptible(Effect.gen(function*() {
      const at = yield* DateTime.now
      const { removed, value } = yield* store.modify(report, (current) => {
        const next = step(current, report, at, maxHistory)
        return [next, next.delivery]
      })
      const { changed, contradicted, delivery, previous, repeated } = value
      removed.forEach(notifyForgotten)
      if (changed) {
        if (delivery.isTerminal) yield* measure(delivery, at)
        waiters.notify(delivery, delivery.isTerminal ? Effect.succeed(delivery) : undefined)
        yield* changes.publish({ previous, delivery })
      }
      if (contradicted) {
        yield* Effect.annotateLogs(
          Effect.logWarning("Delivery report contradicts the recorded terminal status; ignoring it"),
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
            Effect.logDebug("Ignoring a delivery report that only counts recipients"),
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
        if (removed !== undefined) notifyForgotten(removed)
        return removed !== undefined
      })),
    changes: changes.stream
  })
})

/**
 * Provides a tracker on the store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<DeliveryTracker, never, DeliveryStore> =>
  Layer.effect(DeliveryTracker, make(options))
