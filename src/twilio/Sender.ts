/**
 * The addresses of the person who sent a WhatsApp message. Beside `From`, Twilio
 * gives `WaId`, the number as WhatsApp writes it, and `ExternalUserId`, the
 * business-scoped user ID, which WhatsApp also gives in place of a number that
 * the person hides
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/).
 */
import { Address, canonical } from "../Address.ts"
import type { Payload } from "../Payload.ts"
import * as Wire from "../provider/Wire.ts"

const scheme = "whatsapp:"

const userIdOf = (payload: Payload): Address | undefined => {
  const id = Wire.ownString(payload, "ExternalUserId")
  return id === undefined ? undefined : Address.make(id.startsWith(scheme) ? id : `${scheme}${id}`)
}

/** Returns the payload with the user ID as its sender where it has no other. */
export const withSender = (payload: Payload): Payload => {
  const from = Wire.ownString(payload, "From")
  const userId = userIdOf(payload)
  return (from === undefined || from === scheme) && userId !== undefined ? { ...payload, From: userId } : payload
}

/** Returns the other addresses of a sender, none of which is another form of the sender's own. */
export const aliasesOf = (sender: Address, payload: Payload): ReadonlyArray<Address> => {
  if (!sender.startsWith(scheme)) return []
  const digits = Wire.ownString(payload, "WaId")
  const number = digits !== undefined && /^\d{7,15}$/.test(digits) ? Address.make(`${scheme}+${digits}`) : undefined
  return [number, userIdOf(payload)]
    .filter((address) => address !== undefined)
    .filter((address) => canonical(address) !== canonical(sender))
}
