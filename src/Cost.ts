/**
 * What a carrier charges.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const amount = /^-?\d{1,30}(\.\d{1,30})?$/

/**
 * Whether a text is a decimal number.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAmount = (text: string): boolean => amount.test(text)

/**
 * An amount of money.
 *
 * @category models
 * @since 0.1.0
 */
export type Cost = typeof Cost.Type

/**
 * Schema of {@link Cost}. The amount stays a decimal text, as `0.0040`: binary
 * fractions cannot hold it exactly.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cost = Schema.Struct({
  amount: Schema.String.check(Schema.isPattern(amount)),
  /** The ISO 4217 code, where the carrier gives one. */
  currency: Schema.optionalKey(Schema.NonEmptyString)
})
