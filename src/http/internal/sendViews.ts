/**
 * What became of the sends of messages: their outcome, and the deliveries of
 * their parts.
 */
import * as Effect from "effect/Effect"
import { Address } from "../../Address.ts"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import type { DeliveryTracker } from "../../delivery/DeliveryTracker.ts"
import { sentOf } from "../../delivery/internal/sentOf.ts"
import { combine } from "../../DeliveryStatus.ts"
import { providerOf } from "../../internal/providerOf.ts"
import { compact } from "../../internal/record.ts"
import type { Intent } from "../../sending/IntentStore.ts"
import { SendView } from "../ConversationsApi.ts"
import { reasonOf } from "./reasonOf.ts"

const codeOf = ({ error }: Intent): string | undefined => {
  const reason = error?.reason
  return reason !== undefined && "code" in reason ? reason.code : undefined
}

/** Builds the function that returns the view of a send. */
export const make = (
  tracker: Pick<DeliveryTracker["Service"], "get">
): (intent: Intent) => Effect.Effect<SendView, DeliveryStoreError> =>
  Effect.fnUntraced(function*(intent: Intent) {
    const { error, id, message: { to }, receipt, refusal, state } = intent
    const parts = yield* Effect.forEach(
      receipt === undefined ? [] : sentOf(receipt),
      ({ messageId, provider, recipient }) =>
        Effect.map(tracker.get({ provider, messageId, recipient }), (delivery) => ({
          messageId,
          recipient: Address.make(recipient),
          // It may have been evicted, or was sent without a tracker.
          status: delivery?.status ?? "accepted" as const,
          ...compact({
            since: delivery?.since,
            errorCode: delivery?.errorCode,
            errorMessage: delivery?.errorMessage,
            cost: delivery?.cost
          })
        }))
    )
    const [first, ...rest] = parts.map(({ status }) => status)
    return new SendView({
      intentId: id,
      to,
      state,
      parts,
      ...compact({
        provider: providerOf(intent),
        reason: reasonOf({ error, refusal }),
        detail: error?.reason.message,
        code: codeOf(intent),
        status: first === undefined ? undefined : combine([first, ...rest]),
        segments: receipt?.segments
      })
    })
  })
