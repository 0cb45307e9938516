/**
 * Telnyx messaging: the messages API to send with, and webhooks signed with
 * Ed25519, as JSON.
 *
 * @since 0.1.0
 */
export * from "./Config.ts"
export * as Ed25519 from "./Ed25519.ts"
export { refusalOf } from "./Errors.ts"
export * from "./Meta.ts"
export * from "./Provider.ts"
export { generateKeyPair, sign } from "./Signature.ts"
