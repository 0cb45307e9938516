/**
 * Maps Twilio's error codes to refusals
 * (https://www.twilio.com/docs/api/errors). Twilio adds codes over time, so an
 * unlisted code falls back to its range.
 */
import { lookup, tableOf } from "../provider/Wire.ts"
import type { Refusal } from "../SmsError.ts"

const byCode = /* @__PURE__ */ tableOf<Refusal>({
  Authentication: ["20003", "20006", "20008", "20403", "20404"],
  AccountSuspended: ["20005", "20010", "30002"],
  // A trial account can send only to verified numbers.
  NotEnabled: ["21408", "21608", "572005"],
  RateLimited: ["20429", "21611", "30001", "30022", "30023", "30027", "63017", "63018"],
  InvalidRecipient: ["21211", "21217", "21265", "21266", "21421", "21614", "21635", "30005", "30006", "63003", "63024"],
  InvalidSender: [
    "21212",
    "21601",
    "21606",
    "21621",
    "21622",
    "21659",
    "21660",
    "21661",
    "21701",
    "21702",
    "21703",
    "21704",
    "21705"
  ],
  OptedOut: ["21610"],
  Unreachable: ["21612", "30003", "30008", "30011", "30017", "30036", "30410", "63036"],
  // 30004 also covers a STOP to a toll-free number; 30610 and 30640 are quiet hours and litigators.
  ContentRejected: ["30004", "30007", "30019", "30450", "30610", "30640", "63016", "63019"],
  UnregisteredSender: ["30018", "30024", "30032", "30033", "30034", "30035"],
  InvalidMessage: [
    "21602",
    "21603",
    "21604",
    "21609",
    "21617",
    "21619",
    "21620",
    "21623",
    "21624",
    "21654",
    "21655",
    "21656",
    "21664",
    "21666",
    "21667",
    "30010"
  ]
})

const ranges: ReadonlyArray<readonly [pattern: RegExp, refusal: Refusal]> = [
  [/^351\d\d$/, "InvalidMessage"],
  [/^21\d{3}$/, "InvalidMessage"],
  [/^30\d{3}$/, "Unreachable"],
  [/^63\d{3}$/, "Unreachable"]
]

/**
 * Maps a Twilio error code, from a refused request or a delivery status
 * (`DeliveryStatus.errorCode`), to a refusal. Returns `undefined` for a code
 * that adds nothing to the HTTP status, which then decides.
 *
 * **Example** (What a code means)
 *
 * ```ts run
 * import { Twilio } from "effect-sms"
 *
 * Twilio.refusalOf("21610") // => "OptedOut"
 * Twilio.refusalOf("30003") // => "Unreachable"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined =>
  lookup(byCode, code) ?? ranges.find(([pattern]) => pattern.test(code))?.[1]
