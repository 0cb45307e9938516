/**
 * Sends a message at most once per idempotency key, at once or from a queue. With a shared, durable
 * `IntentStore`, this holds across servers and restarts.
 *
 * **Example** (Sending at most once for a key)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { type Message, Outbox, SmsRouter } from "effect-sms"
 *
 * export const sendOnce = Effect.fnUntraced(function*(key: string, message: Message.OutboundMessage) {
 *   const outbox = yield* Outbox.Outbox
 *   const router = yield* SmsRouter.SmsRouter
 *   const { replayed, result } = yield* outbox.send({ key, message, what: "", send: () => router.send(message) })
 *   return { replayed, result }
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Bytes from "../internal/bytes.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import type { PartOf } from "../provider/Sending.ts"
import { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { type Intent, IntentStore, type Outcome, type Priority } from "./IntentStore.ts"
import * as Dispatcher from "./internal/dispatcher.ts"
import { outcomeUnknown } from "./internal/outcomeUnknown.ts"
import * as Progress from "./internal/progress.ts"
import { isProven, kindOf } from "./internal/refusals.ts"
import * as Rest from "./internal/sendRest.ts"
import * as Surely from "./internal/surely.ts"

/**
 * The idempotency key was already used for another message.
 *
 * @category errors
 * @since 0.1.0
 */
export class KeyReused extends Schema.TaggedError<KeyReused>()("KeyReused", {}) {
  override get message(): string {
    return "The idempotency key was already used for another message"
  }
}

/**
 * A message to send at most once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request<E> {
  /** The idempotency key. Absent for a send that is never retried by its caller. */
  readonly key?: string | undefined
  readonly message: OutboundMessage
  /** The provider that the send is pinned to. */
  readonly provider?: string | undefined
  /** The room that the message is sent from, if there is one. */
  readonly roomId?: string | undefined
  /** The event of the room that the message is sent for. */
  readonly eventId?: string | undefined
  /** The rest of the request that the key identifies, besides the message: equal requests have equal text. */
  readonly what: string
  /**
   * Sends the message with the id of its intent. Any failure other than `OutcomeUnknown`, without
   * accepted parts, proves that it was not sent.
   */
  readonly send: (intentId: string) => Effect.Effect<SendReceipt, E>
}

/**
 * A message to send later, at most once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queued {
  /** The idempotency key. Absent for a message that is never queued again by its caller. */
  readonly key?: string | undefined
  readonly message: OutboundMessage
  /** The provider that the send is pinned to. */
  readonly provider?: string | undefined
  /** The rest of the request that the key identifies, besides the message: equal requests have equal text. */
  readonly what: string
  /** `transactional` by default. */
  readonly priority?: Priority | undefined
  /** When the message is ready to be sent. Immediately by default. */
  readonly sendAt?: DateTime.Utc | undefined
}

/**
 * Options of {@link Service.dispatch}.
 *
 * @category models
 * @since 0.1.0
 */
export type DispatchOptions = {
  /** The maximum number of queued messages that this process sends concurrently. 16 by default. */
  readonly concurrency?: number | undefined
  /** How many of them may have the priority `bulk`, so that others never wait for them. Half by default. */
  readonly bulkConcurrency?: number | undefined
  /** How often the queue is polled for messages of other processes. 1 second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * The delays between attempts while a message is refused for the time being.
   * After the last one, the refusal is final. By default 1, 5, 15 and 30 seconds,
   * 1, 5, 15 and 30 minutes, 1, 3 and 6 hours. A longer `retryAfter` has
   * precedence. Waiting for a rate limit of `SendPolicy` is not an attempt.
   */
  readonly waits?: ReadonlyArray<Duration.Input> | undefined
  /** How long shutdown waits for running sends. Their outcome is then unknown. 5 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * The outcome of a requested send.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly intentId: string
  /** Whether an earlier call with the same key sent it. */
  readonly replayed: boolean
  readonly result: Result.Result<SendReceipt, SmsError>
}

/**
 * Sends a message from a part on, through the provider that sent the earlier
 * parts.
 *
 * @category models
 * @since 0.1.0
 */
export type SendRest<E> = (
  intent: Intent,
  options: { readonly provider: string; readonly from: PartOf }
) => Effect.Effect<SendReceipt, E>

/**
 * The members of {@link Outbox}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Reserves the send, makes it, and stores its outcome. For a known key,
   * returns the stored outcome instead, and waits for a send in progress. Fails
   * with the error of `send` when the message was provably not sent; the key
   * can then be used again.
   */
  readonly send: <E>(
    request: Request<E>
  ) => Effect.Effect<Answer, Exclude<E, SmsError> | SmsError | KeyReused | StorageError>
  /**
   * Stores a message to be sent later by `dispatch`, in this process or another.
   * For a known key, returns the stored intent instead. After a `StorageError`, a
   * message with a key may be queued: repeat the call.
   */
  readonly enqueue: (request: Queued) => Effect.Effect<
    {
      readonly intent: Intent
      /** Whether an earlier call with the same key queued it. */
      readonly replayed: boolean
    },
    KeyReused | StorageError
  >
  /**
   * Sends the parts of a message that were not sent, after a send of unknown
   * outcome that sent the earlier ones. The intent is accepted once all parts
   * are. Fails with that of `send` when no further part was sent. Returns
   * `undefined` when no part was sent, or another call sends the rest.
   *
   * The part after those that the carrier is known to have may have been sent. It
   * is sent only if it was refused, or with `isDecided`: somebody has decided that
   * the recipient may get it twice. Otherwise fails with the error of the send.
   */
  readonly sendRest: <E>(
    id: string,
    send: SendRest<E>,
    options?: { readonly isDecided?: boolean | undefined }
  ) => Effect.Effect<SendReceipt | undefined, Exclude<E, SmsError> | SmsError | StorageError>
  /**
   * Sends queued messages when they are ready, until the scope closes. A failure
   * of `send` is as in {@link Request}. A refusal that may not last returns the
   * message to the queue.
   */
  readonly dispatch: <E, R>(
    send: (intent: Intent) => Effect.Effect<SendReceipt, E, R>,
    options?: DispatchOptions
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /** The store of the outbox. */
  readonly intents: IntentStore["Service"]
}

/**
 * The outbox.
 *
 * @category services
 * @since 0.1.0
 */
export class Outbox extends Context.Service<Outbox, Service>()("effect-sms/sending/Outbox") {}

/**
 * Options of the outbox.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How long a call waits for another call with the same key. 35 seconds by default. */
  readonly wait?: Duration.Input | undefined
  /** How often the waiting call polls the store. 100 milliseconds by default. */
  readonly pollInterval?: Duration.Input | undefined
}

/**
 * Makes the outbox, using the `IntentStore` of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, never, IntentStore | Digest.Digest | SecureRandom.SecureRandom | Scope.Scope> {
  const store = yield* IntentStore
  const random = yield* SecureRandom.SecureRandom
  const scope = yield* Effect.scope
  const digest = yield* Digest.Digest
  const pollInterval = options.pollInterval ?? "100 millis"
  const patience = options.wait ?? "35 seconds"

  const hashOf = (text: string) => Effect.orDie(digest.digestHex(Digest.sha256, Bytes.fromText(text)))

  /** Returns the outcome of an intent, for a call that replays it. */
  const resultOf = ({ error, provider = "unknown", receipt }: Intent): Result.Result<SendReceipt, SmsError> =>
    receipt === undefined
      // The process stopped between the request and the response.
      ? Result.fail(error ?? outcomeUnknown(provider, "ConnectionLost"))
      : Result.succeed(receipt)

  /** The sends in progress in this process, which need no polling of the store. */
  const underWay = new Map<string, Deferred.Deferred<void>>()

  /** Waits for the outcome of an intent that is being sent. A store that fails is asked again. */
  const settled = (id: string): Effect.Effect<Intent | undefined> =>
    Effect.matchEffect(store.get(id), {
      onFailure: () => Effect.andThen(Effect.sleep(pollInterval), settled(id)),
      onSuccess: (intent) => {
        if (intent?.state !== "sending") return Effect.succeed(intent)
        const done = underWay.get(id)
        return Effect.andThen(done === undefined ? Effect.sleep(pollInterval) : Deferred.await(done), settled(id))
      }
    })

  /**
   * Returns the outcome of a known intent, or `undefined` if it was refused and its key can be used again.
   * Never fails with the store: the message may have been sent.
   */
  const replay = Effect.fnUntraced(function*(known: Intent) {
    const intent = known.state !== "sending" ? known : yield* Effect.timeoutOrElse(settled(known.id), {
      duration: patience,
      orElse: () => Effect.succeed(known)
    })
    if (intent === undefined || intent.state === "refused") return undefined
    return {
      intentId: intent.id,
      replayed: true,
      result: intent.state === "sending"
        ? Result.fail(outcomeUnknown(intent.provider ?? "unknown", "Timeout"))
        : resultOf(intent)
    }
  })

  /** Changes an intent, also when the store fails at first. */
  const surely = (id: string, change: Effect.Effect<unknown, StorageError>) =>
    Surely.surely(scope, change, { intent: id })

  /** Does not let a caller wait for long, where the store has just failed. */
  const briefly = <A>(effect: Effect.Effect<A>) =>
    Effect.flatMap(
      Effect.forkIn(effect, scope, { startImmediately: true }),
      (fiber) => Effect.timeoutOption(Fiber.join(fiber), "500 millis")
    )

  const settle = (id: string, outcome: Outcome) => surely(id, store.settle(id, outcome))

  const first = <E>({ id, provider }: Intent, request: Request<E>): Effect.Effect<Answer, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*(): Effect.fn.Return<Answer, E> {
        underWay.set(id, Deferred.makeUnsafe())
        const progress = Progress.make(store, id)
        const exit = yield* Effect.exit(restore(progress.run(request.send(id))))
        if (Exit.isSuccess(exit)) {
          yield* settle(id, { state: "accepted", receipt: exit.value })
          return { intentId: id, replayed: false, result: Result.succeed(exit.value) }
        }
        const failure = Cause.findError(exit.cause)
        const error = Result.isSuccess(failure) && failure.success instanceof SmsError ? failure.success : undefined
        if (Result.isSuccess(failure) && isProven(failure.success)) {
          yield* settle(id, { state: "refused", error, refusal: kindOf(failure.success) })
          return yield* Effect.failCause(exit.cause)
        }
        // After a defect or an interruption, the carrier may or may not have the message.
        yield* settle(id, progress.unknown(error ?? outcomeUnknown(provider ?? "unknown", "Defect")))
        if (error === undefined) return yield* Effect.failCause(exit.cause)
        return { intentId: id, replayed: false, result: Result.fail(error) }
      }).pipe(Effect.ensuring(Effect.sync(() => {
        const done = underWay.get(id)
        underWay.delete(id)
        if (done !== undefined) Deferred.doneUnsafe(done, Effect.void)
      })))
    )

  const send = <E>(
    request: Request<E>
  ): Effect.Effect<Answer, Exclude<E, SmsError> | SmsError | KeyReused | StorageError> =>
    Effect.gen(function*() {
      const { eventId, key, message, provider, roomId, what } = request
      const hash = yield* hashOf(what)
      while (true) {
        const id = yield* random.ulid
        const reservation = yield* store.reserve({ id, key, hash, message, provider, roomId, eventId }).pipe(
          // Its answer may have been lost. Nothing was sent, so that the key is free for a repetition.
          Effect.tapError(() => briefly(settle(id, { state: "refused" })))
        )
        switch (reservation._tag) {
          case "KeyReused":
            return yield* new KeyReused()
          case "Reserved":
            return yield* first(reservation.intent, request) as Effect.Effect<Answer, Exclude<E, SmsError> | SmsError>
          case "Known": {
            const answer = yield* replay(reservation.intent)
            if (answer !== undefined) return answer
          }
        }
      }
    })

  const sendRest: Service["sendRest"] = (id, send, options) => Rest.sendRest({ store, settle }, id, send, options)

  const wakes = new Set<Latch.Latch>()

  /** Cancels a queued intent, later if the store fails. */
  const cancel = (id: string) =>
    Effect.catch(store.cancel(id), () => Effect.as(surely(id, store.cancel(id)), undefined))

  /** A process may have claimed a message before it was cancelled. */
  const sentMeanwhile = (error: StorageError) => (cancelled: Option.Option<Intent | undefined>) => {
    const intent = Option.getOrUndefined(cancelled)
    return intent === undefined || intent.state === "cancelled"
      ? Effect.fail(error)
      : Effect.succeed({ _tag: "Reserved", intent } as const)
  }

  const enqueue: Service["enqueue"] = Effect.fnUntraced(
    function*({ key, message, priority, provider, sendAt, what }) {
      const now = yield* DateTime.now
      // A message that was sent at once is not the same request.
      const hash = yield* hashOf(`queued ${what}`)
      const id = yield* random.ulid
      const request = { id, key, hash, message, provider, priority, readyAt: sendAt ?? now }
      const reservation = yield* store.reserve(request).pipe(
        // Its answer may have been lost. Without a key, a repetition would queue the message twice.
        Effect.catch((error) =>
          key === undefined ? Effect.flatMap(briefly(cancel(id)), sentMeanwhile(error)) : Effect.fail(error)
        )
      )
      if (reservation._tag === "KeyReused") return yield* new KeyReused()
      for (const wake of wakes) wake.openUnsafe()
      return { intent: reservation.intent, replayed: reservation._tag === "Known" }
    }
  )

  const dispatch: Service["dispatch"] = (send, options = {}) =>
    Effect.gen(function*() {
      const wake = yield* Effect.acquireRelease(
        Effect.tap(Latch.make(), (wake) => Effect.sync(() => wakes.add(wake))),
        (wake) => Effect.sync(() => wakes.delete(wake))
      )
      yield* Dispatcher.run({ intents: store, send, wake }, options)
    }).pipe(Effect.provideService(SecureRandom.SecureRandom, random))

  return Outbox.of({ send, enqueue, sendRest, dispatch, intents: store })
})

/**
 * Provides the outbox.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<Outbox, never, IntentStore | Digest.Digest | SecureRandom.SecureRandom> =>
  Layer.effect(Outbox, make(options))
