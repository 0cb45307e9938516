/**
 * Phone numbers in E.164 form: `+`, the country code and the subscriber number,
 * at most fifteen digits (ITU-T Recommendation E.164).
 *
 * This module contains the type and the one parser that needs no numbering
 * plan: digits that already begin with the country code. Parsing what a person
 * typed requires the numbering plan of every country and lives in `Phone`, so
 * that carrier modules do not load that table.
 *
 * **Example** (Reading the digits of a carrier)
 *
 * ```ts run
 * import { Option } from "effect"
 * import { PhoneNumber } from "effect-sms"
 *
 * PhoneNumber.fromDigits("15145550142") // => Option.some("+15145550142")
 * Option.isNone(PhoneNumber.fromDigits("5145550142000000")) // => true
 * ```
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * An E.164 phone number, for example `+14185551234`. The schema checks the
 * pattern, not whether the number is assigned.
 *
 * @category models
 * @since 0.1.0
 */
export type PhoneNumber = typeof PhoneNumber.Type

/**
 * Schema of {@link PhoneNumber}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PhoneNumber = Schema.String.pipe(
  Schema.check(Schema.isPattern(/^\+[1-9]\d{6,14}$/, { expected: "an E.164 phone number" })),
  Schema.brand("PhoneNumber")
)

/**
 * Parses digits that begin with the country code, as VoiceMeUp and Sinch write
 * them: `14185551234` becomes `+14185551234`. A leading `+` is accepted. Only
 * the `+` is added and nothing is guessed, so a short code or a sender name
 * returns `None`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDigits = (digits: string): Option.Option<PhoneNumber> => {
  const number = digits.startsWith("+") ? digits : `+${digits}`
  return isPhoneNumber(number) ? Option.some(number) : Option.none()
}

const isPhoneNumber = Schema.is(PhoneNumber)
