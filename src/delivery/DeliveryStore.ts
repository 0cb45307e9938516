/**
 * Stores the delivery state of sent messages.
 *
 * A store contains no rules of its own: `DeliveryTracker` interprets delivery
 * reports, and the store applies each update atomically per message and
 * recipient. The in-memory store in this module is lost when the process exits.
 *
 * **Example** (A store with fewer deliveries)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { DeliveryStore, DeliveryTracker } from "effect-sms"
 *
 * export const Tracker = DeliveryTracker.layer().pipe(
 *   Layer.provide(DeliveryStore.layerStoreMemory({ capacity: 1000 }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Cost } from "../Cost.ts"
import { isTerminal, Status } from "../DeliveryStatus.ts"
import { recorder } from "../events/EventLog.ts"
import { delivered } from "../events/internal/changes.ts"
import { keyOf, messageKeyOf } from "../internal/deliveryKeys.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import * as Listing from "../internal/listing.ts"
import type { Listed, Place, SearchOptions } from "../internal/listing.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import { contradicts } from "./internal/contradicts.ts"
import { type DeliveryTally, tallyOf } from "./internal/deliveryTally.ts"

export { type DeliveryTally, maxTook } from "./internal/deliveryTally.ts"

/**
 * Identifies one message to one recipient. A carrier's message id covers
 * different things: at Twilio one message, at Sinch a batch, at Telnyx a
 * message that may go to a group. Together with the recipient it is unique at
 * all of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key {
  /** The provider's name in the registry. */
  readonly provider: string
  /** The carrier's id of the message. For Sinch, the id of the batch. */
  readonly messageId: string
  /**
   * The recipient. Only its digits are compared, because carriers write a number
   * with or without `+`, or after a scheme.
   */
  readonly recipient?: string | undefined
}

/**
 * A report about a message, in the history in order of arrival.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/DeliveryStore/Entry")({
  status: Status,
  /** The carrier's own name for the status. */
  carrierStatus: Schema.String,
  /** When the report arrived here. */
  at: Schema.DateTimeUtcFromString,
  /** When the status changed, on the carrier's clock. */
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  idempotencyKey: Schema.NonEmptyString,
  /** The effect on the delivery. `contradicted`: a terminal status that differs from the one already recorded. */
  effect: Schema.Literals(["changed", "nothing", "contradicted"])
}) {}

/**
 * The delivery state of one message to one recipient.
 *
 * @category models
 * @since 0.1.0
 */
export class Delivery extends Schema.Class<Delivery>("effect-sms/DeliveryStore/Delivery")({
  provider: Schema.NonEmptyString,
  messageId: Schema.NonEmptyString,
  /** The recipient as first spelled. */
  recipient: Schema.optionalKey(Address),
  /** The furthest status so far. It never goes back. `unknown` until a recognized status arrives. */
  status: Status,
  /** When this status was reached, on our clock. */
  since: Schema.DateTimeUtcFromString,
  /** The error reported with this status. */
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's charge, as it was reported last. */
  cost: Schema.optionalKey(Cost),
  /** Every status ever reported, without duplicates, the furthest last. */
  reported: Schema.Array(Status),
  /** The latest reports without repetitions, oldest first. */
  history: Schema.Array(Entry),
  /** The number of older reports that were removed from the history. */
  dropped: Schema.Int
}) {
  /**
   * Whether the status is terminal. Only `read` can follow `delivered`, and any
   * other terminal status `unconfirmed`.
   *
   * @since 0.1.0
   */
  get isTerminal(): boolean {
    return isTerminal(this.status)
  }

  /**
   * The terminal statuses that were reported after a different one.
   *
   * @since 0.1.0
   */
  get contradictions(): ReadonlyArray<Status> {
    return this.reported.filter((status) => contradicts(this.status, status))
  }

  /**
   * The status, or `contradicted` when mutually exclusive terminal statuses were
   * reported. The result depends only on which reports arrived, not on their
   * order.
   *
   * @since 0.1.0
   */
  get verdict(): Status | "contradicted" {
    return this.contradictions.length > 0 ? "contradicted" : this.status
  }
}

/**
 * The delivery store could not be read or written.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeliveryStoreError extends Schema.TaggedError<DeliveryStoreError>()("DeliveryStoreError", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "The delivery store failed"
  }
}

/**
 * The service that stores deliveries.
 *
 * @category services
 * @since 0.1.0
 */
export class DeliveryStore extends Context.Service<DeliveryStore, {
  /**
   * Replaces the delivery of exactly this key in one atomic step. `f` must be
   * pure, because a store may call it again. `removed` are the deliveries that
   * were expired or evicted.
   */
  readonly modify: <A>(
    key: Key,
    f: (current: Delivery | undefined) => readonly [A, Delivery]
  ) => Effect.Effect<{ readonly value: A; readonly removed: ReadonlyArray<Delivery> }, DeliveryStoreError>
  /** Returns the delivery of exactly this key. */
  readonly get: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
  /** Returns the deliveries of a message to all its recipients, oldest first. Ignores the recipient of the key. */
  readonly ofMessage: (key: Key) => Effect.Effect<ReadonlyArray<Delivery>, DeliveryStoreError>
  /**
   * Claims deliveries whose status is not terminal, and may have missed a report:
   * {@link firstCheck} after it changed, then as `checkLater` sets. Other calls
   * claim them only after the lease.
   */
  readonly claimDue: (options: {
    readonly limit: number
    readonly lease: Duration.Duration
  }) => Effect.Effect<ReadonlyArray<Delivery>, DeliveryStoreError>
  /** Sets when a delivery may be claimed again. A change of its status sets that anew. */
  readonly checkLater: (key: Key, delay: Duration.Duration) => Effect.Effect<void, DeliveryStoreError>
  /** Searches deliveries, the first recorded last. */
  readonly search: (
    options: SearchOptions & { readonly status?: Status | undefined }
  ) => Effect.Effect<ReadonlyArray<Listed<Delivery>>, DeliveryStoreError>
  /**
   * Counts the deliveries that were first recorded from a time on, in
   * milliseconds since the epoch, and returns how long the latest of them took to
   * be delivered.
   */
  readonly tally: (options: { readonly since: number }) => Effect.Effect<DeliveryTally, DeliveryStoreError>
  /** Removes the delivery of exactly this key and returns it. */
  readonly remove: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
}>()("effect-sms/DeliveryStore") {}

/**
 * How long after a change of its status a delivery is first claimed. Most
 * messages have a terminal status by then, and need no check.
 *
 * **Example** (The wait before the first check)
 *
 * ```ts run
 * import { Duration } from "effect"
 * import { DeliveryStore } from "effect-sms"
 *
 * Duration.toMinutes(DeliveryStore.firstCheck) // => 5
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const firstCheck: Duration.Duration = /* @__PURE__ */ Duration.minutes(5)

/**
 * Options of {@link layerStoreMemory}.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryOptions {
  /**
   * The maximum number of deliveries. 10,000 by default. At the limit, a new one
   * evicts the least recently updated delivery, those in a terminal status first.
   */
  readonly capacity?: number | undefined
  /** The maximum bytes of all deliveries, estimated, with the same eviction. 64 MiB by default. */
  readonly maxBytes?: number | undefined
  /** How long a delivery is kept after its last report. Seven days by default. */
  readonly timeToLive?: Duration.Input | undefined
}

/** What a delivery takes beside itself: the entry of its message. */
const perDelivery = 256

interface Held {
  readonly key: string
  readonly delivery: Delivery
  readonly expiresAt: number
  readonly place: Place
}

/**
 * The keys of a message's recipients. Almost every message has one, and a `Set`
 * would take more memory than its delivery.
 */
type Recipients = string | Set<string>

const keysOf = (recipients: Recipients | undefined): ReadonlyArray<string> =>
  typeof recipients === "object" ? [...recipients] : recipients === undefined ? [] : [recipients]

/**
 * Builds a store that keeps all deliveries in memory, for a single process and
 * for tests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStoreMemory = (options: MemoryOptions = {}): Effect.Effect<DeliveryStore["Service"]> =>
  Effect.map(recorder, (record) => {
    const capacity = Math.max(1, options.capacity ?? 10_000)
    const maxBytes = options.maxBytes ?? 64 * 1024 * 1024
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive ?? "7 days"))
    // An update reinserts the delivery, so the oldest entry is the least recently
    // updated one. The maps are mutated in place: copies would make the cost of a
    // report grow with the number of deliveries.
    const open = new InsertionOrderedMap<Held>()
    const terminal = new InsertionOrderedMap<Held>()
    const messages = new Map<string, Recipients>()
    /** When open deliveries are due for a check, and when that was set. */
    const checks = new Map<string, { readonly at: number; readonly setAt: number }>()

    let stored = 0

    // The system clock can be set back, which leaves expired entries behind fresh ones.
    const find = (key: string, now: number): Held | undefined => {
      const held = open.get(key) ?? terminal.get(key)
      return held === undefined || held.expiresAt <= now ? undefined : held
    }

    const drop = (held: Held): Delivery => {
      open.delete(held.key)
      terminal.delete(held.key)
      checks.delete(held.key)
      const message = messageKeyOf(held.delivery)
      const keys = messages.get(message)
      if (typeof keys === "object" && keys.size > 1) keys.delete(held.key)
      else messages.delete(message)
      return held.delivery
    }

    const dropExpired = (now: number): ReadonlyArray<Delivery> => {
      const removed: Array<Delivery> = []
      for (const kept of [terminal, open]) {
        for (let oldest = kept.oldest(); oldest !== undefined; oldest = kept.oldest()) {
          const held = oldest.value
          if (held.expiresAt > now) break
          removed.push(drop(held))
        }
      }
      return removed
    }

    /** Drops the oldest beyond the bounds, but never the delivery of the key, which was just updated. */
    const dropExcess = (key: string): ReadonlyArray<Delivery> => {
      const removed: Array<Delivery> = []
      while (open.size + terminal.size > capacity || open.bytes + terminal.bytes > maxBytes) {
        const oldest = [terminal.oldest(), open.oldest()].find((entry) => entry !== undefined && entry.key !== key)
        if (oldest === undefined) break
        removed.push(drop(oldest.value))
      }
      return removed
    }

    const put = (held: Held) => {
      const isKnown = open.delete(held.key) || terminal.delete(held.key)
      const kept = held.delivery.isTerminal ? terminal : open
      kept.put(held.key, held, perDelivery + sizeOf(held.delivery))
      if (isKnown) return
      const message = messageKeyOf(held.delivery)
      const keys = messages.get(message)
      if (typeof keys === "object") keys.add(held.key)
      else messages.set(message, keys === undefined ? held.key : new Set([keys, held.key]))
    }

    const checkLater = (key: string, delay: Duration.Duration, now: number) =>
      checks.set(key, { at: now + Duration.toMillis(delay), setAt: now })

    const now = Clock.currentTimeMillis

    return DeliveryStore.of({
      modify: (key, f) =>
        Effect.flatMap(now, (now) => {
          const text = keyOf(key)
          const removed = [...dropExpired(now)]
          const current = find(text, now)
          const [value, delivery] = f(current?.delivery)
          const place = current?.place ?? { time: now, position: ++stored }
          put({ key: text, delivery, expiresAt: now + timeToLive, place })
          if (delivery.isTerminal) checks.delete(text)
          else if (current?.delivery.status !== delivery.status) checkLater(text, firstCheck, now)
          removed.push(...dropExcess(text))
          const event = delivered(current?.delivery, delivery)
          return Effect.as(event === undefined ? Effect.void : record(() => event), { value, removed })
        }),
      get: (key) => Effect.map(now, (now) => find(keyOf(key), now)?.delivery),
      ofMessage: (key) =>
        Effect.map(
          now,
          (now) => keysOf(messages.get(messageKeyOf(key))).flatMap((text) => find(text, now)?.delivery ?? [])
        ),
      claimDue: ({ lease, limit }) =>
        Effect.map(now, (now) => {
          const claimed: Array<Delivery> = []
          for (const [key, { at, setAt }] of checks) {
            if (claimed.length === limit) break
            // What was set in the future was set before the clock was set back.
            if (at > now && setAt <= now + 1000) continue
            const held = find(key, now)
            if (held === undefined) continue
            checkLater(key, lease, now)
            claimed.push(held.delivery)
          }
          return claimed
        }),
      checkLater: (key, delay) =>
        Effect.map(now, (now) => {
          const text = keyOf(key)
          if (checks.has(text)) checkLater(text, delay, now)
        }),
      search: (options) =>
        Effect.map(now, (now) =>
          Listing.search(
            [...open.values(), ...terminal.values()].flatMap(({ delivery, expiresAt, place }) =>
              expiresAt > now && (options.status === undefined || options.status === delivery.status)
                ? [{ value: delivery, place, address: delivery.recipient, provider: delivery.provider }]
                : []
            ),
            options
          )),
      tally: ({ since }) =>
        Effect.map(now, (now) => {
          const all = [...open.values(), ...terminal.values()].filter(({ expiresAt, place }) =>
            expiresAt > now && place.time >= since
          )
          return tallyOf(all.map(({ delivery, place }) => ({
            at: place.time,
            provider: delivery.provider,
            status: delivery.status,
            reached: DateTime.toEpochMillis(delivery.since)
          })))
        }),
      remove: (key) =>
        Effect.map(now, (now) => {
          const held = find(keyOf(key), now)
          return held === undefined ? undefined : drop(held)
        })
    })
  })

/**
 * Provides a store that keeps all deliveries in memory, for a single process
 * and for tests.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStoreMemory = (options?: MemoryOptions): Layer.Layer<DeliveryStore> =>
  Layer.effect(DeliveryStore, makeStoreMemory(options))
