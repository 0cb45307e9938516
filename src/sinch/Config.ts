import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { ReceiveOptions } from "../provider/Receiving.ts"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * The scheme that verifies Sinch's webhooks.
 *
 * - `HmacSha256`: the headers `x-sinch-webhook-signature`, `-timestamp`,
 *   `-nonce`. The only scheme that Sinch's SDKs support for SMS
 * - `HmacSha1`: the header `X-Sinch-Signature`, which Sinch's Numbers API
 *   sends, and gateways that re-sign for Sinch
 * - `None`: no signature is verified. Use `guards` to identify the caller
 *
 * Sinch does not sign SMS callbacks until the account manager switches it on
 * for the service plan (https://developers.sinch.com/docs/sms/release-notes/).
 * No scheme is right for every account, so there is no default.
 *
 * @category models
 * @since 0.1.0
 */
export type Verification =
  | {
    readonly scheme: "HmacSha256"
    /** The secret configured at Sinch, as text, or several during a rotation. */
    readonly secret: Secrets
    /**
     * The maximum clock difference of the signed timestamp, in either
     * direction. By default a callback is refused when it was signed more than
     * 47 hours ago: until then a kit remembers its idempotency key, by which it
     * recognizes a replay (`keyTimeToLive`, 48 hours). Sinch redelivers a failed
     * callback for more than 22 hours
     * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/)
     * and does not document whether it signs the redelivery again, while a
     * refused callback is never redelivered. A narrow tolerance could therefore
     * lose messages permanently.
     */
    readonly tolerance?: Duration.Input | undefined
  }
  | {
    readonly scheme: "HmacSha1"
    /** The secret, as text, or several during a rotation. */
    readonly secret: Secrets
  }
  | { readonly scheme: "None" }

/**
 * Options for receiving from Sinch.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = ReceiveOptions & {
  /** The verification of webhooks: {@link hmacSha256}, {@link hmacSha1} or {@link unsigned}. */
  readonly verification: Verification
  /** The name in the registry. `sinch` by default. */
  readonly name?: string | undefined
}

/**
 * The delivery reports that Sinch posts for a message
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 *
 * - `per_recipient`: every status change
 * - `per_recipient_final`: the terminal status
 * - `full`: the terminal status, with a list of recipients
 * - `summary`: the terminal status, as counts. It contains no recipient, so it
 *   cannot be matched to a message
 * - `none`: nothing
 *
 * @category models
 * @since 0.1.0
 */
export type DeliveryReport = "none" | "summary" | "full" | "per_recipient" | "per_recipient_final"

/**
 * Options for sending through Sinch
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Batches/).
 *
 * @category models
 * @since 0.1.0
 */
export type SenderOptions = SendOptions & {
  /** The name in the registry. `sinch` by default. */
  readonly name?: string | undefined
  readonly servicePlanId: string
  /** The API token of the service plan. */
  readonly apiToken: Redacted.Redacted<string>
  /**
   * The region of the service plan. A plan exists in one region only, so there
   * is no default.
   */
  readonly region: "us" | "eu" | "au" | "br" | "ca"
  /**
   * The delivery reports to request for each message. `per_recipient` by
   * default. Sinch posts no report unless the message requests one, and refuses
   * a message that requests one when neither the service plan nor the message
   * has a callback URL (`NotEnabled`, with the code `missing_callback_url`). In
   * that case set `statusCallback`, or request `none`.
   */
  readonly deliveryReport?: DeliveryReport | undefined
  /**
   * The URL for Sinch's delivery reports on messages without a
   * `statusCallback`. By default, Sinch uses the URL of the service plan.
   */
  readonly statusCallback?: string | undefined
  /**
   * Whether the service plan has a callback URL. `true` by default. With
   * `false`, a message that has no `statusCallback` asks for no report, because
   * Sinch would refuse it.
   */
  readonly planHasCallback?: boolean | undefined
  /** How long Sinch may try to send: at most 3 days, which is its default. */
  readonly validityPeriod?: Duration.Input | undefined
  /**
   * Whether the account has a default originator, which Sinch uses as the
   * sender of messages without one. `false` by default.
   */
  readonly defaultOriginator?: boolean | undefined
}

/**
 * Verifies `x-sinch-webhook-signature`.
 *
 * **Example** (A secret from the environment)
 *
 * ```ts
 * import { Config } from "effect"
 * import { Sinch } from "effect-sms"
 *
 * export const SinchLive = Sinch.layerWebhookConfig({
 *   verification: Config.map(Config.Redacted("SINCH_WEBHOOK_SECRET"), (secret) => Sinch.hmacSha256(secret))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const hmacSha256 = (
  secret: Secrets,
  options?: { readonly tolerance?: Duration.Input | undefined }
): Verification => ({ scheme: "HmacSha256", secret, tolerance: options?.tolerance })

/**
 * Verifies `X-Sinch-Signature`, in lower-case hex or in Base64. A request with
 * the headers of {@link hmacSha256} is refused, so that an attacker cannot
 * choose the weaker scheme.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hmacSha1 = (secret: Secrets): Verification => ({ scheme: "HmacSha1", secret })

/**
 * Disables the verification of signatures. Without `guards`, anyone who knows the
 * callback URL can forge messages.
 *
 * **Example** (A secret in the callback URL)
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { Sinch, WebhookGuard } from "effect-sms"
 *
 * export const SinchLive = Sinch.layerWebhook({
 *   verification: Sinch.unsigned,
 *   guards: [WebhookGuard.token({ token: Redacted.make("…") })]
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const unsigned: Verification = { scheme: "None" }

/**
 * Options of a provider that receives and sends.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = WebhookOptions & SenderOptions
