/**
 * Addresses of message senders and recipients.
 *
 * Carriers put three things in the same field: an E.164 number, a short code
 * (`12345`) and an alphanumeric sender id (`ACME`). Twilio adds channel
 * addresses such as `whatsapp:+14185551234`. All of them are kept as sent; an
 * address is never forced into E.164. Only {@link fromText}, for what a person
 * typed, changes one.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AddressText from "./internal/addressText.ts"
import * as CarrierDigits from "./internal/carrierDigits.ts"

/**
 * A non-empty sender or recipient address, as the carrier wrote it.
 *
 * @category models
 * @since 0.1.0
 */
export type Address = typeof Address.Type

/**
 * Schema of {@link Address}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Address = Schema.NonEmptyString.pipe(Schema.brand("Address"))

/**
 * The kind of an address. A channel address is a scheme and a number, as in
 * `whatsapp:+14185551234`.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "PhoneNumber" | "ShortCode" | "SenderId" | "ChannelAddress"

/**
 * Classifies an address by its form alone: `+` and digits is a phone number,
 * three to eight digits are a short code, a scheme and a colon make a channel
 * address, and anything else is a sender id.
 *
 * **Example** (Classifying addresses)
 *
 * ```ts run
 * import { Address } from "effect-sms"
 *
 * Address.kind(Address.Address.make("+15145550142")) // => "PhoneNumber"
 * Address.kind(Address.Address.make("12345")) // => "ShortCode"
 * Address.kind(Address.Address.make("whatsapp:+15145550142")) // => "ChannelAddress"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const kind = (address: Address): Kind => {
  if (AddressText.isPhoneNumber(address)) return "PhoneNumber"
  if (/^\d{3,8}$/.test(address)) return "ShortCode"
  return /^[a-z]+:./.test(address) ? "ChannelAddress" : "SenderId"
}

/**
 * Reads an address that a person typed or pasted.
 *
 * **Details**
 *
 * - A phone number must have its country code, after a `+` or in the
 *   `phone-context` of a `tel:` URI; `sms:` and `callto:` are read like it.
 *   Blanks, punctuation, invisible characters and full-width forms are cleaned as in `Phone.normalizePhone`; the result is
 *   E.164. What is dialled within a country is left out, as the zero in
 *   `+44 (0)7911 123456`. No numbering plan is consulted.
 * - A short code, three to eight digits without separators, loses what is
 *   around it.
 * - The number of a channel address, as in `whatsapp:+1 418 555 1234`, is
 *   cleaned in the same way. Its scheme becomes lower case. WhatsApp also
 *   addresses a person by a user ID, as in `whatsapp:US.13491208655302741918`.
 * - A sender id loses the blanks and invisible characters around it.
 *
 * Returns `None` for a phone number without its country code or that is
 * written wrong, for one with a label, as `Mobile: +1 418 555 1234`, and for
 * text that is no address.
 *
 * **Example** (Reading a pasted number)
 *
 * ```ts run
 * import { Option } from "effect"
 * import { Address } from "effect-sms"
 *
 * Option.getOrUndefined(Address.fromText(" (+1) 418 555-1234\n")) // => "+14185551234"
 * Option.getOrUndefined(Address.fromText("whatsapp:+1 418-555-1234")) // => "whatsapp:+14185551234"
 * Option.isNone(Address.fromText("418-555-1234")) // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromText = (text: string): Option.Option<Address> =>
  Option.flatMap(Option.fromUndefinedOr(AddressText.read(text)), Address.makeOption)

/**
 * Returns the form by which addresses are compared: two addresses denote the
 * same phone if their canonical forms are equal.
 *
 * **Details**
 *
 * A number in another spelling becomes E.164. In some countries one phone has
 * two numbers: Mexico with and without the 1 after the country code, Argentina
 * with and without the 9, Brazil with and without the ninth digit, Benin with
 * and without 01. Each has one canonical form. The scheme of a channel address
 * stays. Any other address is returned unchanged.
 *
 * **Gotchas**
 *
 * Do not send to the canonical form: the carrier may know the other one only.
 *
 * **Example** (Comparing addresses)
 *
 * ```ts run
 * import { Address } from "effect-sms"
 *
 * Address.canonical(Address.Address.make("+5215512345678")) // => "+525512345678"
 * Address.canonical(Address.Address.make("whatsapp:+551187654321")) // => "whatsapp:+5511987654321"
 * Address.canonical(Address.Address.make("ACME")) // => "ACME"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const canonical = (address: Address): Address => AddressText.canonical(address) as Address

/**
 * Reads the address in a payload of a carrier that is known to write numbers as
 * digits with the country code (Sinch, VoiceMeUp). Seven to fifteen digits
 * become an E.164 number, and anything else is kept. The value must not be
 * empty.
 *
 * **Gotchas**
 *
 * Nothing is guessed and nothing is cleaned: a national number without its
 * country code would become a number of another country. For text that a
 * person wrote use {@link fromText}, or `Phone.normalizePhone` with a region.
 *
 * **Example** (Reading and writing digits)
 *
 * ```ts run
 * import { Address } from "effect-sms"
 *
 * const address = Address.fromCarrierDigits("15145550142")
 * address // => "+15145550142"
 * Address.toCarrierDigits(address) // => "15145550142"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCarrierDigits = (value: string): Address => Address.make(CarrierDigits.fromCarrierDigits(value))

/**
 * Formats an address for a carrier that writes numbers as digits: an E.164
 * number without its `+`, any other address unchanged.
 *
 * @category getters
 * @since 0.1.0
 */
export const toCarrierDigits = (address: Address): string =>
  kind(address) === "PhoneNumber" ? address.slice(1) : address
