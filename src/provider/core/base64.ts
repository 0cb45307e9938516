/**
 * Compares Base64 texts. A text that is not canonical, which stands for the same
 * bytes as another, never equals that one.
 */

/** Matches the canonical Base64 of twenty bytes. The last character before the padding has four bits. */
export const twentyBytes = /^[A-Za-z\d+/]{26}[AEIMQUYcgkosw048]=$/

/** Matches the canonical Base64 of 32 bytes. */
export const thirtyTwoBytes = /^[A-Za-z\d+/]{42}[AEIMQUYcgkosw048]=$/

/** Compares two texts in a time that depends on their lengths only. */
export const equals = (one: string, other: string): boolean => {
  if (one.length !== other.length) return false
  let difference = 0
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return difference === 0
}
