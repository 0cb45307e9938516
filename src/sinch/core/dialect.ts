/** How Sinch sends webhooks, and how they are answered. */
import type { Bounds } from "../../provider/core/head.ts"
import { limitsOf, type Options as Common, type Secrets } from "../../provider/core/receive.ts"
import type { Reason } from "../../provider/core/refusal.ts"
import type { WebhookResponse } from "../../WebhookRequest.ts"
import { checkHead } from "./verify.ts"

export const bounds = { methods: ["POST"], contentTypes: ["application/json"] }

/**
 * Sinch accepts any 2xx. It does not retry after a 4xx other than 429
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

/**
 * The scheme that verifies webhooks, as `Verification` of `effect-sms/sinch`.
 *
 * @category models
 * @since 0.1.0
 */
export type Verification =
  | {
    readonly scheme: "HmacSha256"
    readonly secret: Secrets
    /** In seconds. By default a callback is refused when it was signed more than 47 hours ago. */
    readonly tolerance?: number | undefined
  }
  | { readonly scheme: "HmacSha1"; readonly secret: Secrets }
  | { readonly scheme: "None" }

/**
 * The options of the core.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Common {
  readonly verification: Verification
  /** The current time in epoch milliseconds. `Date.now` by default. */
  readonly now?: (() => number) | undefined
}

/** What is accepted before the signature is checked. */
export const boundsOf = (options: Options): Bounds<Reason> => ({
  ...bounds,
  limits: limitsOf(options),
  checkHead: checkHead(options.verification.scheme)
})

export const toleranceOf = (verification: Verification): number | undefined =>
  verification.scheme === "HmacSha256" ? verification.tolerance : undefined
