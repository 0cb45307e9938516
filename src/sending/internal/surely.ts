/**
 * Changes of a store that must be made, because a message was already sent.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../../StorageError.ts"

/** The waits for a store that fails. */
export const patiently = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/**
 * Makes a change, and repeats one that fails in the background until the scope
 * closes. A process that ends meanwhile leaves the store as it is.
 */
export const surely = (
  scope: Scope.Scope,
  change: Effect.Effect<unknown, StorageError>,
  annotations: Readonly<Record<string, string>>
): Effect.Effect<void> =>
  Effect.catch(
    change,
    (error) =>
      Effect.logError("The outcome of a send could not be stored, and is stored later", error).pipe(
        Effect.annotateLogs(annotations),
        Effect.andThen(Effect.forkIn(Effect.retry(change, patiently), scope))
      )
  ).pipe(Effect.asVoid)
