/** How VoiceMeUp sends webhooks, and how they are answered. */
import type { Bounds } from "../../provider/core/head.ts"
import { limitsOf, type Options as Common, type Secrets, secretsOf } from "../../provider/core/receive.ts"
import type { Reason } from "../../provider/core/refusal.ts"
import { equals, tokenFault } from "../../provider/core/token.ts"
import type { WebhookResponse } from "../../WebhookRequest.ts"

export const bounds = {
  methods: ["POST"],
  contentTypes: ["application/json", "application/x-www-form-urlencoded"]
}

/** VoiceMeUp does not document the response it expects, so this is a success without content to interpret. */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

/**
 * The options of the core.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Common {
  /**
   * What identifies VoiceMeUp, which signs nothing: a secret token in the query
   * of the callback URL. With `None` every request passes.
   */
  readonly verification:
    | {
      readonly scheme: "Token"
      readonly token: Secrets
      /** The query parameter. `token` by default. */
      readonly parameter?: string | undefined
    }
    | { readonly scheme: "None" }
  /** The time zone of the times, such as `America/Toronto`. Without it they are left out. */
  readonly timeZone?: string | undefined
}

/** What is accepted, with the check of the token. */
export const boundsOf = (options: Options): Bounds<Reason> => {
  const { verification } = options
  const isToken = verification.scheme === "Token" ? equals(secretsOf("token", verification.token)) : undefined
  const parameter = verification.scheme === "Token" ? verification.parameter ?? "token" : ""
  return {
    ...bounds,
    limits: limitsOf(options),
    checkHead: isToken === undefined ? undefined : ({ url }) => tokenFault(url, parameter, isToken)
  }
}
