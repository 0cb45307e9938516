/** How VoiceMeUp sends webhooks, and how they are answered. */
import { parseBody } from "../../provider/core/body.ts"
import { plain } from "../../provider/core/build.ts"
import { type Dialect, limitsOf, type Options as Common, type Secrets, secretsOf } from "../../provider/core/receive.ts"
import { unknown, zoneOf } from "../../provider/core/time.ts"
import { equals, tokenFault } from "../../provider/core/token.ts"
import type { WebhookResponse } from "../../WebhookRequest.ts"
import { decode } from "./decode.ts"

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

export const dialect = (options: Options): Dialect => {
  const { name = "voicemeup", timeZone, verification } = options
  const zone = timeZone === undefined ? unknown : zoneOf(timeZone)
  const isToken = verification.scheme === "Token" ? equals(secretsOf("token", verification.token)) : undefined
  const parameter = verification.scheme === "Token" ? verification.parameter ?? "token" : ""
  return {
    bounds: {
      ...bounds,
      limits: limitsOf(options),
      checkHead: isToken === undefined ? undefined : ({ url }) => tokenFault(url, parameter, isToken)
    },
    parse: parseBody,
    decode: (payload) => decode(plain, name, zone, payload),
    acknowledgement,
    isUrlSigned: false
  }
}
