/**
 * Resends a message with an unknown outcome for an operator.
 *
 * A resend is decided in the store right before the message goes to a carrier:
 * the message is given up or resent, whichever comes first, on any server. The
 * intent of the resend is reserved before, under a key made from the first one,
 * so that repeated requests send one message.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Service as Kit } from "../../rooms/RoomKit.ts"
import type { Intent } from "../../sending/IntentStore.ts"
import * as Resends from "../../sending/internal/resends.ts"
import { isBegun } from "../../sending/internal/rest.ts"
import { surely } from "../../sending/internal/surely.ts"
import type * as Outbox from "../../sending/Outbox.ts"
import type { SmsRouter } from "../../sending/SmsRouter.ts"
import type * as UnknownSends from "../../sending/UnknownSends.ts"
import * as MessageProblems from "../MessageProblems.ts"
import * as Problems from "../Problems.ts"
import * as SendOnce from "./sendOnce.ts"

/** Somebody gave the message up before it was resent, or the carrier was found to have it. */
class AlreadyDecided extends Schema.TaggedError<AlreadyDecided>()("AlreadyDecided", {}) {}

/** Returns why nobody can decide about an intent now. */
export const conflict = ({ resolvedBy, state }: Intent): Problems.Conflict =>
  new Problems.Conflict({
    detail: state === "unknown" && resolvedBy === Resends.resending
      ? "The message is being sent again"
      : state === "unknown" && resolvedBy !== undefined
      ? `The send is decided already, by ${resolvedBy}`
      : `The outcome of the send is not unknown: it is ${state}`
  })

export const make = ({ kit, outbox, router, scope, unknownSends }: {
  readonly kit: Kit
  readonly outbox: Outbox.Service
  readonly router: SmsRouter["Service"]
  readonly scope: Scope.Scope
  readonly unknownSends: UnknownSends.Service | undefined
}) => {
  const { intents } = outbox

  /** Returns the receipt of an intent that an earlier request has sent, or that the carrier was found to have. */
  const decided = Effect.fnUntraced(function*(id: string) {
    const intent = yield* intents.get(id)
    if (intent === undefined) return yield* Problems.unknown("send")
    if (intent.resolvedBy !== undefined && intent.receipt !== undefined) return intent.receipt
    return yield* conflict(intent)
  })

  const sendRest = (id: string) =>
    outbox.sendRest(
      id,
      ({ id, message }, options) =>
        kit.guardSend(
          message,
          options,
          (message) => router.send(message, { ...options, intentId: id, maxWait: "10 seconds" })
        ),
      { isDecided: true }
    )

  /** Claims the intent for its resend, whose refusal and unknown outcome release it. */
  const claimed = <A, E>(id: string, token: string, send: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      if (!(yield* intents.claimResend({ id, token }))) return yield* new AlreadyDecided()
      return yield* send
    }).pipe(Effect.onError(() => surely(scope, intents.releaseResend({ id, token }), { intent: id })))

  return Effect.fnUntraced(
    function*(id: string) {
      const known = yield* intents.get(id)
      if (known === undefined || !Resends.isResendable(known)) return yield* decided(id)
      const asked = unknownSends === undefined ? known : (yield* unknownSends.ask(id)) ?? known
      if (asked.state === "accepted" && asked.receipt !== undefined) return asked.receipt
      if (isBegun(asked)) return (yield* sendRest(id)) ?? (yield* decided(id))
      const { message, provider } = asked
      return yield* outbox.send({
        key: Resends.keyOf(id),
        message,
        provider,
        what: id,
        send: (intentId) =>
          kit.guardSend(
            message,
            { provider },
            (message) => claimed(id, intentId, router.send(message, { provider, intentId }))
          )
      }).pipe(
        Effect.flatMap(({ result }) => Effect.fromResult(result)),
        // The store has decided it, unless it was sent by an earlier version.
        Effect.tap((receipt) =>
          surely(scope, intents.decide(id, { receipt, resolvedBy: Resends.resent }), { intent: id })
        ),
        Effect.catchTag("AlreadyDecided", () => decided(id))
      )
    },
    Effect.catchTags({
      ...SendOnce.problems,
      StorageError: () => Effect.fail(MessageProblems.storageUnavailable),
      DeliveryStoreError: () => Effect.fail(MessageProblems.storageUnavailable)
    })
  )
}
