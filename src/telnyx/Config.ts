import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * Options of receiving from Telnyx.
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

/**
 * Options of sending through Telnyx
 * (https://developers.telnyx.com/api-reference/messages/send-a-message).
 *
 * @category models
 * @since 0.1.0
 */
export type SenderOptions = SendOptions & {
  /** The name in the registry. `telnyx` by default. */
  readonly name?: string | undefined
  /** The API key (v2) of the account. */
  readonly apiKey: Redacted.Redacted<string>
  /**
   * The messaging profile that sends. With its number pool it chooses the
   * sender of messages that have none, and alphanumeric senders need it.
   */
  readonly messagingProfileId?: string | undefined
  /**
   * Where Telnyx reports the delivery of messages that name no place of their
   * own. Without it, at the URL of the messaging profile.
   */
  readonly statusCallback?: string | undefined
}

/**
 * Options of a provider that receives and sends.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookOptions & SenderOptions
