/**
 * Sends a message at most once per idempotency key. With a shared, durable
 * `IntentStore`, this holds across servers and restarts.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import { type Intent, IntentStore, type Outcome } from "./IntentStore.ts"
import { outcomeUnknown } from "./internal/outcomeUnknown.ts"

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
  /** The rest of the request that the key identifies, besides the message: equal requests have equal text. */
  readonly what: string
  /**
   * Sends the message with the id of its intent. Any failure other than `OutcomeUnknown`, without
   * accepted parts, proves that it was not sent.
   */
  readonly send: (intentId: string) => Effect.Effect<SendReceipt, E>
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

/** Returns whether the failure proves that no part of the message was sent. */
const isProven = (error: unknown): boolean =>
  !(error instanceof SmsError) || (error.accepted === undefined && error.reason._tag !== "OutcomeUnknown")

/** The waits for a store that fails. */
const patiently = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

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

  const hashOf = (text: string) =>
    Effect.map(
      Effect.orDie(digest.digest(Digest.sha256, new TextEncoder().encode(text))),
      (bytes) => Hex.encode(bytes)
    )

  /** Returns the outcome of an intent, for a call that replays it. */
  const resultOf = ({ error, provider = "unknown", receipt }: Intent): Result.Result<SendReceipt, SmsError> =>
    receipt === undefined
      // The process stopped between the request and the response.
      ? Result.fail(error ?? outcomeUnknown(provider, "ConnectionLost"))
      : Result.succeed(receipt)

  /** The sends in progress in this process, which need no polling of the store. */
  const underWay = new Map<string, Deferred.Deferred<void>>()

  const settled = (id: string): Effect.Effect<Intent | undefined, StorageError> =>
    Effect.flatMap(store.get(id), (intent) => {
      if (intent?.state !== "sending") return Effect.succeed(intent)
      const done = underWay.get(id)
      return Effect.andThen(done === undefined ? Effect.sleep(pollInterval) : Deferred.await(done), settled(id))
    })

  /** Returns the outcome of a known intent, or `undefined` if it was refused and its key can be used again. */
  const replay = Effect.fnUntraced(function*(known: Intent) {
    const intent = yield* Effect.timeoutOrElse(settled(known.id), {
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

  /** Stores how it ended, also when the store fails at first. A process that ends meanwhile leaves it as unknown. */
  const settle = (id: string, outcome: Outcome) =>
    Effect.catch(
      store.settle(id, outcome),
      (error) =>
        Effect.logError("The outcome of a send could not be stored, and is stored later", error).pipe(
          Effect.annotateLogs({ intent: id }),
          Effect.andThen(Effect.forkIn(Effect.retry(store.settle(id, outcome), patiently), scope)),
          Effect.asVoid
        )
    )

  const first = <E>({ id, provider }: Intent, request: Request<E>): Effect.Effect<Answer, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*(): Effect.fn.Return<Answer, E> {
        underWay.set(id, Deferred.makeUnsafe())
        const exit = yield* Effect.exit(restore(request.send(id)))
        if (Exit.isSuccess(exit)) {
          yield* settle(id, { state: "accepted", receipt: exit.value })
          return { intentId: id, replayed: false, result: Result.succeed(exit.value) }
        }
        const failure = Cause.findError(exit.cause)
        const error = Result.isSuccess(failure) && failure.success instanceof SmsError ? failure.success : undefined
        if (Result.isSuccess(failure) && isProven(failure.success)) {
          yield* settle(id, { state: "refused", error })
          return yield* Effect.failCause(exit.cause)
        }
        // After a defect or an interruption, the carrier may or may not have the message.
        yield* settle(id, { state: "unknown", error: error ?? outcomeUnknown(provider ?? "unknown", "Defect") })
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
      const { key, message, provider, roomId, what } = request
      const hash = yield* hashOf(what)
      while (true) {
        const id = yield* random.ulid
        const reservation = yield* store.reserve({ id, key, hash, message, provider, roomId }).pipe(
          // Its answer may have been lost. Nothing was sent, so that the key is free for a repetition.
          Effect.tapError(() => settle(id, { state: "refused" }))
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

  return Outbox.of({ send })
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
