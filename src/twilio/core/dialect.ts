/** How Twilio sends webhooks, and how they are answered. */
import { formFromText, parseBody, type Parsed } from "../../provider/core/body.ts"
import type { Bounds } from "../../provider/core/head.ts"
import { limitsOf, type Options as Common, type Secrets } from "../../provider/core/receive.ts"
import type { InvalidPayload, Reason, Refused } from "../../provider/core/refusal.ts"
import { queryOf } from "../../provider/Url.ts"
import type { WebhookRequest, WebhookResponse } from "../../WebhookRequest.ts"
import { checkHead } from "./verify.ts"

export const bounds = {
  methods: ["POST", "GET"],
  contentTypes: ["application/x-www-form-urlencoded", "application/json"],
  countsFields: true
}

/**
 * Empty TwiML. Twilio would send a `text/plain` body to the customer
 * (https://www.twilio.com/docs/messaging/twiml).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "text/xml", body: "<Response/>" }

/** Parses the fields of a webhook: from the query of a GET, or from the body of a POST. */
export const parse = (request: WebhookRequest): Parsed | Refused<InvalidPayload> =>
  request.method === "GET"
    ? { _tag: "Parsed", payload: formFromText(queryOf(request.url)) }
    : parseBody(request)

/**
 * The options of the core.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Common {
  /**
   * The primary auth token of the account that owns the number, or several
   * during a rotation.
   */
  readonly authToken: Secrets
  /** The accounts whose webhooks are accepted: `AC…`. All by default. */
  readonly webhookAccounts?: ReadonlyArray<string> | undefined
}

/** What is accepted before the signature is checked. */
export const boundsOf = (options: Common): Bounds<Reason> => ({ ...bounds, limits: limitsOf(options), checkHead })
