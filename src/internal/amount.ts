/** Matches a decimal number. */
export const amount = /^-?\d{1,30}(\.\d{1,30})?$/

export const isAmount = (text: string): boolean => amount.test(text)
