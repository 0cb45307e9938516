const digits = /^[1-9]\d{6,14}$/

/**
 * Returns the address of what a carrier writes: digits that begin with a country
 * code become a phone number, and anything else stays as it is.
 */
export const fromCarrierDigits = (value: string): string => digits.test(value) ? `+${value}` : value
