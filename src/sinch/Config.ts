import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { Secrets } from "../provider/Secrets.ts"
import type { SendOptions } from "../provider/Sending.ts"

/**
 * How a webhook proves that Sinch sent it.
 *
 * - `HmacSha256`: the headers `x-sinch-webhook-signature`, `-timestamp`,
 *   `-nonce`. The only scheme that Sinch's SDKs know for SMS
 * - `HmacSha1`: the header `X-Sinch-Signature`, as Sinch's Numbers API sends
 *   it and as gateways that re-sign for Sinch do
 * - `None`: not at all
 *
 * Sinch does not sign SMS callbacks until the account manager switches it on
 * for the service plan (https://developers.sinch.com/docs/sms/release-notes/).
 * So there is no scheme that is right for every account, and no default.
 *
 * @category models
 * @since 0.1.0
 */
export type Verification =
  | {
    readonly scheme: "HmacSha256"
    /** The secret that Sinch was given, as text; several while one is being rotated. */
    readonly secret: Secrets
    /**
     * How far the signed time may be off, in either direction. Off by default:
     * Sinch repeats a failed callback for more than 22 hours
     * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/)
     * and does not say whether it signs a repetition anew, while a refused
     * callback is never repeated. A narrow window could thus lose messages for
     * good; without one, a replay is told by its idempotency key.
     */
    readonly tolerance?: Duration.Input | undefined
  }
  | {
    readonly scheme: "HmacSha1"
    /** The secret, as text; several while one is being rotated. */
    readonly secret: Secrets
  }
  | { readonly scheme: "None" }

/**
 * Options of receiving from Sinch.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookOptions = {
  /** How webhooks are verified: {@link hmacSha256}, {@link hmacSha1} or {@link unsigned}. */
  readonly verification: Verification
  /** The name in the registry. `sinch` by default. */
  readonly name?: string | undefined
}

/**
 * What Sinch reports about a message
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 *
 * - `per_recipient`: each change
 * - `per_recipient_final`: how it ended
 * - `full`: how it ended, as a list of recipients
 * - `summary`: how it ended, as a count. It names no recipient, so it is about
 *   no message in particular
 * - `none`: nothing
 *
 * @category models
 * @since 0.1.0
 */
export type DeliveryReport = "none" | "summary" | "full" | "per_recipient" | "per_recipient_final"

/**
 * Options of sending through Sinch
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
   * Where the service plan lives. It exists in no other region, so none is
   * right for everybody, and there is no default.
   */
  readonly region: "us" | "eu" | "au" | "br" | "ca"
  /**
   * What Sinch reports about each message. `per_recipient` by default. Sinch
   * itself reports nothing unless it is asked, and refuses a message that asks
   * while neither the service plan nor the message names a callback URL
   * (`NotEnabled`, with the code `missing_callback_url`): then name one here, or
   * ask for `none`.
   */
  readonly deliveryReport?: DeliveryReport | undefined
  /**
   * Where Sinch reports the delivery of messages that name no place of their
   * own. Without it, at the URL of the service plan.
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
   * Whether the account has a default originator, which is the sender of
   * messages that have none. `false` by default.
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
 * Verifies `X-Sinch-Signature`, in lower-case hex or in Base64. A request that
 * carries the headers of {@link hmacSha256} is refused, so that nobody can pick
 * the weaker scheme.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hmacSha1 = (secret: Secrets): Verification => ({ scheme: "HmacSha1", secret })

/**
 * Verifies nothing. Whoever knows the callback URL can then send messages in
 * anybody's name: use it only where something else authenticates the caller.
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
