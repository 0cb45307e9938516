/**
 * Reads phone numbers that people write.
 *
 * A national number means nothing without its country, so every function takes
 * a region, and the region is tried first. Only a number of eleven or more
 * digits that the region cannot explain is read as if it began with a country
 * code. Tried the other way round, a Vancouver number is a Malaysian one.
 *
 * The numbering plans are libphonenumber's `max` metadata, which knows valid
 * numbers and not only valid lengths. It is large: import this module only
 * where it is needed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/max"
import { PhoneNumber } from "./PhoneNumber.ts"

/**
 * The text is not a phone number in the region. The error does not repeat the
 * text: it may be somebody's number.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPhoneNumber extends Schema.TaggedError<InvalidPhoneNumber>()("InvalidPhoneNumber", {
  /** The region that was tried. Empty when what was given does not look like one: it may be somebody's number. */
  region: Schema.String,
  /** What was expected and not found. */
  expected: Schema.Literals(["a phone number valid in the region", "an ISO 3166-1 alpha-2 region code"])
}) {
  override get message(): string {
    return `Expected ${this.expected} (region ${JSON.stringify(this.region)})`
  }
}

// The longest number in circulation is 15 digits; the rest is room for
// separators. A bound keeps the cost of hostile input small.
const maxLength = 64

const parse = (text: string, region?: CountryCode): PhoneNumber | undefined => {
  const parsed = parsePhoneNumberFromString(text, { ...(region && { defaultCountry: region }), extract: false })
  // German and Nigerian plans know numbers of more than fifteen digits, which E.164 does not.
  return parsed?.isValid() === true ? Option.getOrUndefined(PhoneNumber.makeOption(parsed.number)) : undefined
}

// Digits and what people put between them. Other text with digits in it is not a number.
const digitsAndSeparators = /^[\d\s().,/\p{Pd}]+$/u

const normalize = (text: string, region: CountryCode): PhoneNumber | undefined => {
  if (text.length > maxLength) return undefined
  const inRegion = parse(text, region)
  if (inRegion !== undefined || text.trimStart().startsWith("+")) return inRegion
  const digits = digitsAndSeparators.test(text) ? text.replaceAll(/\D/g, "") : ""
  return digits.length >= 11 ? parse(`+${digits}`) : undefined
}

/**
 * The E.164 form of a phone number written in any common way.
 *
 * `defaultRegion` is an ISO 3166-1 alpha-2 code: the country of numbers that
 * do not name theirs.
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
 * Whether {@link normalizePhone} would succeed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isValidPhone = (number: string, defaultRegion: string = "US"): boolean =>
  isSupportedCountry(defaultRegion) && normalize(number, defaultRegion) !== undefined
