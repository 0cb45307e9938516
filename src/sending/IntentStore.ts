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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import { recorder } from "../events/EventLog.ts"
import { settled } from "../events/internal/changes.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import * as Listing from "../internal/listing.ts"
import type { Listed, Place, SearchOptions } from "../internal/listing.ts"
import { providerOf } from "../internal/providerOf.ts"
import { compact } from "../internal/record.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import { OutboundMessage, SendReceipt } from "../Message.ts"
import { SmsError } from "../SmsError.ts"
import { StorageError } from "../StorageError.ts"
import * as Findings from "./internal/findings.ts"
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
   * One part of a send that the carrier is known to have, although its response
   * was lost.
   *
   * @category models
   * @since 0.1.0
   */
  FoundPart
}

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
  /** The kind of a refusal that no provider made: of a hook, or of the router. */
  refusal: Schema.optionalKey(Schema.String),
  /** The source that resolved an unknown outcome: an operator, a delivery report, or a query to the carrier. */
  resolvedBy: Schema.optionalKey(Schema.String),
  /** The parts that the carrier is known to have, although the outcome was unknown. */
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
}

/**
 * The claim of a queued intent by a process.
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
  /** Returns the intents for a recipient that are `sending`, or `unknown` without a receipt. */
  readonly openTo: (address: Address) => Effect.Effect<ReadonlyArray<Intent>, StorageError>
}

/**
 * The members of {@link IntentStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends Queue, Lookups {
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
    options: SearchOptions & { readonly state?: State | undefined }
  ) => Effect.Effect<ReadonlyArray<Listed<Intent>>, StorageError>
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

/**
 * Options of the in-memory store.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /**
   * The maximum number of intents, and of queued ones. Beyond it, the oldest
   * that is not queued is evicted with its key, and no more are queued. 10,000
   * by default.
   */
  readonly capacity?: number | undefined
  /** The maximum bytes of all intents, and of queued ones, estimated, with the same effect. 32 MiB by default. */
  readonly maxBytes?: number | undefined
  /** How long an intent is kept that is not queued. 1 day by default. */
  readonly timeToLive?: Duration.Input | undefined
}

const withoutOutcome = ({ error: _, receipt: __, refusal: ___, resolvedBy: ____, ...intent }: Intent): Intent =>
  new Intent(intent)

const readyMillis = ({ readyAt, times }: Intent): number =>
  DateTime.toEpochMillis(readyAt ?? times.queued ?? DateTime.makeUnsafe(0))

/** Returns whether an intent is ready. One that was ready when it was queued stays ready if the clock is set back. */
const isReady = (now: number) => (intent: Intent): boolean => {
  const at = readyMillis(intent)
  const queuedAt = DateTime.toEpochMillis(intent.times.queued ?? intent.updatedAt)
  return at <= now || (queuedAt > now + 1000 && (at <= queuedAt || intent.failures > 0))
}

/** What an intent takes beside its contents: its key in the index, and the stack of an error. */
const perIntent = 2048

const bytesOf = ({ error, message, receipt }: Intent): number =>
  perIntent + sizeOf(message) + sizeOf(receipt) + sizeOf(error?.reason)

/** Returns whether an intent has the same unknown outcome as when it was read. */
const isResumable = ({ resolvedBy, state, times: { unknown } }: Intent, read: Times): boolean =>
  state === "unknown" && resolvedBy === undefined && unknown !== undefined && read.unknown !== undefined &&
  DateTime.toEpochMillis(unknown) === DateTime.toEpochMillis(read.unknown)

/** Orders ready intents by time. */
const byTime = (one: Intent, other: Intent): number =>
  readyMillis(one) - readyMillis(other) || (one.id < other.id ? -1 : 1)

/**
 * Makes an in-memory store, which is lost on restart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(
  { capacity = 10_000, maxBytes = 32 * 1024 * 1024, timeToLive = "1 day" }: MemoryOptions = {}
): Effect.fn.Return<Service> {
  const life = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  const intents = new InsertionOrderedMap<Intent>({ maxEntries: Math.max(1, capacity), maxBytes })
  /** The queued intents, which are never evicted. */
  const queue = new InsertionOrderedMap<Intent>()
  const keys = new Map<string, string>()
  /** The token of the claim of each intent that was claimed from the queue. */
  const claims = new Map<string, string>()
  /** The numbers of the intents, in the order in which they were reserved. */
  const positions = new Map<string, number>()
  let reserved = 0
  const record = yield* recorder

  /** When carriers are asked about an intent, and when that was set. */
  type Ask = { readonly at: number; readonly setAt: number }
  const asks = new Map<string, Ask>()

  const drop = (intent: Intent) => {
    intents.delete(intent.id)
    claims.delete(intent.id)
    asks.delete(intent.id)
    positions.delete(intent.id)
    if (intent.key !== undefined) keys.delete(intent.key)
  }

  const dropExpired = (now: number) => {
    for (let oldest = intents.oldest(); oldest !== undefined; oldest = intents.oldest()) {
      if (DateTime.toEpochMillis(oldest[1].updatedAt) + life > now) return
      drop(oldest[1])
    }
  }

  const keep = (intent: Intent) => {
    if (!intents.put(intent.id, intent, bytesOf(intent))) drop(intent)
    for (let oldest = intents.excess(); oldest !== undefined; oldest = intents.excess()) drop(oldest[1])
  }

  const find = (id: string) => queue.get(id) ?? intents.get(id)

  /** Stores the intent in a state. Its key can be used again when it is refused. */
  const put = (
    { key, readyAt: _, ...intent }: Intent,
    state: State,
    now: DateTime.Utc,
    fields: Omit<Outcome, "state"> & {
      readonly readyAt?: DateTime.Utc | undefined
      readonly failures?: number | undefined
      readonly deferrals?: number | undefined
    } = {}
  ) => {
    const isReleased = state === "refused"
    if (isReleased && key !== undefined) keys.delete(key)
    const next = new Intent({
      ...intent,
      ...compact({ ...fields, key: isReleased ? undefined : key }),
      state,
      updatedAt: now,
      times: { ...intent.times, [state]: now }
    })
    queue.delete(next.id)
    if (state !== "sending") claims.delete(next.id)
    const millis = DateTime.toEpochMillis(now)
    if (state === "unknown" && next.resolvedBy === undefined) asks.set(next.id, { at: millis, setAt: millis })
    else asks.delete(next.id)
    intents.delete(next.id)
    if (state === "queued") queue.put(next.id, next, bytesOf(next))
    else keep(next)
    return next
  }

  const settle = ({ resolvedBy, ...intent }: Intent, { state, ...outcome }: Outcome) =>
    Effect.flatMap(DateTime.now, (now) => {
      const next = put(withoutOutcome(intent as Intent), state, now, outcome)
      const isRepeated = intent.state === state && resolvedBy === outcome.resolvedBy
      return Effect.as(isRepeated ? Effect.void : record(settled(next, { state, ...outcome })), next)
    })

  const placeOf = ({ createdAt, id }: Intent): Place => ({
    time: DateTime.toEpochMillis(createdAt),
    position: positions.get(id) ?? 0
  })

  const list = () => [...queue.values(), ...intents.values()]

  return IntentStore.of({
    reserve: Effect.fnUntraced(function*(
      { eventId, hash, id, key, message, priority = "transactional", provider, readyAt, roomId }
    ) {
      const now = yield* DateTime.now
      dropExpired(DateTime.toEpochMillis(now))
      const known = key === undefined ? undefined : find(keys.get(key) ?? "")
      if (known !== undefined) {
        return known.hash === hash ? { _tag: "Known", intent: known } : { _tag: "KeyReused" }
      }
      if (readyAt !== undefined && (queue.size >= capacity || queue.bytes >= maxBytes)) {
        return yield* new StorageError({ store: "intents", cause: new Error("The queue is full") })
      }
      const state = readyAt === undefined ? "sending" : "queued"
      const intent = new Intent({
        id,
        hash,
        message,
        priority,
        state,
        failures: 0,
        deferrals: 0,
        createdAt: now,
        updatedAt: now,
        times: {},
        ...compact({ key, provider, roomId, eventId })
      })
      if (key !== undefined) keys.set(key, id)
      positions.set(id, ++reserved)
      return { _tag: "Reserved", intent: put(intent, state, now, { readyAt }) }
    }),
    settle: (id, outcome) =>
      Effect.suspend(() => {
        const intent = find(id)
        return intent === undefined
          ? Effect.void
          : Effect.asVoid(settle(intent, Findings.withFindings(intent, outcome)))
      }),
    resume: ({ id, times }, error) =>
      Effect.map(DateTime.now, (now) => {
        const intent = find(id)
        if (intent === undefined || !isResumable(intent, times)) return false
        put(withoutOutcome(intent), "sending", now, { error })
        return true
      }),
    recordFound: Effect.fnUntraced(function*(id, part) {
      const intent = intents.get(id)
      if (intent === undefined || !Findings.isOpen(intent)) return undefined
      const updatedAt = yield* DateTime.now
      const next = new Intent({ ...intent, found: Findings.withFound(intent, part), updatedAt })
      keep(next)
      const outcome = Findings.outcomeOf(next)
      return outcome === undefined ? next : yield* settle(next, outcome)
    }),
    claimUnknown: ({ lease, limit }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const isDue = ({ at, setAt }: Ask) => at <= now || setAt > now + 1000
        const due = [...asks].filter(([, ask]) => isDue(ask)).slice(0, limit)
        for (const [id] of due) asks.set(id, { at: now + Duration.toMillis(lease), setAt: now })
        return due.flatMap(([id]) => intents.get(id) ?? [])
      }),
    asked: (id, delay) =>
      Effect.map(DateTime.now, (now) => {
        const intent = intents.get(id)
        if (intent?.state !== "unknown" || intent.resolvedBy !== undefined) return
        keep(new Intent({ ...intent, asked: (intent.asked ?? 0) + 1, updatedAt: now }))
        const setAt = DateTime.toEpochMillis(now)
        if (delay === undefined) asks.delete(id)
        else asks.set(id, { at: setAt + Duration.toMillis(delay), setAt })
      }),
    openTo: (address) =>
      Effect.sync(() =>
        [...intents.values()].filter((intent) => intent.message.to === address && Findings.isOpen(intent))
      ),
    get: (id) => Effect.sync(() => find(id)),
    search: ({ state, ...options }) =>
      Effect.sync(() =>
        Listing.search(
          list().flatMap((intent) =>
            state === undefined || intent.state === state
              ? [{
                value: intent,
                place: placeOf(intent),
                address: intent.message.to,
                provider: providerOf(intent)
              }]
              : []
          ),
          options
        )
      ),
    ofEvent: (eventId) =>
      Effect.sync(() =>
        list().filter((intent) => intent.eventId === eventId)
          .sort((one, other) => placeOf(one).position - placeOf(other).position)
      ),
    list: ({ limit, state }) =>
      Effect.sync(() =>
        list().filter((intent) =>
          state === undefined || (intent.state === state && (state !== "unknown" || intent.resolvedBy === undefined))
        )
          .sort((one, other) => one.id < other.id ? 1 : -1)
          .slice(0, limit)
      ),
    claim: ({ bulk, limit, token }) =>
      Effect.map(DateTime.now, (now) => {
        const ready = [...queue.values()].filter(isReady(DateTime.toEpochMillis(now))).sort(byTime)
        const first = ready.filter(({ priority }) => priority === "transactional").slice(0, limit)
        const last = ready.filter(({ priority }) => priority === "bulk").slice(0, Math.min(bulk, limit - first.length))
        return [...first, ...last].map((intent) => {
          claims.set(intent.id, token)
          return put(intent, "sending", now)
        })
      }),
    unclaim: (token) =>
      Effect.map(DateTime.now, (now) => {
        for (const [id, by] of claims) {
          if (by === token) put(intents.get(id)!, "queued", now, { readyAt: now })
        }
      }),
    requeue: ({ id, token }, { deferrals, delay, error, failures }) =>
      Effect.map(DateTime.now, (now) => {
        const intent = intents.get(id)
        if (intent?.state !== "sending" || claims.get(id) !== token) return
        put(withoutOutcome(intent), "queued", now, {
          error,
          failures,
          deferrals,
          readyAt: DateTime.addDuration(now, delay)
        })
      }),
    cancel: (id) =>
      Effect.flatMap(DateTime.now, (now) => {
        const queued = queue.get(id)
        if (queued === undefined) return Effect.succeed(intents.get(id))
        const intent = put(queued, "cancelled", now)
        return Effect.as(record(settled(intent, { state: "cancelled" })), intent)
      }),
    nextAt: Effect.sync(() => Math.min(Infinity, ...[...queue.values()].map(readyMillis)))
  })
})

/**
 * Provides an in-memory store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options?: MemoryOptions
): Layer.Layer<IntentStore> => Layer.effect(IntentStore, makeMemory(options))
