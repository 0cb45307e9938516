import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * Options of a provider that only receives.
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

/**
 * Options of sending through Twilio
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 *
 * Requests are made with the API key, or else with the first auth token: one of
 * the two has to be there.
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
  /** An API key to make requests with, in the place of the auth token. */
  readonly apiKey?: { readonly sid: string; readonly secret: Redacted.Redacted<string> } | undefined
  /** The messaging service that sends, and chooses the sender of messages that have none. Scheduling needs it. */
  readonly messagingServiceSid?: string | undefined
  /** Where Twilio reports the delivery of messages that name no place of their own. */
  readonly statusCallback?: string | undefined
  /** How long Twilio may try to send: 1 second to 10 hours, which is its default. */
  readonly validityPeriod?: Duration.Input | undefined
  /**
   * Where the account lives, when that is not the United States: a region and
   * its edge, as `ie1` and `dublin`. Both, because Twilio closed the hosts that
   * name the region alone
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
