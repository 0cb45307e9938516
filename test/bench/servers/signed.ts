/**
 * The crypto of Twilio's signature, as one writes it without a library.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import querystring from "node:querystring"
import { authToken, url } from "./listening.ts"

export const isSigned = (signature: string, body: string): boolean => {
  const form = querystring.parse(body)
  let text = url
  for (const name of Object.keys(form).sort()) text += `${name}${String(form[name])}`
  const expected = createHmac("sha1", authToken).update(text).digest()
  const given = Buffer.from(signature, "base64")
  return given.length === expected.length && timingSafeEqual(given, expected)
}
