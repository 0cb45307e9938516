/**
 * Parses addresses that people or carriers write, as plain texts.
 */
import * as NumberForms from "./numberForms.ts"
import * as PhoneText from "./phoneText.ts"
import { isUserId } from "./userId.ts"

export const isPhoneNumber = NumberForms.isPhoneNumber

const startsWithSign = (text: string): boolean => /^[^\p{L}\p{N}]*[+\uFF0B]/u.test(text)

/** Tells a phone number, well written or not, from a sender id such as `Acme 24`. */
const looksLikeNumber = (text: string): boolean =>
  !/\p{L}/u.test(text) || startsWithSign(text) || text.replaceAll(/\P{Nd}+/gu, "").length > 6

/**
 * The schemes of calls, web addresses and labels of a contact card. None is a
 * channel of a carrier: `m: +1 514 555 0142` is a number with a label, not an
 * address on a channel.
 */
const otherSchemes =
  /^(?:[a-z]|telephone|phone|mobile|mob|cell|fax|home|work|office|call|facetime|sips?|https?|mailto)$/i

/** Returns whether a scheme, without its colon, is the one of a channel. */
export const isChannel = (scheme: string): boolean => !PhoneText.isScheme(scheme) && !otherSchemes.test(scheme)

const readNumber = (text: string): string | undefined => {
  const written = isPhoneNumber(text) ? text : PhoneText.readInternational(text)
  const number = written === undefined ? undefined : NumberForms.withoutTrunkPrefix(written)
  return isPhoneNumber(number) ? number : undefined
}

export const read = (text: string): string | undefined => {
  if (isPhoneNumber(text)) return NumberForms.withoutTrunkPrefix(text)
  const trimmed = PhoneText.trimBlanks(text)
  const [, writtenScheme = "", name = ""] = /^([a-z]+):([^]*)$/i.exec(trimmed) ?? []
  const scheme = writtenScheme.toLowerCase()
  if (scheme === "" || PhoneText.isScheme(scheme)) {
    const cleaned = PhoneText.clean(text)
    if (cleaned !== undefined && /^\d{3,8}$/.test(cleaned)) return cleaned
    return readNumber(text) ?? (scheme !== "" || looksLikeNumber(trimmed) ? undefined : trimmed)
  }
  if (!isChannel(scheme)) return undefined
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
