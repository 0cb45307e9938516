/**
 * The form by which a person is recognized, however a carrier or a caller
 * writes the number.
 */
import { type Address, canonical, fromCarrierDigits } from "../Address.ts"

const isNumber = (address: Address): boolean => /^(?:[a-z]+:)?\+?\d+$/.test(address)

/** Carriers write a number with or without `+`, or after a scheme: only its digits count. */
export const personOf = (address: Address): string => {
  const form = canonical(fromCarrierDigits(address))
  return isNumber(form) ? form.replaceAll(/\D/g, "") : form
}
