import type * as Duration from "effect/Duration"

/**
 * Options of a Telnyx provider that only receives.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = {
  /**
   * The public key of the account, as the portal shows it under Keys &
   * Credentials: the Base64 of 32 bytes. Several while one is being replaced.
   */
  readonly publicKey: string | ReadonlyArray<string>
  /**
   * How far the signed time may lie from ours, in the past and in the future.
   * Five minutes by default, which is what Telnyx recommends
   * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
   */
  readonly tolerance?: Duration.Input | undefined
  /** The name in the registry. `telnyx` by default. */
  readonly name?: string | undefined
}
