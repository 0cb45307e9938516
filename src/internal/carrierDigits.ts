const number = /^\+[1-9]\d{6,14}$/

/**
 * Returns the address of what a carrier writes: digits that begin with a country
 * code become a phone number, and anything else stays as it is.
 */
export const fromCarrierDigits = (value: string): string => {
  const signed = value.startsWith("+") ? value : `+${value}`
  return number.test(signed) ? signed : value
}
