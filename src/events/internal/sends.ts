/**
 * The sends of messages in memory, for the events of their deliveries.
 */
import { messageKeyOf } from "../../delivery/internal/keys.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { compact } from "../../internal/record.ts"
import { DeliveryChanged, type Event, type SendSettled } from "../Event.ts"

/** Makes a bounded memory. The oldest send is removed first. */
export const make = (capacity: number) => {
  const sends = new InsertionOrderedMap<Pick<SendSettled, "intentId" | "roomId">>()

  const remember = ({ error, intentId, receipt = error?.accepted, roomId }: SendSettled): void => {
    for (const messageId of receipt?.messageIds ?? []) {
      if (sends.size >= capacity) sends.delete(sends.oldest()![0])
      sends.put(messageKeyOf({ provider: receipt!.provider, messageId }), { intentId, ...compact({ roomId }) })
    }
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
