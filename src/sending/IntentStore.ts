/**
 * Keeps intents: sends that somebody asked for, from before the first request
 * to the carrier.
 *
 * A reservation is an insert that no other process can make too, so one key is
 * one send, on any server. An intent that is `sending` when its process ends
 * becomes `unknown`: it may have gone out, and is never repeated blindly.
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
 * How far an intent came.
 *
 * - `sending`: with the carrier, or on its way there
 * - `accepted`: the carrier took it
 * - `refused`: it did not go out. Its key is free
 * - `unknown`: it may have gone out, or a part of it did
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
 * One send that somebody asked for.
 *
 * @category models
 * @since 0.1.0
 */
export class Intent extends Schema.Class<Intent>("effect-sms/sending/IntentStore/Intent")({
  id: Schema.NonEmptyString,
  /** The caller's idempotency key. Absent without one, and once it is free again. */
  key: Schema.optionalKey(Schema.NonEmptyString),
  /** The SHA-256 of what the key stands for. */
  hash: Schema.String,
  message: OutboundMessage,
  /** The provider that it is pinned to. */
  provider: Schema.optionalKey(Schema.NonEmptyString),
  state: State,
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  receipt: Schema.optionalKey(SendReceipt),
  /** Why it was refused, or why its outcome is unknown. Absent for one whose process ended. */
  error: Schema.optionalKey(SmsError),
  /** What told an unknown outcome: an operator, a delivery report, the carrier when it was asked. */
  resolvedBy: Schema.optionalKey(Schema.String)
}) {}

/**
 * What reserving did.
 *
 * - `Reserved`: the intent is new, and this process is to send it
 * - `Known`: the key stands for this intent, which another call reserved
 * - `KeyReused`: the key stands for another message
 *
 * @category models
 * @since 0.1.0
 */
export type Reservation =
  | { readonly _tag: "Reserved"; readonly intent: Intent }
  | { readonly _tag: "Known"; readonly intent: Intent }
  | { readonly _tag: "KeyReused" }

/**
 * How an intent ended.
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
  /** Stores how an intent ended. A refused one gives its key back. */
  readonly settle: (id: string, outcome: Outcome) => Effect.Effect<void, StorageError>
  readonly get: (id: string) => Effect.Effect<Intent | undefined, StorageError>
  /** Lists intents, the latest first. Of the unknown ones, those that nothing has resolved yet. */
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
 * Options of a store in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /** Intents kept. Past that the oldest is forgotten, with its key. 10,000 by default. */
  readonly capacity?: number | undefined
  /** How long an intent is kept. A day by default. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * Makes a store in memory, which ends with the process.
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
 * Provides a store in memory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options?: MemoryOptions
): Layer.Layer<IntentStore> => Layer.effect(IntentStore, makeMemory(options))
