/**
 * Schemas of the fields of Telnyx's messaging webhooks that the library reads,
 * from https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 * and the types of the `telnyx` package, where every field is optional.
 */
import * as Schema from "effect/Schema"
import { type Address, fromCarrierDigits } from "../Address.ts"
import type { Status } from "../DeliveryStatus.ts"
import { isPayload } from "../Payload.ts"
import * as Fields from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"

/** A webhook. A few notices, such as `link_clicked`, have no envelope: their type is at the top level. */
export const Webhook = Schema.Struct({
  data: Wire.Object_,
  event_type: Wire.OptionalName,
  record_type: Wire.OptionalName
})

export const Event = Schema.Struct({
  event_type: Wire.OptionalName,
  record_type: Wire.OptionalName,
  occurred_at: Wire.OptionalName,
  payload: Wire.Object_
})

/**
 * A message of either direction. `from`, `to` and `cc` have several shapes, see
 * {@link parties}; `body` is present only with RCS and WhatsApp.
 */
export const Message = Schema.Struct({
  id: Wire.OptionalName,
  group_message_id: Wire.OptionalName,
  direction: Wire.OptionalName,
  text: Wire.Text,
  subject: Wire.OptionalText,
  body: Wire.Object_,
  from: Wire.Anything,
  to: Wire.Anything,
  cc: Wire.Anything,
  media: Wire.Items,
  /** The name of the files in a send request. */
  media_urls: Wire.Items,
  errors: Wire.List,
  received_at: Wire.OptionalName,
  sent_at: Wire.OptionalName,
  parts: Wire.OptionalCount,
  cost: Wire.OptionalCost,
  is_spam: Wire.OptionalFlag,
  completed_at: Wire.OptionalName
})

export const CarrierError = Schema.Struct({
  code: Wire.OptionalName,
  title: Wire.optionalText(Wire.maxDescription),
  detail: Wire.optionalText(Wire.maxDescription)
})

/** The fields read from the response to an accepted request: a message in the shape of {@link Message}. */
export const Accepted = Schema.Struct({
  data: Schema.Struct({
    id: Wire.OptionalText,
    group_message_id: Wire.OptionalText,
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

const address = (value: unknown): Address | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 100
    ? fromCarrierDigits(String(value))
    // The text is not empty, which is the only constraint of an address.
    : Wire.stringOf(value) as Address | undefined

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

const metadata = ["metadata"]

/** The fields of both messages and reports. */
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
  to: ["recipient", "participants, of several", "metadata.to, of several"],
  cc: ["participants", "metadata.cc, the addresses"],
  text: ["content"],
  subject: ["content", "metadata"],
  media: ["content"],
  media_urls: ["content"],
  body: ["content"],
  "body.from_user_id": ["senderAliases", "metadata"],
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

/** The fields of a report, in `data.payload`: the sent message and its status. */
export const reportFields = Fields.make({
  id: ["messageId", "idempotencyKey"],
  ...shared,
  group_message_id: ["messageId, of a group message", "metadata"],
  webhook_url: ["intent, of a default callback URL"],
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
