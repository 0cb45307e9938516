import * as Effect from "effect/Effect"
import * as Reference from "../../internal/reference.ts"
import type { OutboundMessage } from "../../Message.ts"
import { addToUrl } from "../../SendReference.ts"
import { NotSupported } from "../../SmsError.ts"
import type { Part } from "../Sending.ts"

/** Leaves room for the rest of the URL: Twilio accepts 4,096 characters. */
const maxReference = 512

/**
 * Returns the callback URL of a part. The provider's own gets the reference of
 * the send and that of the application, which so are in its delivery reports. A
 * callback URL of the message itself stays as the caller wrote it: its server may
 * not be this one.
 */
export const of = (
  { intent, message: { reference, statusCallback } }: Pick<Part, "intent" | "message">,
  own: string | undefined
): string | undefined => {
  if (statusCallback !== undefined || own === undefined) return statusCallback
  const url = reference === undefined ? own : Reference.addToUrl(own, reference)
  return intent === undefined ? url : addToUrl(url, intent)
}

/** Returns the options of a carrier whose only place for a reference is the callback URL. */
export const options = (own: string | undefined): ReadonlyArray<"reference"> => own === undefined ? [] : ["reference"]

/** Refuses a reference that cannot be in the callback URL. */
export const check = ({ reference, statusCallback }: OutboundMessage): Effect.Effect<void, NotSupported> => {
  if (reference === undefined) return Effect.void
  const refuse = (expected: string) => Effect.fail(new NotSupported({ field: "reference", expected }))
  if (statusCallback !== undefined) return refuse("no statusCallback beside it: it travels in the provider's own")
  return reference.length > maxReference || !reference.isWellFormed()
    ? refuse(`at most ${maxReference} characters of Unicode`)
    : Effect.void
}
