/**
 * Sends a message once a key that the caller chose.
 */
import * as Cause from "effect/Cause"
import * as Digest from "effect/crypto/Digest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { SendReceipt } from "../../Message.ts"
import { utf8 } from "../../provider/Secrets.ts"
import type { SmsRouterError } from "../../sending/SmsRouter.ts"
import type { SmsError } from "../../SmsError.ts"

export interface Options {
  /** How many keys are remembered. Past that the oldest is forgotten. */
  readonly capacity?: number | undefined
  /** How long a key is remembered. */
  readonly timeToLive?: Duration.Input | undefined
}

/** What stays: it is never tried again under the key. A cause is of a defect, of which nobody knows what it left. */
type Final = Result.Result<SendReceipt, SmsError | Cause.Cause<never>>

export interface Answer {
  readonly replayed: boolean
  readonly final: Final
}

const isProvenRefusal = (error: SmsError): boolean =>
  error.accepted === undefined && error.reason._tag !== "OutcomeUnknown"

/**
 * How a send ended that may have had an effect. Also when it was interrupted:
 * the request may be with the carrier. Fails when it is proven that nothing
 * went out.
 */
export const settle = (
  send: Effect.Effect<SendReceipt, SmsError | SmsRouterError>
): Effect.Effect<Final, SmsError | SmsRouterError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(send)), (exit): Effect.Effect<Final, SmsError | SmsRouterError> => {
      if (Exit.isSuccess(exit)) return Effect.succeed(Result.succeed(exit.value))
      const failure = Cause.findError(exit.cause)
      if (Result.isFailure(failure)) return Effect.succeed(Result.fail(failure.failure))
      const error = failure.success
      return error._tag === "SmsError" && !isProvenRefusal(error)
        ? Effect.succeed(Result.fail(error))
        : Effect.fail(error)
    })
  )

/** Remembers what became of each key, and of the message no more than a digest. */
export const make = Effect.fnUntraced(function*({ capacity = 10_000, timeToLive = "1 day" }: Options) {
  const digest = yield* Digest.Digest
  const once = yield* Deduplicator.make<Final>({ capacity, timeToLive })

  /**
   * Sends, or gives what became of the message that the key came with before.
   * `what` is the message as text: the same for the same message.
   */
  return Effect.fnUntraced(function*(
    key: string,
    what: string,
    send: Effect.Effect<SendReceipt, SmsError | SmsRouterError>
  ): Effect.fn.Return<Answer, SmsError | SmsRouterError | Deduplicator.KeyReused> {
    const hash = Hex.encode(yield* Effect.orDie(digest.digest(Digest.sha256, utf8(what))))
    const outcome = yield* once.runFor(key, hash, settle(send), (final) => final)
    return outcome._tag === "First"
      ? { replayed: false, final: outcome.value }
      : { replayed: true, final: outcome.summary }
  })
})
