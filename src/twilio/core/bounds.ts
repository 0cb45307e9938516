/** How Twilio sends webhooks, and how they are answered. */
import type { WebhookResponse } from "../../WebhookRequest.ts"

export const bounds = {
  methods: ["POST", "GET"],
  contentTypes: ["application/x-www-form-urlencoded", "application/json"]
}

/**
 * Empty TwiML. Twilio would send a `text/plain` body to the customer
 * (https://www.twilio.com/docs/messaging/twiml).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "text/xml", body: "<Response/>" }
