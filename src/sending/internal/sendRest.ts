/**
 * Sends the rest of a message of which only some parts were sent.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { SendReceipt } from "../../Message.ts"
import { SmsError } from "../../SmsError.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Intent, Outcome, Service as IntentStore } from "../IntentStore.ts"
import { outcomeUnknown } from "./outcomeUnknown.ts"
import * as Progress from "./progress.ts"
import * as Rest from "./rest.ts"

interface Parts {
  readonly store: IntentStore
  /** Stores an outcome, also when the store fails at first. */
  readonly settle: (id: string, outcome: Outcome) => Effect.Effect<void>
}

/** Sends the parts after those that were sent. See `Outbox.sendRest`. */
export const sendRest = <E>(
  { settle, store }: Parts,
  id: string,
  send: (intent: Intent, rest: Rest.Rest) => Effect.Effect<SendReceipt, E>,
  { isDecided = false }: { readonly isDecided?: boolean | undefined } = {}
): Effect.Effect<SendReceipt | undefined, Exclude<E, SmsError> | SmsError | StorageError> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const intent = yield* store.get(id)
    if (intent === undefined || intent.state !== "unknown" || !Rest.isBegun(intent)) return undefined
    const rest = Rest.restOf(intent)
    if (rest === undefined) {
      return yield* intent.error ?? outcomeUnknown(intent.provider ?? "unknown", "ConnectionLost")
    }
    if (!rest.isSure && !isDecided) return yield* Rest.unchanged(rest, intent)
    if (!(yield* store.resume(intent, Rest.interrupted(rest)))) return undefined
    const progress = Progress.make(store, id)
    // The last part may have been found since.
    const exit = rest.from.number > rest.from.of
      ? undefined
      : yield* Effect.exit(progress.run(send(intent, rest)))
    if (exit === undefined || Exit.isSuccess(exit)) {
      const receipt = exit === undefined ? rest.accepted : Rest.merged(rest.accepted, exit.value)
      yield* settle(id, { state: "accepted", receipt, resolvedBy: "operator: sent the rest" })
      return receipt
    }
    const failure = Cause.findError(exit.cause)
    if (Result.isFailure(failure)) {
      yield* settle(id, progress.unknown(Rest.interrupted(rest, "Defect")))
      return yield* Effect.failCause(exit.cause)
    }
    // A refusal that is none of a provider's leaves the reason as it was.
    const refused = failure.success instanceof SmsError ? failure.success : undefined
    const error = refused === undefined ? Rest.unchanged(rest, intent) : Rest.failureOf(rest, refused)
    yield* settle(id, progress.unknown(error))
    return yield* refused === undefined ? Effect.failCause(exit.cause) : error
  })) as Effect.Effect<SendReceipt | undefined, Exclude<E, SmsError> | SmsError | StorageError>
