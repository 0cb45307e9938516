import type * as Redacted from "effect/Redacted"
import type { ReceiveOptions } from "../provider/Receiving.ts"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * The scheme that verifies VoiceMeUp's webhooks. VoiceMeUp does not sign
 * webhooks, so there is no default: either the callback URL contains a secret,
 * or the application disables verification explicitly.
 *
 * - `Token`: a secret in the query of the callback URL. Make it long and
 *   random, and serve the URL over HTTPS only. The token identifies the caller
 *   but does not cover the body, and anyone who can read an access log with
 *   full URLs can use it. {@link callbackUrl} builds the URL to enter in the
 *   portal.
 * - `None`: anyone who knows the URL can forge messages. For a server that only
 *   a trusted proxy can reach, and for trials.
 *
 * @category models
 * @since 0.1.0
 */
export type Verification =
  | {
    readonly scheme: "Token"
    /** The secret, or several during a rotation. */
    readonly token: Secrets
    /** The query parameter that contains the secret. `token` by default. */
    readonly parameter?: string | undefined
  }
  | { readonly scheme: "None" }

/**
 * Options for receiving from VoiceMeUp.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = ReceiveOptions & {
  readonly verification: Verification
  /**
   * The IANA time zone of the times in VoiceMeUp's webhooks, for example
   * `America/Toronto`. The times have no zone and VoiceMeUp documents none, so
   * without this option `receivedAt` is absent and the time is kept as text in
   * the metadata.
   */
  readonly timeZone?: string | undefined
  /** The name in the registry. `voicemeup` by default. */
  readonly name?: string | undefined
}

/**
 * Options for sending through VoiceMeUp. VoiceMeUp publishes no API reference,
 * so the limits are those of its only public client.
 *
 * VoiceMeUp supports no scheduling, validity period, status callback or
 * reference, and posts no delivery reports. It refuses a message that is
 * already in its queue (`DuplicateMessage`), even when the same text is sent
 * twice on purpose.
 *
 * @category models
 * @since 0.1.0
 */
export type SenderOptions = SendOptions & {
  /** The name in the registry. `voicemeup` by default. */
  readonly name?: string | undefined
  /** The username of the account that sends. */
  readonly username: string
  /** The token of that user. */
  readonly authToken: Redacted.Redacted<string>
  /** Which of VoiceMeUp's two hosts to use. `production` by default. */
  readonly environment?: "production" | "sandbox" | undefined
}

/**
 * Options of a provider that receives and sends.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookOptions & SenderOptions
