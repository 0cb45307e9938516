/**
 * Addresses: who a message is from or to.
 *
 * Carriers put three things in the same field: an E.164 number, a short code
 * (`12345`) and an alphanumeric sender id (`ACME`). Twilio adds channel
 * addresses such as `whatsapp:+14185551234`. All of them are kept as sent; an
 * address is never forced into E.164.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as PhoneNumber from "./PhoneNumber.ts"

/**
 * A non-empty sender or recipient, as the carrier wrote it.
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
 * What an address looks like. A channel address is a scheme and a number, as
 * in `whatsapp:+14185551234`.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "PhoneNumber" | "ShortCode" | "SenderId" | "ChannelAddress"

/**
 * Tells the kinds of address apart by their form alone: `+` and digits is a
 * number, three to eight digits a short code, a scheme and a colon a channel
 * address, and everything else a sender id.
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
 * The address in a field of a carrier that writes numbers as digits with the
 * country code (Sinch, VoiceMeUp): seven to fifteen digits become an E.164
 * number, anything else is kept. The value must not be empty.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCarrierDigits = (value: string): Address =>
  Option.match(PhoneNumber.fromDigits(value), {
    // A number is not empty, and that is all that an address has to be.
    onSome: (number) => number as string as Address,
    onNone: () => Address.make(value)
  })

/**
 * The address as such a carrier takes it: an E.164 number without its `+`,
 * anything else as it is.
 *
 * @category getters
 * @since 0.1.0
 */
export const toCarrierDigits = (address: Address): string =>
  kind(address) === "PhoneNumber" ? address.slice(1) : address
