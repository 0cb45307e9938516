/**
 * Twilio Programmable Messaging: the Message resource to send with, and
 * webhooks signed with HMAC-SHA1, as forms.
 *
 * @since 0.1.0
 */
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export * from "./Meta.ts"
export * from "./Provider.ts"
export { sign } from "./Signature.ts"
