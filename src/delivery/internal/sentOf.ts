import type { SendReceipt } from "../../Message.ts"
import type { Sent } from "../DeliveryTracker.ts"

/**
 * Returns the deliveries of a receipt: one for each part and each recipient.
 * The status of a receipt is that of the last part; the earlier parts are
 * recorded as accepted.
 */
export const sentOf = ({ messageIds, provider, recipients, ...receipt }: SendReceipt): ReadonlyArray<Sent> =>
  messageIds.flatMap((messageId, index) =>
    (recipients ?? [receipt]).map(({ carrierStatus, recipient, status }) => ({
      provider,
      messageId,
      recipient,
      ...(index === messageIds.length - 1 && { status, carrierStatus })
    }))
  )
