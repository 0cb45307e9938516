/**
 * Keeps what is known about the messages that we sent.
 *
 * A store has no rules of its own: `DeliveryTracker` says what a receipt
 * means, and the store lets it say so in one atomic step for each message and
 * recipient. The memory store here forgets everything with the process.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { isTerminal, Status } from "../DeliveryStatus.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"

/**
 * Names one message to one recipient. Carriers differ in what their id names:
 * at Twilio one message, at Sinch a batch, at Telnyx a message that may go to a
 * group. With the recipient beside the id, one rule fits all of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key {
  /** The provider's name in the registry. */
  readonly provider: string
  /** The carrier's id of the message. For Sinch, the id of the batch. */
  readonly messageId: string
  /** Only its digits count, because carriers write numbers with and without `+`, or behind a scheme. */
  readonly recipient?: string | undefined
}

/**
 * The key as text: the same for every spelling of the recipient's number.
 *
 * @category getters
 * @since 0.1.0
 */
export const keyOf = ({ messageId, provider, recipient = "" }: Key): string =>
  JSON.stringify([provider, messageId, recipient.replaceAll(/\D/g, "")])

/**
 * The key of a message as text, whoever the recipient is.
 *
 * @category getters
 * @since 0.1.0
 */
export const messageKeyOf = ({ messageId, provider }: Key): string => keyOf({ provider, messageId })

/**
 * One report about a message, in the order in which reports came.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/DeliveryStore/Entry")({
  status: Status,
  /** The carrier's own word. */
  carrierStatus: Schema.String,
  /** When it came to us. */
  at: Schema.DateTimeUtcFromString,
  /** When it happened, by the carrier's clock. */
  timestamp: Schema.optionalKey(Schema.DateTimeUtcFromString),
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  idempotencyKey: Schema.NonEmptyString,
  /** What it did: `contradicted` is an end other than the one that was reported before. */
  effect: Schema.Literals(["changed", "nothing", "contradicted"])
}) {}

/**
 * What is known about one message to one recipient.
 *
 * @category models
 * @since 0.1.0
 */
export class Delivery extends Schema.Class<Delivery>("effect-sms/DeliveryStore/Delivery")({
  provider: Schema.NonEmptyString,
  messageId: Schema.NonEmptyString,
  /** As it was spelled first. */
  recipient: Schema.optionalKey(Address),
  /** How far it came. It never goes back. `unknown` until a known word came. */
  status: Status,
  /** When it came to be in this status, by our clock. */
  since: Schema.DateTimeUtcFromString,
  /** The error that came with this status. */
  errorCode: Schema.optionalKey(Schema.NonEmptyString),
  errorMessage: Schema.optionalKey(Schema.NonEmptyString),
  /** Every status that was ever reported, once each, the furthest last. */
  reported: Schema.Array(Status),
  /** The latest reports, oldest first, a repeated one once. */
  history: Schema.Array(Entry),
  /** How many older reports are not in the history any more. */
  dropped: Schema.Int
}) {
  /**
   * Whether nothing but `read` can follow.
   *
   * @since 0.1.0
   */
  get isTerminal(): boolean {
    return isTerminal(this.status)
  }

  /**
   * The ends that were reported although the message had ended otherwise.
   *
   * @since 0.1.0
   */
  get contradictions(): ReadonlyArray<Status> {
    return this.reported.filter((status) => contradicts(this.status, status))
  }

  /**
   * The status, or `contradicted` when ends were reported that exclude each
   * other. It depends on which reports came, never on their order.
   *
   * @since 0.1.0
   */
  get verdict(): Status | "contradicted" {
    return this.contradictions.length > 0 ? "contradicted" : this.status
  }
}

const arrived = (status: Status): boolean => status === "delivered" || status === "read"

/**
 * Whether a message cannot have ended both ways. `delivered` and `read` agree.
 *
 * @category guards
 * @since 0.1.0
 */
export const contradicts = (one: Status, other: Status): boolean =>
  isTerminal(one) && isTerminal(other) && one !== other && !(arrived(one) && arrived(other))

/**
 * The store could not be read or written.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeliveryStoreError extends Schema.TaggedError<DeliveryStoreError>()("DeliveryStoreError", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "The store of deliveries failed"
  }
}

/**
 * The store of deliveries.
 *
 * @category services
 * @since 0.1.0
 */
export class DeliveryStore extends Context.Service<DeliveryStore, {
  /**
   * Replaces the delivery of this very key in one step that nothing else comes
   * between. The function must be pure: a store may call it again. `removed`
   * are the deliveries that had to make room.
   */
  readonly modify: <A>(
    key: Key,
    f: (current: Delivery | undefined) => readonly [A, Delivery]
  ) => Effect.Effect<{ readonly value: A; readonly removed: ReadonlyArray<Delivery> }, DeliveryStoreError>
  /** The delivery of this very key. */
  readonly get: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
  /** The deliveries of a message to all of its recipients, first stored first. The recipient of the key is ignored. */
  readonly ofMessage: (key: Key) => Effect.Effect<ReadonlyArray<Delivery>, DeliveryStoreError>
  /** Forgets the delivery of this very key, and gives what it was. */
  readonly remove: (key: Key) => Effect.Effect<Delivery | undefined, DeliveryStoreError>
}>()("effect-sms/DeliveryStore") {}

/**
 * Options of {@link layerStoreMemory}.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryOptions {
  /**
   * How many deliveries are kept: 10 000 by default. For a new one beyond that
   * the one that is without news the longest goes, those that have ended first.
   */
  readonly capacity?: number | undefined
  /** How long a delivery is kept after its last report. Seven days by default. */
  readonly timeToLive?: Duration.Input | undefined
}

interface Held {
  readonly key: string
  readonly delivery: Delivery
  readonly expiresAt: number
}

/** The keys of a message's recipients. Nearly every message has one, for which a set would take more than its delivery. */
type Recipients = string | Set<string>

const keysOf = (recipients: Recipients | undefined): ReadonlyArray<string> =>
  typeof recipients === "object" ? [...recipients] : recipients === undefined ? [] : [recipients]

/**
 * A store that keeps everything in memory. For one process, and for tests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStoreMemory = (options: MemoryOptions = {}): Effect.Effect<DeliveryStore["Service"]> =>
  Effect.sync(() => {
    const capacity = Math.max(1, options.capacity ?? 10_000)
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive ?? "7 days"))
    // What has news is put again, so the oldest of each is without news the
    // longest. They are changed in place: copies would make a report cost more
    // the more is kept.
    const open = new InsertionOrderedMap<Held>()
    const ended = new InsertionOrderedMap<Held>()
    const messages = new Map<string, Recipients>()

    const find = (key: string, now: number): Held | undefined => {
      const held = open.get(key) ?? ended.get(key)
      return held === undefined || held.expiresAt <= now ? undefined : held
    }

    const drop = (held: Held): Delivery => {
      open.delete(held.key)
      ended.delete(held.key)
      const message = messageKeyOf(held.delivery)
      const keys = messages.get(message)
      if (typeof keys === "object" && keys.size > 1) keys.delete(held.key)
      else messages.delete(message)
      return held.delivery
    }

    const dropExpired = (now: number): ReadonlyArray<Delivery> => {
      const removed: Array<Delivery> = []
      for (const kept of [ended, open]) {
        for (let oldest = kept.oldest(); oldest !== undefined; oldest = kept.oldest()) {
          const [, held] = oldest
          if (held.expiresAt > now) break
          removed.push(drop(held))
        }
      }
      return removed
    }

    const makeRoom = (): ReadonlyArray<Delivery> => {
      if (open.size + ended.size < capacity) return []
      const oldest = ended.oldest() ?? open.oldest()
      return oldest === undefined ? [] : [drop(oldest[1])]
    }

    const put = (held: Held) => {
      const isKnown = open.delete(held.key) || ended.delete(held.key)
      const kept = held.delivery.isTerminal ? ended : open
      kept.put(held.key, held)
      if (isKnown) return
      const message = messageKeyOf(held.delivery)
      const keys = messages.get(message)
      if (typeof keys === "object") keys.add(held.key)
      else messages.set(message, keys === undefined ? held.key : new Set([keys, held.key]))
    }

    const now = Clock.currentTimeMillis

    return DeliveryStore.of({
      modify: (key, f) =>
        Effect.map(now, (now) => {
          const text = keyOf(key)
          const removed = [...dropExpired(now)]
          const current = find(text, now)
          const [value, delivery] = f(current?.delivery)
          // The clock of a machine can be set back, which leaves expired ones behind fresh ones.
          if (!open.has(text) && !ended.has(text)) removed.push(...makeRoom())
          put({ key: text, delivery, expiresAt: now + timeToLive })
          return { value, removed }
        }),
      get: (key) => Effect.map(now, (now) => find(keyOf(key), now)?.delivery),
      ofMessage: (key) =>
        Effect.map(
          now,
          (now) => keysOf(messages.get(messageKeyOf(key))).flatMap((text) => find(text, now)?.delivery ?? [])
        ),
      remove: (key) =>
        Effect.map(now, (now) => {
          const held = find(keyOf(key), now)
          return held === undefined ? undefined : drop(held)
        })
    })
  })

/**
 * A store that keeps everything in memory. For one process, and for tests.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStoreMemory = (options?: MemoryOptions): Layer.Layer<DeliveryStore> =>
  Layer.effect(DeliveryStore, makeStoreMemory(options))
