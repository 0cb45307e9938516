/**
 * Records how far a send is: its accepted parts, and when its last request was
 * made.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { compact } from "../../internal/record.ts"
import { CurrentProgress } from "../../internal/sendProgress.ts"
import type { SmsError } from "../../SmsError.ts"
import { FoundPart, type Lookups, type Outcome } from "../IntentStore.ts"

export interface Progress {
  /** Runs the send of the intent. A part that cannot be recorded does not stop it. */
  readonly run: <A, E, R>(send: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Builds the outcome of a send of which nobody knows whether the carrier has the message. */
  readonly unknown: (error: SmsError | undefined) => Outcome
}

export const make = (store: Pick<Lookups, "recordFound">, id: string): Progress => {
  let requestedAt: DateTime.Utc | undefined
  return {
    unknown: (error) => ({ state: "unknown", error, requestedAt }),
    // A hook may send another message meanwhile, which has another id.
    run: Effect.provideService(CurrentProgress, {
      requesting: ({ intentId }) =>
        intentId !== id ? Effect.void : Effect.map(DateTime.now, (now) => {
          requestedAt = now
        }),
      accepted: ({ intent: { intentId, of, part }, messageId, provider, sender }) => {
        if (intentId !== id) return Effect.void
        const found = new FoundPart({ part, of, provider, messageId, by: "response", ...compact({ sender }) })
        return Effect.catch(
          store.recordFound(id, found),
          (error) =>
            Effect.annotateLogs(Effect.logWarning("A sent part of a message could not be recorded", error), {
              intent: id
            })
        ).pipe(Effect.asVoid)
      }
    })
  }
}
