/**
 * What Sinch's error codes mean: words where a batch is refused
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
  // What is no number is taken for a group.
  InvalidRecipient: ["unknown_group"],
  // One edition of the guide lacks the first letter.
  Unreachable: ["illegal_number_type", "llegal_number_type", "402", "404", "406", "408", "416", "417"],
  NotEnabled: ["missing_callback_url", "412"],
  AccountSuspended: ["blocked_account", "413"],
  InvalidSender: ["410"],
  ContentRejected: ["411", "414", "415", "418"],
  UnexpectedResponse: ["conflict_group_name", "conflict_send_at", "403"]
})

const ranges: ReadonlyArray<readonly [pattern: RegExp, refusal: Refusal]> = [
  [/^syntax_/, "InvalidMessage"],
  // SMPP codes of the operators.
  [/^([1-9]\d?|[1-3]\d\d)$/, "Unreachable"]
]

/**
 * What a Sinch error code means: of a refused batch, and of a delivery status
 * (`DeliveryStatus.errorCode`). `undefined` for a code that says nothing: 0,
 * those of the steps before an end, a cancellation, and those that are not
 * known.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined =>
  lookup(byCode, code) ?? ranges.find(([pattern]) => pattern.test(code))?.[1]
