/**
 * What was accepted from carriers and is not processed yet.
 *
 * A webhook is acknowledged once its events are in the inbox; what becomes of
 * them is decided from there, as often as it takes. Events of one lane are
 * processed one after the other, in the order in which they were accepted, and
 * lanes in parallel. What a process had when it ended is left to another, once
 * that finds it dead. So processing happens at least once, and has the entry's
 * id to be exact.
 *
 * Why not `effect/persistence/PersistedQueue`: it has no lanes, does not tell
 * an offer that was there already, spends an attempt at each kill, and cannot
 * be offered to within a transaction of the caller's.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StorageError } from "../StorageError.ts"
import { WebhookEvent } from "../WebhookEvent.ts"

/**
 * An event in the inbox.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/inbox/Inbox/Entry")({
  /** Made here. The room event of a message gets the same. */
  id: Schema.NonEmptyString,
  /** Increases in the order of acceptance. */
  position: Schema.Int,
  lane: Schema.String,
  event: WebhookEvent,
  /**
   * - `pending`: to be processed, or being processed
   * - `done`: processed
   * - `dead`: given up after the last attempt, or because the processor said so
   */
  state: Schema.Literals(["pending", "done", "dead"]),
  acceptedAt: Schema.DateTimeUtcFromString,
  /** How often processing failed. An attempt that ended with its process does not count. */
  failures: Schema.Int,
  /** Why the last attempt failed: the kind of error, nothing of the message. */
  lastError: Schema.optionalKey(Schema.String)
}) {}

/**
 * What accepting an event did. `Repeated` where its idempotency key is known.
 *
 * @category models
 * @since 0.1.0
 */
export type Accepted =
  | { readonly _tag: "Accepted"; readonly id: string }
  | { readonly _tag: "Repeated"; readonly id: string }

/**
 * A lane that this process works on, until it releases it or is found dead. The
 * number tells it from an earlier claim of the same lane: what an outdated claim
 * settles is not stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly lane: string
  readonly number: number
}

/**
 * The members of {@link Inbox}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Accepts the events of one webhook in one transaction, in their order: all of them, or none. */
  readonly accept: (events: ReadonlyArray<WebhookEvent>) => Effect.Effect<ReadonlyArray<Accepted>, StorageError>
  /** Claims up to `limit` lanes that have something to be processed now and that nobody works on. */
  readonly claim: (options: { readonly limit: number }) => Effect.Effect<ReadonlyArray<Claim>, StorageError>
  /** Reads the first pending entry of a claimed lane. `undefined` when there is none, or the claim is outdated. */
  readonly head: (claim: Claim) => Effect.Effect<Entry | undefined, StorageError>
  /** Marks the entry as processed. `false` when the claim is outdated. */
  readonly complete: (claim: Claim, entry: Entry) => Effect.Effect<boolean, StorageError>
  /** Makes the entry a dead letter. `false` when the claim is outdated. */
  readonly bury: (claim: Claim, entry: Entry, error: string) => Effect.Effect<boolean, StorageError>
  /** Counts a failure, and leaves the lane until the delay is over. */
  readonly retry: (claim: Claim, entry: Entry, options: {
    readonly delay: Duration.Duration
    readonly error: string
  }) => Effect.Effect<void, StorageError>
  /** Leaves the lane to the next claim. */
  readonly release: (claim: Claim) => Effect.Effect<void, StorageError>
  /**
   * Leaves every lane that this process has claimed, except for these: a claim
   * whose answer was lost, or a release that failed, would hold a lane otherwise.
   */
  readonly releaseOthers: (claims: ReadonlyArray<Claim>) => Effect.Effect<void, StorageError>
  /** Makes a dead letter, or a processed entry, pending again. `false` for an unknown id. */
  readonly replay: (id: string) => Effect.Effect<boolean, StorageError>
  /** Lists entries of a state, the latest first. */
  readonly list: (options: {
    readonly state: Entry["state"]
    readonly limit: number
    /** Only entries before this position. */
    readonly before?: number | undefined
  }) => Effect.Effect<ReadonlyArray<Entry>, StorageError>
  /** How many entries are pending and dead, and since when the oldest is pending. */
  readonly backlog: Effect.Effect<
    { readonly pending: number; readonly dead: number; readonly oldest: DateTime.Utc | undefined },
    StorageError
  >
  /** When a lane can be claimed next, in milliseconds since 1970. `Infinity` when nothing is pending. */
  readonly nextAt: Effect.Effect<number, StorageError>
}

/**
 * The inbox.
 *
 * @category services
 * @since 0.1.0
 */
export class Inbox extends Context.Service<Inbox, Service>()("effect-sms/inbox/Inbox") {}

/**
 * The lane of an event: messages of one conversation, and reports of one
 * message, are processed in order.
 *
 * @category getters
 * @since 0.1.0
 */
export const laneOf = (event: WebhookEvent): string => {
  switch (event._tag) {
    case "InboundMessage":
      return JSON.stringify([event.channelId, event.sender])
    case "MessagePart":
      return JSON.stringify([event.message.channelId, event.message.sender])
    case "DeliveryStatus":
      return JSON.stringify([event.provider, event.messageId])
    case "Unrecognized":
      return JSON.stringify([event.provider])
  }
}

/**
 * What repetitions of an event are told by. `undefined` where there is nothing.
 *
 * @category getters
 * @since 0.1.0
 */
export const keyOf = (event: WebhookEvent): string | undefined => {
  switch (event._tag) {
    case "InboundMessage":
      return event.idempotencyKey && JSON.stringify(["message", event.channelId, event.idempotencyKey])
    case "MessagePart":
      return event.message.idempotencyKey &&
        JSON.stringify(["part", event.message.channelId, event.message.idempotencyKey])
    case "DeliveryStatus":
      return JSON.stringify(["status", event.provider, event.messageId, event.recipient ?? "", event.idempotencyKey])
    case "Unrecognized":
      return undefined
  }
}
