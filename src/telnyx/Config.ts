import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { ReceiveOptions } from "../provider/Receiving.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * Options for receiving from Telnyx.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = ReceiveOptions & {
  /**
   * The public key of the account, as the portal shows it under Keys &
   * Credentials: the Base64 of 32 bytes. Several during a rotation.
   */
  readonly publicKey: string | ReadonlyArray<string>
  /**
   * The maximum difference between the signed timestamp and the current time,
   * in either direction. Five minutes by default, as Telnyx recommends
   * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
   */
  readonly tolerance?: Duration.Input | undefined
  /** The name in the registry. `telnyx` by default. */
  readonly name?: string | undefined
}

/**
 * Options for sending through Telnyx
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
   * The messaging profile that sends. Its number pool chooses a sender for
   * messages without one. Required for alphanumeric senders.
   */
  readonly messagingProfileId?: string | undefined
  /**
   * The URL for Telnyx's delivery reports on messages without a
   * `statusCallback`. By default, Telnyx uses the URL of the messaging profile.
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
