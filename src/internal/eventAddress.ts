/**
 * The address of the person that a row concerns. It is used to find and delete
 * a person's rows.
 */
import type { WebhookEvent } from "../WebhookEvent.ts"

/** Returns the person's address, if the event has one. */
export const addressOf = (event: WebhookEvent): string | undefined => {
  switch (event._tag) {
    case "InboundMessage":
      return event.sender
    case "MessagePart":
      return event.message.sender
    case "DeliveryStatus":
      return event.recipient
    case "Unrecognized":
      return undefined
  }
}
