/**
 * Stores what is left to forward: the queue of notifications, and for each
 * endpoint how far it has read the log and since when it fails.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Queue from "../queue/Queue.ts"
import * as QueueMemory from "../queue/QueueMemory.ts"
import type { StorageError } from "../StorageError.ts"

/**
 * An event that is to be forwarded to an endpoint. Its content stays in the
 * log.
 *
 * @category models
 * @since 0.1.0
 */
export class Forward extends Schema.Class<Forward>("effect-sms/forward/Forward")({
  endpoint: Schema.String,
  /** The id of the event in the log. */
  eventId: Schema.String,
  /** The kind of event. */
  kind: Schema.String,
  /** What is forwarded in order: a room, or the delivery of a message without one. */
  sequence: Schema.String,
  /** The id of the replay that repeats the event. */
  replay: Schema.optionalKey(Schema.String)
}) {}

/**
 * Returns how the lanes of an endpoint begin, and of no other.
 *
 * @category getters
 * @since 0.1.0
 */
export const lanesOf = (endpoint: string): string => `[${JSON.stringify(endpoint)},`

/**
 * The lanes and keys of the queue: the order holds within a room, for each
 * endpoint.
 *
 * @category models
 * @since 0.1.0
 */
export const definition: Queue.Definition<Forward> = {
  laneOf: ({ endpoint, sequence }) => `${lanesOf(endpoint)}${JSON.stringify(sequence)}]`,
  keyOf: ({ endpoint, eventId, replay = "" }) => JSON.stringify([endpoint, eventId, replay]),
  describe: ({ kind }) => ({ kind })
}

/**
 * The state of an endpoint.
 *
 * @category models
 * @since 0.1.0
 */
export interface EndpointState {
  /** The position in the log up to which events are in the queue. */
  readonly position: number
  /** Since when every attempt failed. */
  readonly failingSince?: DateTime.Utc | undefined
  /** Since when nothing is forwarded, until an operator resumes it. */
  readonly pausedAt?: DateTime.Utc | undefined
}

/**
 * The members of {@link ForwardStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly queue: Queue.Queue<Forward>
  /** Returns the state of an endpoint. One that is new begins at the position. */
  readonly open: (endpoint: string, position: number) => Effect.Effect<EndpointState, StorageError>
  readonly get: (endpoint: string) => Effect.Effect<EndpointState | undefined, StorageError>
  /** Moves the position of an endpoint forward, never back. */
  readonly advance: (endpoint: string, position: number) => Effect.Effect<void, StorageError>
  /** Records a failed attempt, and returns since when the endpoint fails. */
  readonly failed: (endpoint: string) => Effect.Effect<DateTime.Utc, StorageError>
  /** Records an attempt that succeeded. */
  readonly succeeded: (endpoint: string) => Effect.Effect<void, StorageError>
  readonly pause: (endpoint: string) => Effect.Effect<void, StorageError>
  /** Ends the pause, and forgets the failures. `false` for an unknown endpoint. */
  readonly resume: (endpoint: string) => Effect.Effect<boolean, StorageError>
}

/**
 * The store of what is left to forward.
 *
 * @category services
 * @since 0.1.0
 */
export class ForwardStore extends Context.Service<ForwardStore, Service>()("effect-sms/forward/ForwardStore") {}

/**
 * Makes a store in memory, which is lost on restart.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Service, never, SecureRandom.SecureRandom> = Effect.gen(function*() {
  const queue = yield* QueueMemory.make(definition)
  const states = new Map<string, EndpointState>()
  const change = (endpoint: string, f: (state: EndpointState) => EndpointState) => {
    const state = states.get(endpoint)
    if (state !== undefined) states.set(endpoint, f(state))
    return state !== undefined
  }
  return ForwardStore.of({
    queue,
    open: (endpoint, position) =>
      Effect.sync(() => {
        const state = states.get(endpoint) ?? { position }
        states.set(endpoint, state)
        return state
      }),
    get: (endpoint) => Effect.sync(() => states.get(endpoint)),
    advance: (endpoint, position) =>
      Effect.sync(() => {
        change(endpoint, (state) => ({ ...state, position: Math.max(state.position, position) }))
      }),
    failed: (endpoint) =>
      Effect.map(DateTime.now, (now) => {
        const failingSince = states.get(endpoint)?.failingSince ?? now
        change(endpoint, (state) => ({ ...state, failingSince }))
        return failingSince
      }),
    succeeded: (endpoint) =>
      Effect.sync(() => {
        change(endpoint, (state) => ({ ...state, failingSince: undefined }))
      }),
    pause: (endpoint) =>
      Effect.map(DateTime.now, (pausedAt) => {
        change(endpoint, (state) => ({ ...state, pausedAt: state.pausedAt ?? pausedAt }))
      }),
    resume: (endpoint) => Effect.sync(() => change(endpoint, ({ position }) => ({ position })))
  })
})

/**
 * Provides a store in memory: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<ForwardStore, never, SecureRandom.SecureRandom> = Layer.effect(
  ForwardStore,
  makeMemory
)
