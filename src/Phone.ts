/**
 * Reads phone numbers that people type or paste.
 *
 * A national number means nothing without its country, so every function takes
 * a region. A number that does not begin with `+` is read in the region alone,
 * as in Google's libphonenumber: with the region's prefix for calls abroad, or
 * with its own country code. No other country code is guessed, since a US
 * number with one digit typed twice is often a valid number elsewhere. Digits
 * that are known to begin with a country code, as in the webhooks of some
 * carriers, are for `PhoneNumber.fromDigits` and `Address.fromCarrierDigits`.
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
import * as PhoneText from "./internal/phoneText.ts"
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

/** Reads digits, after a `+` or not. `libphonenumber-js` never sees other text: see `internal/phoneText`. */
const parse = (digits: string, region: CountryCode): PhoneNumber | undefined => {
  const parsed = parsePhoneNumberFromString(digits, { defaultCountry: region, extract: false })
  // German and Nigerian plans know numbers of more than fifteen digits, which E.164 does not.
  return parsed?.isValid() === true ? Option.getOrUndefined(PhoneNumber.makeOption(parsed.number)) : undefined
}

const normalize = (text: string, region: CountryCode): PhoneNumber | undefined => {
  const read = PhoneText.read(text)
  return read === undefined || read.others.some((digits) => parse(digits, region) !== undefined)
    ? undefined
    : parse(read.number, region)
}

/**
 * Returns the E.164 form of a phone number written in any common way.
 *
 * `defaultRegion` is an ISO 3166-1 alpha-2 code: the country of numbers that
 * do not name theirs.
 *
 * **Details**
 *
 * Blanks, quotes and punctuation around the number, invisible characters,
 * full-width forms, Arabic digits, `tel:` URIs with their `phone-context`, `sms:` URIs, and
 * letters on the keypad are read as Google's libphonenumber reads them. An
 * extension is left out.
 *
 * **Gotchas**
 *
 * The text must be one number. Fails for a number inside a sentence, for two
 * numbers, and for more than 64 characters.
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
 * Effect.runSync(Phone.normalizePhone("tel:418-555-1234;phone-context=+1", "DE")) // => "+14185551234"
 * Effect.runSync(Phone.normalizePhone("1-800-FLOWERS")) // => "+18003569377"
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
 * **Example** (Checking a number)
 *
 * ```ts run
 * import { Phone } from "effect-sms"
 *
 * Phone.isValidPhone("418-555-1234", "CA") // => true
 * Phone.isValidPhone("555-1234", "CA") // => false
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isValidPhone = (number: string, defaultRegion: string = "US"): boolean =>
  isSupportedCountry(defaultRegion) && normalize(number, defaultRegion) !== undefined
