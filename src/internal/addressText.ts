/**
 * Parses addresses that people or carriers write, as plain texts.
 */
import * as NumberForms from "./numberForms.ts"
import * as PhoneText from "./phoneText.ts"
import { isUserId } from "./userId.ts"

/** Returns whether a text is an E.164 phone number. */
export const isPhoneNumber = (text: string | undefined): text is string =>
  text !== undefined && /^\+[1-9]\d{6,14}$/.test(text)

const startsWithSign = (text: string): boolean => /^[^\p{L}\p{N}]*[+\uFF0B]/u.test(text)

/** Tells a phone number, well written or not, from a sender id such as `Acme 24`. */
const looksLikeNumber = (text: string): boolean =>
  !/\p{L}/u.test(text) || startsWithSign(text) || text.replaceAll(/\P{Nd}+/gu, "").length > 6

const readNumber = (text: string): string | undefined => {
  if (isPhoneNumber(text)) return text
  const number = PhoneText.readInternational(text)
  return isPhoneNumber(number) ? NumberForms.withoutTrunkZero(number) : undefined
}

export const read = (text: string): string | undefined => {
  if (isPhoneNumber(text)) return text
  const trimmed = PhoneText.trimBlanks(text)
  const [, writtenScheme = "", name = ""] = /^([a-z]+):([^]*)$/i.exec(trimmed) ?? []
  const scheme = writtenScheme.toLowerCase()
  if (scheme === "" || scheme === "tel") {
    const cleaned = PhoneText.clean(text)
    if (cleaned !== undefined && /^\d{3,8}$/.test(cleaned)) return cleaned
    return readNumber(text) ?? (scheme === "tel" || looksLikeNumber(trimmed) ? undefined : trimmed)
  }
  const trimmedName = PhoneText.trimBlanks(name)
  const isUser = scheme === "whatsapp" && isUserId(trimmedName)
  const isNumber = !isUser && (scheme === "whatsapp" || startsWithSign(name))
  const address = isNumber ? readNumber(name) : trimmedName
  return address === undefined || address === "" ? undefined : `${scheme}:${address}`
}

/** Returns the form that all forms of an address have in common. */
export const canonical = (address: string): string => {
  if (isPhoneNumber(address)) return NumberForms.canonicalNumber(address)
  const found = /\d/.test(address) ? read(address) ?? address : address
  const name = found.slice(found.indexOf(":") + 1)
  return isPhoneNumber(name) ? found.slice(0, -name.length) + NumberForms.canonicalNumber(name) : address
}
