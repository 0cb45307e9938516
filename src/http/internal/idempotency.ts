/**
 * Sends a message at most once per idempotency key.
 */
import * as Cause from "effect/Cause"
import * as Digest from "effect/crypto/Digest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Result from "effect/Result"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { SendReceipt } from "../../Message.ts"
import { utf8 } from "../../provider/Secrets.ts"
import type { SmsRouterError } from "../../sending/SmsRouter.ts"
import type { SmsError } from "../../SmsError.ts"

export interface Options {
  /** The maximum number of keys. Beyond it the oldest is evicted. */
  readonly capacity?: number | undefined
  /** How long a key is kept. */
  readonly timeToLive?: Duration.Input | undefined
}

/** A result that is replayed and never retried under the key. A cause is a defect with an unknown outcome. */
type Settled = Result.Result<SendReceipt, SmsError | Cause.Cause<never>>

export interface Answer {
  readonly replayed: boolean
  readonly result: Settled
}

const isProvenRefusal = (error: SmsError): boolean =>
  error.accepted === undefined && error.reason._tag !== "OutcomeUnknown"

/**
 * Returns the result of a send that may have had an effect, including one that
 * was interrupted: the request may have reached the carrier. Fails when nothing
 * was provably sent.
 */
export const settle = (
  send: Effect.Effect<SendReceipt, SmsError | SmsRouterError>
): Effect.Effect<Settled, SmsError | SmsRouterError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(send)), (exit): Effect.Effect<Settled, SmsError | SmsRouterError> => {
      if (Exit.isSuccess(exit)) return Effect.succeed(Result.succeed(exit.value))
      const failure = Cause.findError(exit.cause)
      if (Result.isFailure(failure)) return Effect.succeed(Result.fail(failure.failure))
      const error = failure.success
      return error._tag === "SmsError" && !isProvenRefusal(error)
        ? Effect.succeed(Result.fail(error))
        : Effect.fail(error)
    })
  )

/** Builds a store of the result of each key. Of a message it keeps only a digest. */
export const make = Effect.fnUntraced(function*({ capacity = 10_000, timeToLive = "1 day" }: Options) {
  const digest = yield* Digest.Digest
  const once = yield* Deduplicator.make<Settled>({ capacity, timeToLive })

  /**
   * Sends the message, or replays the result of the key. `content` is the
   * canonical text of the message.
   */
  return Effect.fnUntraced(function*(
    key: string,
    content: string,
    send: Effect.Effect<SendReceipt, SmsError | SmsRouterError>
  ): Effect.fn.Return<Answer, SmsError | SmsRouterError | Deduplicator.KeyReused> {
    const hash = Hex.encode(yield* Effect.orDie(digest.digest(Digest.sha256, utf8(content))))
    const outcome = yield* once.runFor(key, hash, settle(send), identity)
    return outcome._tag === "First"
      ? { replayed: false, result: outcome.value }
      : { replayed: true, result: outcome.summary }
  })
})
