import type * as Redacted from "effect/Redacted"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * How a webhook proves that it comes from VoiceMeUp. VoiceMeUp signs nothing,
 * so there is no default: either the callback URL holds a secret, or the
 * application says that it does without.
 *
 * - `Token`: a secret in the query of the callback URL. Make it long and
 *   random, and serve the URL over HTTPS only. It proves who calls, not what
 *   was sent: the body is not covered, and whoever reads an access log with
 *   full URLs can call too. {@link callbackUrl} builds the URL to enter in the
 *   portal.
 * - `None`: everybody who knows the URL can send messages. For a server that
 *   only a trusted proxy reaches, and for trials.
 *
 * @category models
 * @since 0.1.0
 */
export type Verification =
  | {
    readonly scheme: "Token"
    /** The secret, or several while one is being replaced. */
    readonly token: Secrets
    /** The query parameter that holds it. `token` by default. */
    readonly parameter?: string | undefined
  }
  | { readonly scheme: "None" }

/**
 * Options of receiving from VoiceMeUp.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = {
  readonly verification: Verification
  /**
   * The IANA name of the zone that VoiceMeUp writes its times in, for example
   * `America/Toronto`. Its times name no zone and VoiceMeUp documents none, so
   * without this option `receivedAt` is absent and the time stays text in the
   * metadata.
   */
  readonly timeZone?: string | undefined
  /** The name in the registry. `voicemeup` by default. */
  readonly name?: string | undefined
}

/**
 * Options of sending through VoiceMeUp. VoiceMeUp publishes no reference of its
 * API, so the limits are those of its one public client.
 *
 * Sending has no schedule, no validity, no callback and no reference, and
 * VoiceMeUp reports no delivery. It refuses a message that it has in its queue
 * already (`DuplicateMessage`), also when it is meant: the same text twice.
 *
 * @category models
 * @since 0.1.0
 */
export type SenderOptions = SendOptions & {
  /** The name in the registry. `voicemeup` by default. */
  readonly name?: string | undefined
  /** The name of the user that sends. */
  readonly username: string
  /** The token of that user. */
  readonly authToken: Redacted.Redacted<string>
  /** Which of VoiceMeUp's two hosts is asked. `production` by default. */
  readonly environment?: "production" | "sandbox" | undefined
}

/**
 * Options of a provider that receives and sends.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookOptions & SenderOptions
