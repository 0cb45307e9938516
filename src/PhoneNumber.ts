/**
 * Phone numbers in E.164 form: `+`, the country code, the subscriber number,
 * at most fifteen digits (ITU-T Recommendation E.164).
 *
 * This module holds the type and the one reading that needs no numbering
 * plan: digits that already begin with the country code. Reading what a person
 * typed needs the plan of every country and lives in `Phone`, so that a
 * carrier module never loads that table.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * An E.164 phone number, for example `+14185551234`. The pattern is checked,
 * not whether the number is assigned.
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
 * Reads digits that begin with the country code, as VoiceMeUp and Sinch write
 * them: `14185551234` is `+14185551234`. A leading `+` is accepted. The only
 * change is the `+`; nothing is guessed, so a short code or a sender name is
 * `None`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDigits = (digits: string): Option.Option<PhoneNumber> => {
  const number = digits.startsWith("+") ? digits : `+${digits}`
  return isPhoneNumber(number) ? Option.some(number) : Option.none()
}

const isPhoneNumber = Schema.is(PhoneNumber)
