/**
 * Tells what records a send how far it is: of each request before it is made,
 * and of each accepted part while the later ones are still to be sent. So a
 * process that ends between two parts leaves what is known of the first one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import type { SendReference } from "../SendReference.ts"

/** A part that the carrier accepted. */
export interface SentPart {
  /** The send and the number of the part. */
  readonly intent: SendReference
  readonly provider: string
  readonly messageId: string
  readonly sender?: Address | undefined
}

export interface SendProgress {
  /** A request for a part is about to be made. */
  readonly requesting: (intent: SendReference) => Effect.Effect<void>
  /** A part was accepted, and it is not the last one: that ends the send with a receipt. */
  readonly accepted: (part: SentPart) => Effect.Effect<void>
}

export const CurrentProgress = Context.Reference<SendProgress>("effect-sms/SendProgress", {
  defaultValue: () => ({ requesting: () => Effect.void, accepted: () => Effect.void })
})
