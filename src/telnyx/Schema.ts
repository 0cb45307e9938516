/**
 * The fields of Telnyx's messaging webhooks that the library reads, from
 * https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks and
 * the types of the `telnyx` package, where every field is optional.
 */
import * as Schema from "effect/Schema"
import { type Address, fromCarrierDigits } from "../Address.ts"
import type { Status } from "../DeliveryStatus.ts"
import { isPayload } from "../Payload.ts"
import * as Fields from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"

/** A few notices, such as `link_clicked`, have no envelope: their type is at the top. */
export const Webhook = Schema.Struct({
  data: Wire.Object_,
  event_type: Wire.OptionalText,
  record_type: Wire.OptionalText
})

export const Event = Schema.Struct({
  event_type: Wire.OptionalText,
  record_type: Wire.OptionalText,
  occurred_at: Wire.OptionalText,
  payload: Wire.Object_
})

/**
 * A message of either direction. `from`, `to` and `cc` have several shapes, see
 * {@link parties}; `body` is there with RCS and WhatsApp only.
 */
export const Message = Schema.Struct({
  id: Wire.OptionalText,
  direction: Wire.OptionalText,
  text: Wire.Text,
  subject: Wire.OptionalText,
  body: Wire.Object_,
  from: Wire.Anything,
  to: Wire.Anything,
  cc: Wire.Anything,
  media: Wire.Items,
  /** The name of the same in a request to send. */
  media_urls: Wire.Items,
  errors: Wire.List,
  received_at: Wire.OptionalText,
  sent_at: Wire.OptionalText,
  parts: Wire.OptionalCount,
  cost: Wire.OptionalCost,
  is_spam: Wire.OptionalFlag,
  completed_at: Wire.OptionalText
})

export const CarrierError = Schema.Struct({
  code: Wire.OptionalText,
  title: Wire.OptionalText,
  detail: Wire.OptionalText
})

/** What is read of the answer to a request that was accepted: a message, in the shape of {@link Message}. */
export const Accepted = Schema.Struct({
  data: Schema.Struct({
    id: Wire.OptionalText,
    from: Wire.Anything,
    to: Wire.Anything,
    parts: Wire.OptionalCount
  })
})

/** What is read of the answer to a request that was refused. `source` points at the parameter that is wrong. */
export const Refused = Schema.Struct({ errors: Wire.List })

export const RequestError = Schema.Struct({
  ...CarrierError.fields,
  source: Wire.Object_
})

/** Someone whom a message is from or to. */
export interface Party {
  readonly address: Address | undefined
  readonly status: string | undefined
}

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const address = (value: unknown): Address | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 100
    ? fromCarrierDigits(String(value))
    // It is not empty, and that is all that an address has to be.
    : text(value) as Address | undefined

/**
 * The parties of a field: an object with a `phone_number` (RCS: an
 * `agent_id`), a bare string (WhatsApp, and `cc` of a group message), or a list
 * of either.
 */
export const parties = (value: unknown): ReadonlyArray<Party> => {
  if (Array.isArray(value)) return value.flatMap((value) => Array.isArray(value) ? [] : parties(value))
  const party = isPayload(value)
    ? { address: address(value["phone_number"]) ?? address(value["agent_id"]), status: text(value["status"]) }
    : { address: address(value), status: undefined }
  return party.address === undefined && party.status === undefined ? [] : [party]
}

/**
 * `to[].status` of the `telnyx` package, with `unknown`, which a group message
 * has for recipients on other networks
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

const metadata = ["metadata"]

/** The fields that messages and reports have in common. */
const shared = {
  "from.phone_number": ["sender"],
  "from.agent_id": ["sender"],
  "from.agent_name": metadata,
  "from.carrier": metadata,
  "from.line_type": metadata,
  "from.status": [],
  record_type: [],
  direction: ["_tag"],
  type: metadata,
  messaging_profile_id: metadata,
  organization_id: metadata,
  group_message_id: metadata,
  encoding: metadata,
  num_chars: metadata,
  parts: ["segments", "metadata"],
  tags: metadata,
  "cost.amount": ["cost", "metadata"],
  "cost.currency": ["cost", "metadata"],
  "cost_breakdown.carrier_fee.amount": metadata,
  "cost_breakdown.carrier_fee.currency": metadata,
  "cost_breakdown.rate.amount": metadata,
  "cost_breakdown.rate.currency": metadata,
  valid_until: metadata,
  webhook_url: [],
  webhook_failover_url: [],
  tcr_campaign_id: metadata,
  tcr_campaign_billable: metadata,
  tcr_campaign_registered: metadata
} as const

/** The fields of a message, in `data.payload`. The content of RCS and WhatsApp is in `body`. */
export const messageFields = Fields.make({
  id: ["externalId", "idempotencyKey"],
  ...shared,
  to: ["recipient", "metadata.to, of several"],
  cc: ["metadata.cc, the addresses"],
  text: ["content"],
  subject: ["content", "metadata"],
  media: ["content"],
  media_urls: ["content"],
  body: ["content"],
  "body.foreign_id": metadata,
  "body.timestamp": metadata,
  "body.context.id": ["content", "metadata"],
  "body.edit.original_message_id": metadata,
  received_at: ["receivedAt"],
  sent_at: ["sentAt", "metadata"],
  completed_at: metadata,
  errors: [],
  autoresponse_type: metadata,
  is_spam: ["spam", "metadata"]
})

/** The fields of a report, in `data.payload`: the message as it was sent, and what became of it. */
export const reportFields = Fields.make({
  id: ["messageId", "idempotencyKey"],
  ...shared,
  "to.phone_number": ["recipient", "idempotencyKey"],
  "to.status": ["status", "carrierStatus", "idempotencyKey"],
  "to.carrier": [],
  "to.line_type": [],
  cc: ["recipient, of a group message"],
  text: [],
  subject: metadata,
  media: [],
  body: [],
  "body.biz_opaque_callback_data": ["reference", "metadata"],
  received_at: metadata,
  sent_at: ["sentAt", "timestamp", "metadata"],
  completed_at: ["timestamp", "metadata"],
  "errors.code": ["errorCode"],
  "errors.title": ["errorMessage"],
  "errors.detail": ["errorMessage"],
  smart_encoding_applied: metadata,
  wait_seconds: metadata
})
