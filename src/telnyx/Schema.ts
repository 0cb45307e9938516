/**
 * Schemas of the fields of Telnyx's messaging webhooks that the library reads,
 * from https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 * and the types of the `telnyx` package, where every field is optional.
 */
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import type { Status } from "../DeliveryStatus.ts"
import { isPayload } from "../Payload.ts"
import * as Wire from "../provider/Wire.ts"

/** A webhook. A few notices, such as `link_clicked`, have no envelope: their type is at the top level. */
export const Webhook = Schema.Struct({
  data: Wire.Object_,
  event_type: Wire.OptionalText,
  record_type: Wire.OptionalText
})

export const Event = Schema.Struct({
  event_type: Wire.OptionalText,
  occurred_at: Wire.OptionalText,
  payload: Wire.Object_
})

/**
 * A message of either direction. `from`, `to` and `cc` have several shapes, see
 * {@link parties}; `body` is present only with RCS and WhatsApp.
 */
export const Message = Schema.Struct({
  id: Wire.OptionalText,
  direction: Wire.OptionalText,
  text: Wire.Text,
  body: Wire.Object_,
  from: Wire.Anything,
  to: Wire.Anything,
  cc: Wire.Anything,
  media: Wire.List,
  errors: Wire.List,
  received_at: Wire.OptionalText,
  sent_at: Wire.OptionalText,
  completed_at: Wire.OptionalText
})

export const CarrierError = Schema.Struct({
  code: Wire.OptionalText,
  title: Wire.OptionalText,
  detail: Wire.OptionalText
})

/** The fields read from the response to an accepted request: a message in the shape of {@link Message}. */
export const Accepted = Schema.Struct({
  data: Schema.Struct({
    id: Wire.OptionalText,
    from: Wire.Anything,
    to: Wire.Anything,
    parts: Wire.OptionalCount
  })
})

/** The fields read from the response to a refused request. `source` points to the invalid parameter. */
export const Refused = Schema.Struct({ errors: Wire.List })

export const RequestError = Schema.Struct({
  ...CarrierError.fields,
  source: Wire.Object_
})

/** A sender or recipient of a message. */
export interface Party {
  readonly address: Address | undefined
  readonly status: string | undefined
}

// The text is not empty, which is the only constraint of an address.
const address = (value: unknown): Address | undefined => Wire.stringOf(value) as Address | undefined

/**
 * Parses the parties of a field: an object with a `phone_number` (RCS: an
 * `agent_id`), a plain string (WhatsApp, and `cc` of a group message), or a
 * list of either.
 */
export const parties = (value: unknown): ReadonlyArray<Party> => {
  if (Array.isArray(value)) return value.flatMap((value) => Array.isArray(value) ? [] : parties(value))
  const party = isPayload(value)
    ? { address: address(value["phone_number"]) ?? address(value["agent_id"]), status: Wire.ownString(value, "status") }
    : { address: address(value), status: undefined }
  return party.address === undefined && party.status === undefined ? [] : [party]
}

/**
 * The statuses of recipients: `to[].status` of the `telnyx` package, and
 * `unknown`, which a group message has for recipients on other networks
 * (https://developers.telnyx.com/docs/messaging/messages/group-messaging).
 */
export const statuses: Readonly<Record<string, Status>> = {
  scheduled: "scheduled",
  queued: "queued",
  sending: "sending",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  delivery_failed: "undelivered",
  sending_failed: "failed",
  failed: "failed",
  expired: "expired",
  cancelled: "canceled",
  canceled: "canceled",
  delivery_unconfirmed: "unconfirmed",
  unknown: "unconfirmed"
}

/** Fields that become metadata of an inbound message, under their own names. */
export const metadata = [
  "type",
  "messaging_profile_id",
  "organization_id",
  "group_message_id",
  "autoresponse_type",
  "subject",
  "encoding",
  "parts",
  "tags",
  "is_spam",
  "tcr_campaign_id"
] as const
