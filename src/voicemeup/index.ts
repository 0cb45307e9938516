/**
 * VoiceMeUp: a form to send with, and unsigned webhooks, so a secret in the
 * callback URL, as JSON or forms, with an MMS split into parts.
 *
 * @since 0.1.0
 */
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export * from "./Meta.ts"
export * from "./Provider.ts"
export { callbackUrl } from "./Signature.ts"
