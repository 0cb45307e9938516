/**
 * Twilio Programmable Messaging: webhooks signed with HMAC-SHA1, as forms.
 *
 * @since 0.1.0
 */
export * from "./Config.ts"
export * from "./Meta.ts"
export * from "./Provider.ts"
export { sign } from "./Signature.ts"
