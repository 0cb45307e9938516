/**
 * Maps Telnyx's error codes to refusals
 * (https://developers.telnyx.com/development/api-fundamentals/api-errors).
 * Telnyx adds codes over time, so an unlisted code falls back to its range.
 */
import { lookup, tableOf } from "../provider/Wire.ts"
import type { Refusal } from "../SmsError.ts"

const byCode = /* @__PURE__ */ tableOf<Refusal>({
  Authentication: [
    "10009",
    "10010",
    "20001",
    "20002",
    "20003",
    "20006",
    "20008",
    "40311",
    "40313"
  ],
  // 40333 is the daily spending limit of the profile. It resets at midnight UTC, although it comes with HTTP 429.
  AccountSuspended: ["20012", "20013", "20014", "20016", "20017", "20100", "40314", "40333"],
  // 10005 is a messaging profile that does not belong to the account.
  NotEnabled: [
    "10005",
    "10038",
    "10039",
    "40309",
    "40312",
    "40321",
    "40323",
    "40324",
    "40327",
    "40331",
    "40332"
  ],
  RateLimited: ["10011", "40011", "40016", "40018", "40318"],
  InvalidRecipient: ["10002", "10016", "40001", "40012", "40310"],
  InvalidSender: ["10001", "40013", "40305", "40306", "40307", "40308", "40315", "40320", "40325", "40326"],
  OptedOut: ["40300"],
  // 40301 and 40319: the recipient cannot receive this type of message by this route.
  Unreachable: ["40301", "40319"],
  ContentRejected: ["40002", "40003", "40009", "40015", "40017", "40020", "40302", "40317", "40322", "40328"],
  UnregisteredSender: ["40010", "40019", "40329", "40330"],
  InvalidMessage: ["40007", "40304", "40316"],
  // These say nothing about the message: an internal error of the carrier, a
  // request in progress, a message to be read.
  UnexpectedResponse: ["10007", "10008", "10036", "10037", "40303", "41000"]
})

const ranges: ReadonlyArray<readonly [pattern: RegExp, refusal: Refusal]> = [
  [/^100\d\d$/, "InvalidMessage"],
  // The network did not deliver the message.
  [/^400\d\d$/, "Unreachable"],
  // The number is not enabled for messaging, or not yet.
  [/^401\d\d$/, "InvalidSender"]
]

/**
 * Maps a Telnyx error code, from a refused request or a delivery status
 * (`DeliveryStatus.errorCode`), to a refusal. Returns `undefined` for a code
 * that adds nothing to the HTTP status, which then decides.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined =>
  lookup(byCode, code) ?? ranges.find(([pattern]) => pattern.test(code))?.[1]
