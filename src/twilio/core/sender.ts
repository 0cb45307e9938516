/**
 * The addresses of the person who sent a WhatsApp message. Beside `From`, Twilio
 * gives `WaId`, the number as WhatsApp writes it, and `ExternalUserId`, the
 * business-scoped user ID, which WhatsApp also gives in place of a number that
 * the person hides
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/).
 */
import { canonicalNumber } from "../../internal/numberForms.ts"
import type { Payload } from "../../Payload.ts"
import { ownString } from "../../provider/core/values.ts"

const scheme = "whatsapp:"

const userIdOf = (payload: Payload): string | undefined => {
  const id = ownString(payload, "ExternalUserId")
  return id === undefined ? undefined : id.startsWith(scheme) ? id : scheme + id
}

/** Returns the payload with the user ID as its sender where it has no other. */
export const withSender = (payload: Payload): Payload => {
  const from = ownString(payload, "From")
  if (from !== undefined && from !== scheme) return payload
  const userId = userIdOf(payload)
  return userId === undefined ? payload : { ...payload, From: userId }
}

/** Returns the form that all forms of a number have in common. WhatsApp writes those of some countries in an old one. */
const canonical = (address: string): string => {
  const number = address.slice(scheme.length)
  return /^\+[1-9]\d{6,14}$/.test(number) ? scheme + canonicalNumber(number) : address
}

/** Returns the other addresses of a sender, none of which is another form of the sender's own. */
export const aliasesOf = (sender: string, payload: Payload): ReadonlyArray<string> => {
  if (!sender.startsWith(scheme)) return []
  const digits = ownString(payload, "WaId")
  const number = digits !== undefined && /^\d{7,15}$/.test(digits) ? `${scheme}+${digits}` : undefined
  return [number, userIdOf(payload)]
    .filter((address) => address !== undefined)
    .filter((address) => canonical(address) !== canonical(sender))
}
