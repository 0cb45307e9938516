/**
 * What a Telnyx signature is made over.
 */
import { signedBytes, signedPieces } from "../internal/secrets.ts"

/**
 * The timestamp, a `|` and the body, byte for byte
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 * The other separators are for finding out what went wrong.
 */
export const signedText = (timestamp: string, body: Uint8Array, separator: "|" | "." = "|"): Uint8Array =>
  signedPieces([signedBytes(timestamp + separator), body])
