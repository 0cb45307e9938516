/**
 * What a Telnyx signature is made over.
 */
import { utf8 } from "../internal/secrets.ts"

/**
 * The timestamp, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 * The other separators are for finding out what went wrong.
 */
export const signedText = (timestamp: string, body: Uint8Array, separator: "|" | "." = "|"): Uint8Array => {
  const prefix = utf8(timestamp + separator)
  const bytes = new Uint8Array(prefix.length + body.length)
  bytes.set(prefix)
  bytes.set(body, prefix.length)
  return bytes
}
