/**
 * The fields of Telnyx's messaging webhooks that the library reads, from
 * https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks and
 * the types of the `telnyx` package, where every field is optional.
 */
import { items, object, optionalName, optionalText, struct, text } from "../../provider/core/readers.ts"
import { toCost, toCount, toFlag } from "../../provider/core/values.ts"
import * as Fields from "../../provider/Fields.ts"
import { maxDescription, maxText } from "../../provider/internal/lengths.ts"
import { parties } from "./basic.ts"

const longText = /* @__PURE__ */ optionalText(maxText)
const description = /* @__PURE__ */ optionalText(maxDescription)

/** A webhook. A few notices, such as `link_clicked`, have no envelope: their type is at the top level. */
export const Webhook = /* @__PURE__ */ struct({
  data: object,
  event_type: optionalName,
  record_type: optionalName
})

export const Event = /* @__PURE__ */ struct({
  event_type: optionalName,
  record_type: optionalName,
  occurred_at: optionalName,
  payload: object
}, "data")

/**
 * A message of either direction. `from`, `to` and `cc` have several shapes, see
 * `parties`; `body` is present only with RCS and WhatsApp.
 */
export const Message = /* @__PURE__ */ struct({
  id: optionalName,
  group_message_id: optionalName,
  direction: optionalName,
  text: text,
  subject: longText,
  body: object,
  from: parties,
  to: parties,
  cc: parties,
  media: items,
  /** The name of the files in a send request. */
  media_urls: items,
  errors: items,
  received_at: optionalName,
  sent_at: optionalName,
  parts: toCount,
  cost: toCost,
  is_spam: toFlag,
  completed_at: optionalName
}, "data.payload")

export const CarrierError = /* @__PURE__ */ struct({
  code: optionalName,
  title: description,
  detail: description
}, "data.payload.errors")

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
export const messageFields = /* @__PURE__ */ Fields.make({
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
  "body.context.from": metadata,
  "body.context.forwarded": metadata,
  "body.context.frequently_forwarded": metadata,
  // The advertisement that a WhatsApp message was written from.
  "body.referral.source_url": metadata,
  "body.referral.source_type": metadata,
  "body.referral.source_id": metadata,
  "body.referral.headline": metadata,
  "body.referral.body": metadata,
  "body.referral.media_type": metadata,
  "body.referral.image_url": metadata,
  "body.referral.video_url": metadata,
  "body.referral.thumbnail_url": metadata,
  "body.referral.ctwa_clid": metadata,
  "body.interactive.list_reply.description": metadata,
  "body.edit.original_message_id": metadata,
  received_at: ["receivedAt"],
  sent_at: ["sentAt", "metadata"],
  completed_at: metadata,
  errors: [],
  autoresponse_type: metadata,
  is_spam: ["spam", "metadata"]
})

/** The fields of a report, in `data.payload`: the sent message and its status. */
export const reportFields = /* @__PURE__ */ Fields.make({
  id: ["messageId", "idempotencyKey"],
  ...shared,
  group_message_id: ["messageId, of a group message", "metadata"],
  webhook_url: ["intent, of a default callback URL", "reference, of a default callback URL"],
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
