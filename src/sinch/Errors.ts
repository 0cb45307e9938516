/**
 * Maps Sinch's error codes to refusals: words in the response to a refused
 * batch
 * (https://community.sinch.com/t5/SMS/Common-SMS-HTTP-Statuses-and-Codes-Explained/ta-p/14163),
 * numbers in delivery reports
 * (https://developers.sinch.com/docs/sms/api-reference/sms/delivery-reports/delivery-report-error-codes).
 */
import { lookup, tableOf } from "../provider/Wire.ts"
import type { Refusal } from "../SmsError.ts"

const byCode = /* @__PURE__ */ tableOf<Refusal>({
  InvalidMessage: [
    "syntax_invalid_json",
    "syntax_invalid_parameter_format",
    "syntax_constraint_violation",
    "unknown_campaign",
    "INVALID_ARGUMENT",
    "405"
  ],
  // Sinch takes a recipient that is not a number for a group.
  InvalidRecipient: ["unknown_group", "150"],
  // In one edition of the guide the first letter is missing.
  Unreachable: ["illegal_number_type", "llegal_number_type", "402", "404", "406", "408", "416", "417"],
  NotEnabled: ["missing_callback_url", "412"],
  AccountSuspended: ["blocked_account", "413"],
  InvalidSender: ["410"],
  // The networks block a sender (in the United States, one without an active campaign), a recipient or a content.
  UnregisteredSender: ["60"],
  OptedOut: ["61"],
  ContentRejected: ["15", "62", "411", "414", "415", "418"],
  UnexpectedResponse: ["conflict_group_name", "conflict_send_at", "403"]
})

const ranges: ReadonlyArray<readonly [pattern: RegExp, refusal: Refusal]> = [
  [/^syntax_/, "InvalidMessage"],
  // SMPP codes of the operators.
  [/^([1-9]\d?|[1-3]\d\d)$/, "Unreachable"]
]

/**
 * Maps a Sinch error code, from a refused batch or a delivery status
 * (`DeliveryStatus.errorCode`), to a refusal. Returns `undefined` for a code
 * that is not an error: 0, the codes of non-terminal statuses, cancellations
 * and unrecognized codes.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined =>
  lookup(byCode, code) ?? ranges.find(([pattern]) => pattern.test(code))?.[1]
