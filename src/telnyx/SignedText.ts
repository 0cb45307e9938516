/**
 * What a Telnyx signature is made over.
 */
import * as Bytes from "../internal/bytes.ts"

/**
 * The timestamp, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 * The other separators are for finding out what went wrong.
 */
export const signedText = (timestamp: string, body: Uint8Array, separator: "|" | "." = "|"): Uint8Array =>
  Bytes.concat([Bytes.fromText(timestamp + separator), body])
