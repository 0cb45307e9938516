/**
 * The person that a row is about, by whom rows are found and forgotten.
 */
import type { WebhookEvent } from "../../WebhookEvent.ts"

/** The person's address, where the event has one. */
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
