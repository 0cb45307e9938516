/**
 * How Telnyx treats opt-outs
 * (https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out).
 */
import type { CarrierConsent } from "../provider/Receiving.ts"

export const consent: CarrierConsent = {
  flag: "autoresponse_type",
  answered: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "START", "UNSTOP", "HELP", "INFO"],
  // In a report, 40300 is also used for a message that an operator rejected.
  isOptOut: ({ errorCode, errorMessage = "" }) =>
    errorCode === "40300" && /\bstop\b|\bopt(?:ed)?[ -]?out/i.test(errorMessage)
}
