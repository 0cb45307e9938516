/**
 * Sinch SMS REST API: batches to send with, and webhooks as JSON, signed where
 * the account manager has switched it on.
 *
 * @since 0.1.0
 */
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export * from "./Meta.ts"
export * from "./Provider.ts"
export { signHmacSha1, signHmacSha256 } from "./Signature.ts"
