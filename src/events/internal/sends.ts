/**
 * The sends of messages in memory, for the events of their deliveries.
 */
import { messageKeyOf } from "../../internal/deliveryKeys.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { compact } from "../../internal/record.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import { DeliveryChanged, type Event, type SendSettled } from "../Event.ts"

const maxBytes = 8 * 1024 * 1024

/** Makes a bounded memory. The oldest send is removed first. */
export const make = (capacity: number) => {
  const sends = new InsertionOrderedMap<Pick<SendSettled, "intentId" | "roomId">>({ maxEntries: capacity, maxBytes })

  const remember = ({ error, intentId, receipt = error?.accepted, roomId }: SendSettled): void => {
    for (const messageId of receipt?.messageIds ?? []) {
      const send = { intentId, ...compact({ roomId }) }
      sends.put(messageKeyOf({ provider: receipt!.provider, messageId }), send, sizeOf(send))
    }
    sends.trim()
  }

  return {
    /** Remembers the send of an event, or names it in the event of its delivery. */
    link: (event: Event): Event => {
      if (event._tag === "SendSettled") remember(event)
      if (event._tag !== "DeliveryChanged") return event
      const send = sends.get(messageKeyOf(event))
      return send === undefined ? event : new DeliveryChanged({ ...event, ...send })
    }
  }
}
