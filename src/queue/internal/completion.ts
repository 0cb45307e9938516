/**
 * Changes of stores that are made when an entry is completed.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StorageError } from "../../StorageError.ts"

/** The completion of the entry that is being processed. */
export interface Completion {
  /** The changes to make in the transaction that completes the entry, so that they need none of their own. */
  readonly changes: Array<Effect.Effect<void, StorageError>>
  /** Whether the entry is still being processed. Afterwards no change may be added. */
  isOpen: boolean
}

/** The completion that the changes of an entry can be added to. */
export const CurrentCompletion = Context.Reference<Completion | undefined>("effect-sms/queue/CurrentCompletion", {
  defaultValue: () => undefined
})
