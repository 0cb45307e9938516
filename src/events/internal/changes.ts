/**
 * Builds the events of the changes that stores make.
 */
import type * as DateTime from "effect/DateTime"
import type { Address } from "../../Address.ts"
import type { Status } from "../../DeliveryStatus.ts"
import type { Entry } from "../../internal/consentEntry.ts"
import { providerOf } from "../../internal/providerOf.ts"
import { compact } from "../../internal/record.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { InboundMessage, OutboundMessage, SendReceipt } from "../../Message.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { SmsError } from "../../SmsError.ts"
import { ConsentChanged, DeliveryChanged, type Event, MessagePosted, MessageReceived, SendSettled } from "../Event.ts"

/**
 * Builds the event of a message that was appended to a room with these people: an inbound one, or one of the
 * application's channels.
 */
export const appended = (
  event: RoomEvent,
  inbound: InboundMessage | undefined,
  people: ReadonlyArray<Address> = []
): Event => {
  if (inbound === undefined) {
    const [person, ...others] = people
    return new MessagePosted({
      roomId: event.roomId,
      message: event,
      ...(person !== undefined && others.length === 0 && { person })
    })
  }
  const { raw: _, ...message } = inbound
  // Both are checked already.
  return unchecked(MessageReceived, {
    roomId: event.roomId,
    eventId: event.id,
    message: { ...message, content: event.content },
    ...compact({ blocked: event.blocked })
  })
}

/** Builds the event of an intent that got its outcome. */
export const settled = (
  intent: {
    readonly id: string
    readonly message: OutboundMessage
    readonly provider?: string | undefined
    readonly roomId?: string | undefined
    readonly eventId?: string | undefined
  },
  { error, receipt, refusal, resolvedBy, state }: {
    readonly state: SendSettled["state"]
    readonly receipt?: SendReceipt | undefined
    readonly error?: SmsError | undefined
    readonly refusal?: string | undefined
    readonly resolvedBy?: string | undefined
  }
): Event =>
  new SendSettled({
    intentId: intent.id,
    message: intent.message,
    state,
    ...compact({
      roomId: intent.roomId,
      eventId: intent.eventId,
      provider: providerOf({ receipt, error, provider: intent.provider }),
      receipt,
      error,
      refusal,
      resolvedBy
    })
  })

/** Builds the event of a delivery whose status changed. Returns `undefined` when it did not. */
export const delivered = (
  before: { readonly status: Status } | undefined,
  { errorCode, errorMessage, messageId, provider, recipient, since, status }: {
    readonly provider: string
    readonly messageId: string
    readonly recipient?: Address | undefined
    readonly status: Status
    readonly since: DateTime.Utc
    readonly errorCode?: string | undefined
    readonly errorMessage?: string | undefined
  },
  sent: { readonly intentId?: string | undefined; readonly roomId?: string | undefined } = {}
): Event | undefined => {
  const previous = before?.status ?? "unknown"
  if (status === previous) return undefined
  return new DeliveryChanged({
    provider,
    messageId,
    status,
    previous,
    since,
    ...compact({ recipient, errorCode, errorMessage, intentId: sent.intentId, roomId: sent.roomId })
  })
}

/** Builds the event of a person who opted out or in. */
export const consented = (
  person: Address,
  action: ConsentChanged["action"],
  { id: entryId, provider, saidAt, sender, source, words }: Entry
): Event => new ConsentChanged({ entryId, person, action, source, saidAt, ...compact({ sender, provider, words }) })
