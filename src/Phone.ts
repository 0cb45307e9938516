/**
 * Parses and normalizes phone numbers as people write them.
 *
 * A national number is ambiguous without its country, so every function takes a
 * region and tries the region's numbering plan first. Only a number of eleven
 * or more digits that is not valid in the region is parsed as if it began with
 * a country code. In the opposite order, a Vancouver number would parse as a
 * Malaysian one.
 *
 * Numbering plans come from libphonenumber's `max` metadata, which validates
 * actual number ranges and not just lengths. The metadata is large: import this
 * module only where you need it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/max"
import { PhoneNumber } from "./PhoneNumber.ts"

/**
 * The input is not a valid phone number in the region. The error does not
 * repeat the input, which may be a real person's number.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPhoneNumber extends Schema.TaggedError<InvalidPhoneNumber>()("InvalidPhoneNumber", {
  /** The region that was used. Empty when the argument is not a two-letter code, since it may be a phone number. */
  region: Schema.String,
  /** What the function expected. */
  expected: Schema.Literals(["a phone number valid in the region", "an ISO 3166-1 alpha-2 region code"])
}) {
  override get message(): string {
    return `Expected ${this.expected} (region ${JSON.stringify(this.region)})`
  }
}

// The longest assignable number has 15 digits; the rest is room for separators.
// The limit bounds the cost of hostile input.
const maxLength = 64

const parse = (text: string, region?: CountryCode): PhoneNumber | undefined => {
  const parsed = parsePhoneNumberFromString(text, { ...(region && { defaultCountry: region }), extract: false })
  // The German and Nigerian plans allow more than fifteen digits; E.164 does not.
  return parsed?.isValid() === true ? Option.getOrUndefined(PhoneNumber.makeOption(parsed.number)) : undefined
}

// Digits and common separators. Any other text that contains digits is not a phone number.
const digitsAndSeparators = /^[\d\s().,/\p{Pd}]+$/u

const normalize = (text: string, region: CountryCode): PhoneNumber | undefined => {
  if (text.length > maxLength) return undefined
  const inRegion = parse(text, region)
  if (inRegion !== undefined || text.trimStart().startsWith("+")) return inRegion
  const digits = digitsAndSeparators.test(text) ? text.replaceAll(/\D/g, "") : ""
  return digits.length >= 11 ? parse(`+${digits}`) : undefined
}

/**
 * Normalizes a phone number in any common notation to E.164.
 *
 * `defaultRegion` is the ISO 3166-1 alpha-2 code of the country to assume for
 * numbers without a country code. Fails with {@link InvalidPhoneNumber} when
 * the number is not valid or the region is unknown.
 *
 * **Example** (Normalizing numbers)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Phone } from "effect-sms"
 *
 * Effect.runSync(Phone.normalizePhone("418-555-1234", "CA")) // => "+14185551234"
 * Effect.runSync(Phone.normalizePhone("+1 (418) 555-1234")) // => "+14185551234"
 * Effect.runSync(Phone.normalizePhone("14185551234")) // => "+14185551234"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const normalizePhone = (
  number: string,
  defaultRegion: string = "US"
): Effect.Effect<PhoneNumber, InvalidPhoneNumber> => {
  if (!isSupportedCountry(defaultRegion)) {
    return Effect.fail(
      new InvalidPhoneNumber({
        region: /^[a-z]{2}$/i.test(defaultRegion) ? defaultRegion : "",
        expected: "an ISO 3166-1 alpha-2 region code"
      })
    )
  }
  const normalized = normalize(number, defaultRegion)
  return normalized === undefined
    ? Effect.fail(new InvalidPhoneNumber({ region: defaultRegion, expected: "a phone number valid in the region" }))
    : Effect.succeed(normalized)
}

/**
 * Returns whether {@link normalizePhone} would succeed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValidPhone = (number: string, defaultRegion: string = "US"): boolean =>
  isSupportedCountry(defaultRegion) && normalize(number, defaultRegion) !== undefined
