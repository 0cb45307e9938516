/**
 * Addresses of message senders and recipients.
 *
 * Carriers use the same field for three kinds of address: an E.164 number, a
 * short code (`12345`) and an alphanumeric sender id (`ACME`). Twilio adds
 * channel addresses such as `whatsapp:+14185551234`. Addresses are kept as sent
 * and never coerced to E.164.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as PhoneNumber from "./PhoneNumber.ts"

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
 * @category getters
 * @since 0.1.0
 */
export const kind = (address: Address): Kind => {
  if (Schema.is(PhoneNumber.PhoneNumber)(address)) return "PhoneNumber"
  if (/^\d{3,8}$/.test(address)) return "ShortCode"
  return /^[a-z]+:./.test(address) ? "ChannelAddress" : "SenderId"
}

/**
 * Parses an address from a carrier that writes numbers as digits with the
 * country code (Sinch, VoiceMeUp). Seven to fifteen digits become an E.164
 * number; any other value is kept. The value must not be empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCarrierDigits = (value: string): Address =>
  Option.match(PhoneNumber.fromDigits(value), {
    // A phone number is never empty, which is the only constraint of an address.
    onSome: (number) => number as string as Address,
    onNone: () => Address.make(value)
  })

/**
 * Formats an address for a carrier that writes numbers as digits: an E.164
 * number without its `+`, any other address unchanged.
 *
 * @category getters
 * @since 0.1.0
 */
export const toCarrierDigits = (address: Address): string =>
  kind(address) === "PhoneNumber" ? address.slice(1) : address
