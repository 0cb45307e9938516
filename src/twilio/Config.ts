import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { ReceiveOptions } from "../provider/Receiving.ts"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * Options of a provider that only receives.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = ReceiveOptions & {
  /**
   * The primary auth token of the account that owns the number, or several
   * during a rotation. Twilio signs with no other secret: a secondary token
   * verifies only once it is promoted, and an API key never does.
   */
  readonly authToken: Secrets
  /**
   * The accounts whose webhooks are accepted: `AC…`. Those of another account,
   * which shares the auth token or has one of several, are refused. By default
   * the account that sends, or any for a provider that only receives.
   */
  readonly webhookAccounts?: ReadonlyArray<string> | undefined
  /** The account that sends: `AC…`. */
  readonly accountSid?: string | undefined
  /** The name in the registry. `twilio` by default. */
  readonly name?: string | undefined
}

/**
 * Options for sending through Twilio
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 *
 * Requests are authenticated with the API key, or with the first auth token if
 * there is no API key. One of the two is required.
 *
 * @category models
 * @since 0.1.0
 */
export type SenderOptions = SendOptions & {
  /** The name in the registry. `twilio` by default. */
  readonly name?: string | undefined
  /** The account that sends: `AC…`. */
  readonly accountSid: string
  /** The auth token of the account. */
  readonly authToken?: Secrets | undefined
  /** An API key to authenticate requests with, instead of the auth token. */
  readonly apiKey?: { readonly sid: string; readonly secret: Redacted.Redacted<string> } | undefined
  /** The messaging service that sends, and that chooses a sender for messages without one. Required for scheduling. */
  readonly messagingServiceSid?: string | undefined
  /** The URL for Twilio's delivery reports on messages without a `statusCallback`. */
  readonly statusCallback?: string | undefined
  /** How long Twilio may try to send: 1 second to 10 hours, which is its default. */
  readonly validityPeriod?: Duration.Input | undefined
  /**
   * The region of an account outside the United States, and its edge, such as
   * `ie1` and `dublin`. Both are required, because Twilio closed the hosts that
   * contain only the region
   * (https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region).
   */
  readonly location?: { readonly region: string; readonly edge: string } | undefined
}

/**
 * Options of a provider that receives and sends.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookOptions & SenderOptions
