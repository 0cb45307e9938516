/**
 * Tells what records a send of each accepted part of its message, while the
 * later parts are still to be sent: a process that ends between two parts leaves
 * what is known of the first one.
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

/** Records accepted parts, except the last one of a message: its send ends with a receipt. */
export const SentParts = Context.Reference<(part: SentPart) => Effect.Effect<void>>("effect-sms/SentParts", {
  defaultValue: () => () => Effect.void
})
