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
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import { OutboundMessage, SendReceipt } from "../Message.ts"
import { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"

/**
 * The state of an intent.
 *
 * - `sending`: the request is being made
 * - `accepted`: the carrier accepted the message
 * - `refused`: the message was not sent. Its key can be used again
 * - `unknown`: the message may have been sent, or only a part of it was
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
export const State = Schema.Literals(["sending", "accepted", "refused", "unknown"])

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
  state: State,
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  receipt: Schema.optionalKey(SendReceipt),
  /** The reason of the refusal or of the unknown outcome. Absent when the process stopped during the send. */
  error: Schema.optionalKey(SmsError),
  /** The source that resolved an unknown outcome: an operator, a delivery report, or a query to the carrier. */
  resolvedBy: Schema.optionalKey(Schema.String)
}) {}

/**
 * The result of a reservation.
 *
 * - `Reserved`: the intent is new, and this process must send it
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
  readonly state: Exclude<State, "sending">
  readonly receipt?: SendReceipt | undefined
  readonly error?: SmsError | undefined
  readonly resolvedBy?: string | undefined
}

/**
 * The members of {@link IntentStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Reserves a send in the state `sending`. */
  readonly reserve: (request: {
    /** A new id, for the intent when there is none for the key. */
    readonly id: string
    readonly key?: string | undefined
    readonly hash: string
    readonly message: OutboundMessage
    readonly provider?: string | undefined
  }) => Effect.Effect<Reservation, StorageError>
  /** Stores the outcome of an intent. A refused intent releases its key. */
  readonly settle: (id: string, outcome: Outcome) => Effect.Effect<void, StorageError>
  readonly get: (id: string) => Effect.Effect<Intent | undefined, StorageError>
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
  /** The maximum number of intents. Beyond it, the oldest is evicted with its key. 10,000 by default. */
  readonly capacity?: number | undefined
  /** How long an intent is kept. 1 day by default. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * Makes an in-memory store, which is lost on restart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(
  { capacity = 10_000, timeToLive = "1 day" }: MemoryOptions = {}
): Effect.fn.Return<Service> {
  const life = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  const intents = new InsertionOrderedMap<Intent>()
  const keys = new Map<string, string>()

  const drop = (intent: Intent) => {
    intents.delete(intent.id)
    if (intent.key !== undefined) keys.delete(intent.key)
  }

  const makeRoom = (now: number) => {
    for (let oldest = intents.oldest(); oldest !== undefined; oldest = intents.oldest()) {
      const isOld = DateTime.toEpochMillis(oldest[1].createdAt) + life <= now
      if (!isOld && intents.size < capacity) return
      drop(oldest[1])
    }
  }

  return IntentStore.of({
    reserve: Effect.fnUntraced(function*({ hash, id, key, message, provider }) {
      const now = yield* DateTime.now
      makeRoom(DateTime.toEpochMillis(now))
      const known = key === undefined ? undefined : intents.get(keys.get(key) ?? "")
      if (known !== undefined) {
        return known.hash === hash ? { _tag: "Known", intent: known } : { _tag: "KeyReused" }
      }
      const intent = new Intent({
        id,
        hash,
        message,
        state: "sending",
        createdAt: now,
        updatedAt: now,
        ...(key !== undefined && { key }),
        ...(provider !== undefined && { provider })
      })
      intents.put(id, intent)
      if (key !== undefined) keys.set(key, id)
      return { _tag: "Reserved", intent }
    }),
    settle: (id, outcome) =>
      Effect.map(DateTime.now, (updatedAt) => {
        const intent = intents.get(id)
        if (intent === undefined) return
        const { key, ...fields } = intent
        if (outcome.state === "refused" && key !== undefined) keys.delete(key)
        const { error, receipt, resolvedBy, state } = outcome
        intents.put(
          id,
          new Intent({
            ...fields,
            state,
            updatedAt,
            ...(state !== "refused" && key !== undefined && { key }),
            ...(receipt !== undefined && { receipt }),
            ...(error !== undefined && { error }),
            ...(resolvedBy !== undefined && { resolvedBy })
          })
        )
      }),
    get: (id) => Effect.sync(() => intents.get(id)),
    list: ({ limit, state }) =>
      Effect.sync(() =>
        [...intents.values()].filter((intent) =>
          state === undefined || (intent.state === state && (state !== "unknown" || intent.resolvedBy === undefined))
        )
          .sort((one, other) => one.id < other.id ? 1 : -1)
          .slice(0, limit)
      )
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
