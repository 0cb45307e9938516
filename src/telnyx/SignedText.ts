/**
 * The text that Telnyx signs.
 */
import * as Bytes from "../internal/bytes.ts"

/**
 * Builds the signed text: the timestamp, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 * The other separator is only used to diagnose a mismatch.
 */
export const signedText = (timestamp: string, body: Uint8Array, separator: "|" | "." = "|"): Uint8Array =>
  Bytes.concat([Bytes.fromText(timestamp + separator), body])
