/**
 * How Twilio treats opt-outs
 * (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
 */
import type { CarrierConsent } from "../provider/Receiving.ts"

export const consent: CarrierConsent = {
  // Only with Advanced Opt-Out. Without it, Twilio answers and blocks all the same.
  flag: "OptOutType",
  answered: [
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "START",
    "YES",
    "UNSTOP",
    "HELP",
    "INFO"
  ],
  // https://github.com/twilio/twilio-python/issues/478: it may come as the error of a status alone.
  isOptOut: ({ errorCode }) => errorCode === "21610"
}
