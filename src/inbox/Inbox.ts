/**
 * A durable queue of webhook events that are accepted but not yet processed.
 *
 * A webhook is acknowledged once its events are in the inbox. They are
 * processed from there, with retries. The events of a lane are processed in
 * sequence, in the order of acceptance, and lanes in parallel. When a process
 * stops, another takes over its lanes once it detects that. Processing is
 * therefore at least once; use the entry's id to deduplicate.
 *
 * It does not use `effect/persistence/PersistedQueue`, which has no lanes, does
 * not report duplicate offers, counts an attempt when a process is killed, and
 * cannot take part in the caller's transaction.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { canonical } from "../Address.ts"
import { formOf, groupOf } from "../internal/group.ts"
import type { InboundMessage } from "../Message.ts"
import type { StorageError } from "../StorageError.ts"
import { WebhookEvent } from "../WebhookEvent.ts"

/**
 * An event in the inbox.
 *
 * @category models
 * @since 0.1.0
 */
export class Entry extends Schema.Class<Entry>("effect-sms/inbox/Inbox/Entry")({
  /** The id that the inbox generates. The room event of a message has the same id. */
  id: Schema.NonEmptyString,
  /** The position, which increases in the order of acceptance. */
  position: Schema.Int,
  lane: Schema.String,
  event: WebhookEvent,
  /**
   * The stored text of an event that this version cannot decode. The event is
   * then `Unrecognized`, with an unknown provider and the kind of event as its
   * type.
   */
  unreadable: Schema.optionalKey(Schema.String),
  /**
   * - `pending`: to be processed, or being processed
   * - `done`: processed
   * - `dead`: a dead letter, after the last attempt, because the processor gave
   *   up, or because the entry does not decode
   */
  state: Schema.Literals(["pending", "done", "dead"]),
  acceptedAt: Schema.DateTimeUtcFromString,
  /** The number of failed attempts. An attempt interrupted by the end of its process does not count. */
  failures: Schema.Int,
  /** The kind of error of the last attempt. It contains no message data. */
  lastError: Schema.optionalKey(Schema.String)
}) {}

/**
 * The result of accepting an event: `Repeated` if its idempotency key is
 * already known.
 *
 * @category models
 * @since 0.1.0
 */
export type Accepted =
  | { readonly _tag: "Accepted"; readonly id: string }
  | { readonly _tag: "Repeated"; readonly id: string }

/**
 * A lane that this process holds, until it releases it or its heartbeat stops.
 * The number distinguishes the claim from earlier claims of the same lane:
 * results under an outdated claim are not stored.
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
  /** Claims up to `limit` lanes that have an entry due and are not claimed. */
  readonly claim: (options: { readonly limit: number }) => Effect.Effect<ReadonlyArray<Claim>, StorageError>
  /**
   * Reads the first pending entry of a claimed lane. `undefined` when there is
   * none, or the claim is outdated. Entries that do not decode become dead
   * letters and are passed over.
   */
  readonly head: (claim: Claim) => Effect.Effect<Entry | undefined, StorageError>
  /** Marks the entry as processed. `false` when the claim is outdated. */
  readonly complete: (claim: Claim, entry: Entry) => Effect.Effect<boolean, StorageError>
  /** Makes the entry a dead letter. `false` when the claim is outdated. */
  readonly bury: (claim: Claim, entry: Entry, error: string) => Effect.Effect<boolean, StorageError>
  /** Counts a failure, and releases the lane until the delay has passed. */
  readonly retry: (claim: Claim, entry: Entry, options: {
    readonly delay: Duration.Duration
    readonly error: string
  }) => Effect.Effect<void, StorageError>
  /** Releases the lane for the next claim. */
  readonly release: (claim: Claim) => Effect.Effect<void, StorageError>
  /**
   * Leaves every lane that this process has claimed, except for these: a claim
   * whose answer was lost, or a release that failed, would hold a lane otherwise.
   */
  readonly releaseOthers: (claims: ReadonlyArray<Claim>) => Effect.Effect<void, StorageError>
  /** Makes a dead letter, or a processed entry, pending again. `false` for an unknown id. */
  readonly replay: (id: string) => Effect.Effect<boolean, StorageError>
  /** Lists the entries in a state, the latest first. */
  readonly list: (options: {
    readonly state: Entry["state"]
    readonly limit: number
    /** Only entries before this position. */
    readonly before?: number | undefined
  }) => Effect.Effect<ReadonlyArray<Entry>, StorageError>
  /** Counts the pending and dead entries, and reads when the oldest pending one was accepted. */
  readonly backlog: Effect.Effect<
    { readonly pending: number; readonly dead: number; readonly oldest: DateTime.Utc | undefined },
    StorageError
  >
  /**
   * Returns the time at which a lane can next be claimed, in epoch
   * milliseconds. `Infinity` when nothing is pending.
   */
  readonly nextAt: Effect.Effect<number, StorageError>
}

/**
 * The inbox service.
 *
 * @category services
 * @since 0.1.0
 */
export class Inbox extends Context.Service<Inbox, Service>()("effect-sms/inbox/Inbox") {}

const laneOfMessage = (message: InboundMessage): string => {
  const { channelId, recipient, sender } = message
  const group = groupOf(message)
  return JSON.stringify(
    group === undefined ? [channelId, canonical(sender)] : [channelId, canonical(recipient), formOf(group)]
  )
}

/**
 * Returns the lane of an event: the messages of one conversation, with a person
 * or a group, and the delivery reports of one message, are processed in order.
 *
 * @category getters
 * @since 0.1.0
 */
export const laneOf = (event: WebhookEvent): string => {
  switch (event._tag) {
    case "InboundMessage":
      return laneOfMessage(event)
    case "MessagePart":
      return laneOfMessage(event.message)
    case "DeliveryStatus":
      return JSON.stringify([event.provider, event.messageId])
    case "Unrecognized":
      return JSON.stringify([event.provider])
  }
}

/**
 * Returns the idempotency key of an event, or `undefined` if it has none.
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
