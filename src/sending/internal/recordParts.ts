/**
 * Records the accepted parts of a message while its other parts are sent.
 */
import * as Effect from "effect/Effect"
import { compact } from "../../internal/record.ts"
import { SentParts } from "../../internal/sentParts.ts"
import { FoundPart, type Lookups } from "../IntentStore.ts"

/** Runs the send of an intent. A part that cannot be recorded does not stop it. */
export const recordingParts = (store: Pick<Lookups, "recordFound">, id: string) =>
  Effect.provideService(SentParts, ({ intent, messageId, provider, sender }) => {
    const { intentId, of, part } = intent
    // A hook may send another message meanwhile.
    if (intentId !== id) return Effect.void
    const found = new FoundPart({ part, of, provider, messageId, by: "response", ...compact({ sender }) })
    return Effect.ignore(
      Effect.tapError(
        store.recordFound(id, found),
        (error) =>
          Effect.annotateLogs(Effect.logWarning("A sent part of a message could not be recorded", error), {
            intent: id
          })
      )
    )
  })
