/**
 * Stores intents. An intent is a requested send, stored before the first
 * request to the carrier.
 *
 * A reservation is an exclusive insert, so one key means one send across all
 * servers. An intent that is `sending` when its process stops becomes
 * `unknown`: the message may have been sent, so it is never resent
 * automatically.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import type { Listed, SearchOptions, Tally, TallyOptions } from "../internal/listing.ts"
import { OutboundMessage, SendReceipt } from "../Message.ts"
import { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { FoundPart } from "./internal/findings.ts"

/**
 * The state of an intent.
 *
 * - `queued`: the message is sent later, when it is ready
 * - `sending`: the request is being made
 * - `accepted`: the carrier accepted the message
 * - `refused`: the message was not sent. Its key can be used again
 * - `unknown`: the message may have been sent, or only a part of it was
 * - `cancelled`: the message was removed from the queue, and was not sent
 *
 * @category models
 * @since 0.1.0
 */
export type State = typeof State.Type

/**
 * Schema of {@link State}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const State = Schema.Literals(["queued", "sending", "accepted", "refused", "unknown", "cancelled"])

/**
 * The priority of a queued message. Messages of the priority `transactional`
 * are sent before those of the priority `bulk`.
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = typeof Priority.Type

/**
 * Schema of {@link Priority}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Priority = Schema.Literals(["transactional", "bulk"])

const time = Schema.optionalKey(Schema.DateTimeUtcFromString)

/**
 * When an intent entered each state last. A state that it never had is absent.
 *
 * @category models
 * @since 0.1.0
 */
export type Times = typeof Times.Type

/**
 * Schema of {@link Times}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Times = Schema.Struct(
  { queued: time, sending: time, accepted: time, refused: time, unknown: time, cancelled: time } satisfies Record<
    State,
    typeof time
  >
)

export {
  /**
   * One part of a send that the carrier is known to have, although the outcome of
   * the whole is not known.
   *
   * @category models
   * @since 0.1.0
   */
  FoundPart
}

/**
 * A message at a carrier that may be a part of a send of unknown outcome, or
 * somebody else's with the same content.
 *
 * @category models
 * @since 0.1.0
 */
export type Candidate = typeof Candidate.Type

/**
 * Schema of {@link Candidate}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Candidate = Schema.Struct({
  /** The number of the part that it may be, the first of which is 1. */
  part: Schema.Int,
  /** The number of parts. */
  of: Schema.Int,
  provider: Schema.NonEmptyString,
  messageId: Schema.NonEmptyString
})

/**
 * A requested send.
 *
 * @category models
 * @since 0.1.0
 */
export class Intent extends Schema.Class<Intent>("effect-sms/sending/IntentStore/Intent")({
  id: Schema.NonEmptyString,
  /** The caller's idempotency key. Absent when there is none, or once it can be used again. */
  key: Schema.optionalKey(Schema.NonEmptyString),
  /** The SHA-256 of the request that the key identifies. */
  hash: Schema.String,
  message: OutboundMessage,
  /** The provider that the send is pinned to. */
  provider: Schema.optionalKey(Schema.NonEmptyString),
  priority: Priority,
  state: State,
  /** When a queued message is ready to be sent. */
  readyAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The number of attempts to send a queued message that were refused for the time being. */
  failures: Schema.Int,
  /** The number of times that a rate limit of `SendPolicy` returned a queued message to the queue. */
  deferrals: Schema.Int,
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  times: Times,
  receipt: Schema.optionalKey(SendReceipt),
  /** The reason of the refusal or of the unknown outcome. Absent when the process stopped during the send. */
  error: Schema.optionalKey(SmsError),
  /** When the request was made whose outcome is unknown. Absent when the process stopped during the send. */
  requestedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** The messages at the carrier that may be the one whose outcome is unknown. */
  candidates: Schema.optionalKey(Schema.Array(Candidate)),
  /** The kind of a refusal that no provider made: of a hook, or of the router. */
  refusal: Schema.optionalKey(Schema.String),
  /**
   * The source that resolved an unknown outcome: an operator, a delivery report, or a query to the carrier. While the
   * message is being resent, `operator: resending`.
   */
  resolvedBy: Schema.optionalKey(Schema.String),
  /** The parts that the carrier is known to have, while the outcome of the whole was not known. */
  found: Schema.optionalKey(Schema.Array(FoundPart)),
  /** How often carriers were asked about an unknown outcome. Absent when they were not. */
  asked: Schema.optionalKey(Schema.Int),
  /** The room that the message is sent from, if there is one. */
  roomId: Schema.optionalKey(Schema.NonEmptyString),
  /** The event of the room that the message is sent for. */
  eventId: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * The result of a reservation.
 *
 * - `Reserved`: the intent is new. Unless it is queued, this process must send it
 * - `Known`: another call already reserved this intent with the key
 * - `KeyReused`: the key was already used for another message
 *
 * @category models
 * @since 0.1.0
 */
export type Reservation =
  | { readonly _tag: "Reserved"; readonly intent: Intent }
  | { readonly _tag: "Known"; readonly intent: Intent }
  | { readonly _tag: "KeyReused" }

/**
 * Who refused a message: the carrier, also if it could not be reached, or this
 * server, which made no request.
 *
 * @category models
 * @since 0.1.0
 */
export type Refuser = "carrier" | "server"

/**
 * The number of intents in a span of time.
 *
 * @category models
 * @since 0.1.0
 */
export interface IntentTally extends Tally {
  readonly state: State
  /** Who refused them, if they are refused. */
  readonly refuser?: Refuser | undefined
}

/**
 * The outcome of an intent.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = {
  readonly state: Exclude<State, "queued" | "sending" | "cancelled">
  readonly receipt?: SendReceipt | undefined
  readonly error?: SmsError | undefined
  readonly refusal?: string | undefined
  readonly resolvedBy?: string | undefined
  /** When the last request was made, of an unknown outcome. */
  readonly requestedAt?: DateTime.Utc | undefined
}

/**
 * The claim of an intent by a process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly id: string
  /** The token of the call that claimed it. */
  readonly token: string
}

/**
 * The queue of intents that are sent later.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queue {
  /**
   * Moves intents that are ready from `queued` to `sending`, for this process:
   * by priority, then by time. No two processes claim the same intent.
   */
  readonly claim: (options: {
    /** A new token. After a failure, the claim may have happened: see `unclaim`. */
    readonly token: string
    readonly limit: number
    /** How many of them may have the priority `bulk`. */
    readonly bulk: number
  }) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
  /** Returns every intent of a claim whose answer was lost to the queue. None of them may have been sent. */
  readonly unclaim: (token: string) => Effect.Effect<void, StorageError>
  /** Returns a claimed intent to the queue after it was provably not sent. */
  readonly requeue: (claim: Claim, options: {
    readonly delay: Duration.Duration
    readonly failures: number
    readonly deferrals: number
    readonly error?: SmsError | undefined
  }) => Effect.Effect<void, StorageError>
  /** Cancels a queued intent. Returns the intent in the state that it has then. */
  readonly cancel: (id: string) => Effect.Effect<Intent | undefined, StorageError>
  /** When the next queued intent is ready, in milliseconds since the epoch, or `Infinity`. */
  readonly nextAt: Effect.Effect<number, StorageError>
}

/**
 * What is found out about intents with an unknown outcome.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lookups {
  /**
   * Records that the carrier has a part of a send that is `sending` or
   * `unknown`. An unknown send of which all parts are found becomes `accepted`.
   * Returns the intent afterwards, or `undefined` when its outcome is known
   * otherwise. Recording a part again changes nothing.
   */
  readonly recordFound: (id: string, found: FoundPart) => Effect.Effect<Intent | undefined, StorageError>
  /**
   * Claims unresolved intents about which carriers are to be asked now. Other
   * calls claim them only after the lease.
   */
  readonly claimUnknown: (options: {
    readonly limit: number
    readonly lease: Duration.Duration
  }) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
  /** Records that carriers were asked, and after which delay they are asked again: never without one. */
  readonly asked: (id: string, delay: Duration.Duration | undefined) => Effect.Effect<void, StorageError>
  /** Records that no carrier can be asked, so that the intent is not claimed again. */
  readonly cannotAsk: (id: string) => Effect.Effect<void, StorageError>
  /** Records the messages that may be the one of an unknown intent, in place of those from before. */
  readonly recordCandidates: (id: string, candidates: ReadonlyArray<Candidate>) => Effect.Effect<void, StorageError>
  /** Returns the id of the intent that a message is known to belong to. */
  readonly ownerOf: (
    message: { readonly provider: string; readonly messageId: string }
  ) => Effect.Effect<string | undefined, StorageError>
  /** Returns the intents for a recipient that are `sending` or `unknown`, also those that an operator decided about. */
  readonly openTo: (address: Address) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
}

/**
 * The resends of intents with an unknown outcome, which an operator decides.
 *
 * A resend is an intent of its own, with the key `resend of <id>`. When a carrier
 * has it, the first intent is decided in the same step: it has the receipt, and
 * `resolvedBy` is `operator: resent`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resends {
  /**
   * Claims an unknown intent that nobody has decided about, for a resend by this
   * process: `resolvedBy` becomes `operator: resending`, and the intent cannot be
   * given up. Replaces an earlier claim: the key of the resend is reserved first, so
   * that no other resend is made. Returns whether the intent is claimed. The claim of
   * a process that ends is released.
   */
  readonly claimResend: (claim: Claim) => Effect.Effect<boolean, StorageError>
  /**
   * Releases the claim after a resend that no carrier accepted, so that somebody
   * can decide again. Returns whether the claim was still held.
   */
  readonly releaseResend: (claim: Claim) => Effect.Effect<boolean, StorageError>
}

/**
 * The intents that are not done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backlog {
  /** The number of queued intents, with those that are not ready yet. */
  readonly queued: number
  readonly sending: number
  /** The number of unknown outcomes that nobody has decided about. */
  readonly unknown: number
  /** Since when the queued intent that waits longest has been ready, in milliseconds since the epoch. */
  readonly waitingSince: number | undefined
}

/**
 * The members of {@link IntentStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends Queue, Lookups, Resends {
  /** Reserves a send, in the state `sending`, or `queued` if it is sent later. */
  readonly reserve: (request: {
    /** A new id, for the intent when there is none for the key. */
    readonly id: string
    readonly key?: string | undefined
    readonly hash: string
    readonly message: OutboundMessage
    readonly provider?: string | undefined
    /** `transactional` by default. */
    readonly priority?: Priority | undefined
    /** When a message is ready that is sent later. Absent for one that is sent now. */
    readonly readyAt?: DateTime.Utc | undefined
    readonly roomId?: string | undefined
    readonly eventId?: string | undefined
  }) => Effect.Effect<Reservation, StorageError>
  /** Stores the outcome of an intent. A refused intent releases its key. */
  readonly settle: (id: string, outcome: Outcome) => Effect.Effect<void, StorageError>
  /**
   * Stores an operator's decision about an unknown intent: to give it up, or the
   * receipt of another send in its place. An intent that has a receipt is decided,
   * and one that was given up or is being resent cannot be given up. Returns whether
   * the decision was stored.
   */
  readonly decide: (
    id: string,
    decision: Pick<Outcome, "receipt"> & { readonly resolvedBy: string }
  ) => Effect.Effect<boolean, StorageError>
  /**
   * Moves an intent from `unknown` to `sending` for this process, which sends the
   * rest of the message, unless its outcome was resolved or has changed. The error
   * becomes its outcome: it holds if the process ends meanwhile. Returns whether
   * it moved.
   */
  readonly resume: (intent: Intent, error: SmsError) => Effect.Effect<boolean, StorageError>
  readonly get: (id: string) => Effect.Effect<Intent | undefined, StorageError>
  /**
   * Searches intents, the latest first. The provider is the one that answered,
   * or that the send is pinned to.
   */
  readonly search: (
    options: SearchOptions & { readonly state?: State | undefined; readonly room?: string | undefined }
  ) => Effect.Effect<ReadonlyArray<Listed<Intent>>, StorageError>
  /** Counts intents by span of time, provider and state, and refused ones by who refused them, the earliest first. */
  readonly tally: (options: TallyOptions) => Effect.Effect<ReadonlyArray<IntentTally>, StorageError>
  /** Returns what is not done yet. */
  readonly backlog: Effect.Effect<Backlog, StorageError>
  /** Lists the intents of an event in a room, the first first. */
  readonly ofEvent: (eventId: string) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
  /** Lists intents, the latest first. With the state `unknown`, only unresolved ones. */
  readonly list: (options: {
    readonly state?: State | undefined
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
}

/**
 * The store of intents.
 *
 * @category services
 * @since 0.1.0
 */
export class IntentStore extends Context.Service<IntentStore, Service>()("effect-sms/sending/IntentStore") {}
