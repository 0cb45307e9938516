/**
 * Sends of which nobody knows whether the carrier has the message.
 */
import { OutcomeUnknown, SmsError } from "../../SmsError.ts"

/** Makes the error of such a send. */
export const outcomeUnknown = (provider: string, because: OutcomeUnknown["because"]): SmsError =>
  new SmsError({ provider, reason: new OutcomeUnknown({ because }) })
