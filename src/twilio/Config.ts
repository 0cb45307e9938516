import type { Secrets } from "../internal/secrets.ts"

/**
 * Options of a Twilio provider that only receives.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = {
  /**
   * The primary auth token of the account that owns the number, or several
   * while one is being rotated. Twilio signs with no other secret: a secondary
   * token verifies only once it is promoted, and an API key never does.
   */
  readonly authToken: Secrets
  /** The name in the registry. `twilio` by default. */
  readonly name?: string | undefined
}
