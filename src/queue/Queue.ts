/**
 * A queue of events that are accepted but not yet processed.
 *
 * The events of a lane are processed in sequence, in the order of acceptance,
 * with retries, and lanes in parallel. When a process stops, another takes over
 * its lanes once it detects that. Processing is therefore at least once; use the
 * entry's id to deduplicate.
 *
 * It does not use `effect/persistence/PersistedQueue`, which has no lanes, does
 * not report duplicate offers, counts an attempt when a process is killed, and
 * cannot take part in the caller's transaction.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import type { StorageError } from "../StorageError.ts"

/**
 * An event in a queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry<A> {
  /** The id that the queue generates. The room event of a message in the inbox has the same id. */
  readonly id: string
  /** The position, which increases in the order of acceptance. */
  readonly position: number
  readonly lane: string
  readonly event: A
  /** The stored text of an event that this version cannot decode. The event then only stands for it. */
  readonly unreadable?: string
  /**
   * - `pending`: to be processed, or being processed
   * - `done`: processed
   * - `dead`: a dead letter, after the last attempt, because the processor gave
   *   up, or because the entry does not decode
   */
  readonly state: "pending" | "done" | "dead"
  readonly acceptedAt: DateTime.Utc
  /** The number of failed attempts. An attempt interrupted by the end of its process does not count. */
  readonly failures: number
  /** The kind of error of the last attempt. It contains no message data. */
  readonly lastError?: string
}

/**
 * The lane and the idempotency key of the events of a queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<A> {
  readonly laneOf: (event: A) => string
  /** Returns `undefined` for an event that nothing recognizes. */
  readonly keyOf: (event: A) => string | undefined
  /** Returns what an event is listed by. Without it, filters find nothing in memory. */
  readonly describe?: ((event: A) => Described) | undefined
}

/**
 * What an event is listed by.
 *
 * @category models
 * @since 0.1.0
 */
export interface Described {
  readonly kind: string
  readonly provider?: string | undefined
  /** The person that the event concerns. */
  readonly address?: string | undefined
}

/**
 * Restricts a list of entries. An absent field matches everything.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly kind?: string | undefined
  readonly provider?: string | undefined
  /** Only entries of lanes that begin so. */
  readonly lanes?: string | undefined
  /** The person's number, in any form. */
  readonly number?: Address | undefined
  /** Only entries accepted from this time on. */
  readonly since?: DateTime.Utc | undefined
  /** Only entries accepted before this time. */
  readonly until?: DateTime.Utc | undefined
}

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
 * The result of completing an entry.
 *
 * - `Next`: the next pending entry of the lane
 * - `Released`: the lane has no other entry, and is released
 * - `Outdated`: the claim is outdated, and nothing was stored
 *
 * @category models
 * @since 0.1.0
 */
export type Completed<A> =
  | { readonly _tag: "Next"; readonly entry: Entry<A> }
  | { readonly _tag: "Released" }
  | { readonly _tag: "Outdated" }

/**
 * A queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queue<A> {
  /** Accepts events in one transaction, in their order: all of them, or none. */
  readonly accept: (events: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<Accepted>, StorageError>
  /** Claims up to `limit` lanes that have an entry due and are not claimed. */
  readonly claim: (options: { readonly limit: number }) => Effect.Effect<ReadonlyArray<Claim>, StorageError>
  /**
   * Reads the first pending entry of a claimed lane. `undefined` when there is
   * none, or the claim is outdated. Entries that do not decode become dead
   * letters and are passed over.
   */
  readonly head: (claim: Claim) => Effect.Effect<Entry<A> | undefined, StorageError>
  /**
   * Marks the entry as processed, and takes the next one of the lane. The
   * `changes` are made before: in the same transaction where they are of the same
   * database. They are left out when the claim is outdated.
   */
  readonly complete: (
    claim: Claim,
    entry: Entry<A>,
    changes?: ReadonlyArray<Effect.Effect<void, StorageError>>
  ) => Effect.Effect<Completed<A>, StorageError>
  /** Makes the entry a dead letter. `false` when the claim is outdated. */
  readonly bury: (claim: Claim, entry: Entry<A>, error: string) => Effect.Effect<boolean, StorageError>
  /** Counts a failure, and releases the lane until the delay has passed. */
  readonly retry: (claim: Claim, entry: Entry<A>, options: {
    readonly delay: Duration.Duration
    readonly error: string
  }) => Effect.Effect<void, StorageError>
  /** Releases the lane for the next claim, which is possible at once or after a delay. */
  readonly release: (claim: Claim, delay?: Duration.Duration) => Effect.Effect<void, StorageError>
  /**
   * Leaves every lane that this process has claimed, except for these: a claim
   * whose answer was lost, or a release that failed, would hold a lane otherwise.
   */
  readonly releaseOthers: (claims: ReadonlyArray<Claim>) => Effect.Effect<void, StorageError>
  /** Makes the lanes that begin so claimable at once, whatever they wait for. */
  readonly hasten: (lanes: string) => Effect.Effect<void, StorageError>
  /** Makes a dead letter, or a processed entry, pending again. `false` for an unknown id. */
  readonly replay: (id: string) => Effect.Effect<boolean, StorageError>
  /** Lists the entries in a state, the latest first. */
  readonly list: (options: {
    readonly state: Entry<A>["state"]
    readonly limit: number
    /** Only entries before this position. */
    readonly before?: number | undefined
    readonly filter?: Filter | undefined
  }) => Effect.Effect<ReadonlyArray<Entry<A>>, StorageError>
  /**
   * Counts the pending and dead entries, and reads when the oldest pending one was
   * accepted: of all lanes, or of those that begin so.
   */
  readonly backlog: (lanes?: string) => Effect.Effect<
    { readonly pending: number; readonly dead: number; readonly oldest: DateTime.Utc | undefined },
    StorageError
  >
  /**
   * Returns the time at which a lane can next be claimed, in epoch
   * milliseconds. `Infinity` when nothing is pending.
   */
  readonly nextAt: Effect.Effect<number, StorageError>
}
