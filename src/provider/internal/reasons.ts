/**
 * Builds the reasons of a `WebhookError` from the plain reasons of the carriers'
 * cores.
 */
import * as WebhookError from "../../WebhookError.ts"
import type { InvalidPayload, Reason } from "../core/refusal.ts"

export const invalidPayloadOf = ({ issues }: InvalidPayload): WebhookError.InvalidPayload =>
  new WebhookError.InvalidPayload({ issues })

/** Returns the reason as an instance of its class. */
export const reasonOf = (reason: Reason | WebhookError.WebhookErrorReason): WebhookError.WebhookErrorReason => {
  if (reason instanceof Error) return reason
  switch (reason._tag) {
    case "MissingSignature":
      return new WebhookError.MissingSignature(reason)
    case "InvalidSignature":
      return new WebhookError.InvalidSignature(reason)
    case "StaleTimestamp":
      return new WebhookError.StaleTimestamp(reason)
    case "InvalidPayload":
      return invalidPayloadOf(reason)
    case "UnsupportedContentType":
      return new WebhookError.UnsupportedContentType(reason)
    case "MethodNotAllowed":
      return new WebhookError.MethodNotAllowed(reason)
    case "PayloadTooLarge":
      return new WebhookError.PayloadTooLarge(reason)
  }
}
