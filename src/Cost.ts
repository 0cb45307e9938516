/**
 * The charges of carriers.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Amount from "./internal/amount.ts"

/**
 * Returns whether a text is a decimal number.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAmount = (text: string): boolean => Amount.isAmount(text)

/**
 * An amount of money.
 *
 * @category models
 * @since 0.1.0
 */
export type Cost = typeof Cost.Type

/**
 * Schema of {@link Cost}. The amount stays a decimal text such as `0.0040`, which
 * a floating-point number cannot represent exactly.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Cost = Schema.Struct({
  amount: Schema.String.check(Schema.isPattern(Amount.amount)),
  /** The ISO 4217 code, if the carrier gives one. */
  currency: Schema.optionalKey(Schema.NonEmptyString)
})
