/**
 * Schemas of the fields of Sinch's SMS callbacks that the library reads, from
 * https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/ and the
 * models of the official SDK (https://github.com/sinch/sinch-sdk-node,
 * `packages/sms/src/models/v1`).
 */
import * as Schema from "effect/Schema"
import type { Status } from "../DeliveryStatus.ts"
import * as Fields from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"

/** The fields that distinguish the kinds of callback. `from` and `batch_id` matter only without a `type`. */
export const Kind = Schema.Struct({
  type: Wire.OptionalName,
  from: Wire.OptionalName,
  batch_id: Wire.OptionalName
})

const Party = Wire.required("a number, a short code or a sender id")

export const Inbound = Schema.Struct({
  id: Wire.OptionalName,
  from: Party,
  to: Party,
  received_at: Wire.OptionalTime,
  sent_at: Wire.OptionalName,
  /** `sent_at`, misspelled in some editions of the reference. */
  send_at: Wire.OptionalName,
  udh: Wire.optionalText(Wire.maxReference),
  operator_id: Wire.OptionalName,
  client_reference: Wire.optionalText(Wire.maxReference),
  /** The text, or the object of an MMS. */
  body: Wire.Anything,
  /** Members of the body of an MMS, when they are beside it. */
  message: Wire.Text,
  subject: Wire.OptionalText,
  /** Files beside a text body, in the flat form without a `type`. */
  media: Wire.Items
})

/** The `body` of `mo_media`. A single `url` is the form of a batch, and of a message in one SDK's fixtures. */
export const MediaBody = Schema.Struct({
  subject: Wire.OptionalText,
  message: Wire.Text,
  text: Wire.Text,
  media: Wire.Items,
  url: Wire.optionalText(Wire.maxUrl)
})

/** A file. Sinch sends `content_type`; `contentType` occurs in one SDK's fixtures, `mimeType` in the flat form. */
export const MediaItem = Schema.Struct({
  url: Wire.optionalText(Wire.maxUrl),
  content_type: Wire.OptionalName,
  contentType: Wire.OptionalName,
  mimeType: Wire.OptionalName,
  mime_type: Wire.OptionalName,
  /** `Uploaded` or `Failed`. `code` only counts if it is missing. */
  status: Wire.OptionalName,
  /** 0 if the file was stored; 200 in one SDK's fixtures. */
  code: Wire.OptionalName
})

export const RecipientReport = Schema.Struct({
  batch_id: Wire.Name,
  recipient: Wire.OptionalName,
  status: Wire.Name,
  /** A number, or text in some editions of the reference. */
  code: Wire.OptionalName,
  status_message: Wire.optionalText(Wire.maxDescription),
  applied_originator: Wire.OptionalName,
  at: Wire.OptionalTime,
  operator_status_at: Wire.OptionalTime,
  client_reference: Wire.optionalText(Wire.maxReference),
  number_of_message_parts: Wire.OptionalCount
})

export const BatchReport = Schema.Struct({
  batch_id: Wire.Name,
  client_reference: Wire.optionalText(Wire.maxReference),
  statuses: Schema.NonEmptyArray(Schema.Struct({
    status: Wire.Name,
    code: Wire.OptionalName,
    count: Wire.OptionalCount,
    /** Present only in a report of the kind `full`. */
    recipients: Wire.List
  }))
})

/**
 * The delivery statuses in lower case: the reference writes them in title case,
 * an official SDK in upper case
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 *
 * An `Aborted` message never reached the network, and a `Rejected` one was
 * refused by it; `Deleted` and `Failed` messages were lost on the way.
 * `Unknown` is terminal: the network has the message, and its delivery report
 * is missing or unreadable.
 */
export const statuses: Readonly<Record<string, Status>> = {
  queued: "queued",
  dispatched: "sent",
  delivered: "delivered",
  aborted: "failed",
  rejected: "failed",
  failed: "undelivered",
  deleted: "undelivered",
  expired: "expired",
  cancelled: "canceled",
  unknown: "unconfirmed"
}

/** The fields read from the response to an accepted batch. */
export const Batch = Schema.Struct({ id: Wire.OptionalText, from: Wire.OptionalText })

/** The fields read from a batch that Sinch returns to a query. */
export const StoredBatch = Schema.Struct({
  ...Batch.fields,
  to: Wire.List,
  body: Wire.Anything,
  client_reference: Wire.OptionalText,
  created_at: Wire.OptionalTime
})

/**
 * The fields read from the response to a refused batch. Most have a code and a
 * text; the page of status codes also shows an `error`
 * (https://developers.sinch.com/docs/sms/api-reference/status-codes/).
 */
export const Refused = Schema.Struct({ code: Wire.OptionalText, text: Wire.OptionalText, error: Wire.Object_ })

/** The `error`. Its `code` repeats the HTTP status. */
export const RefusedError = Schema.Struct({ status: Wire.OptionalText, message: Wire.OptionalText })

const metadata = ["metadata"]

/** The fields of the three kinds of message. The last five belong to the flat form or to other versions of the reference. */
export const messageFields = Fields.make({
  type: ["_tag"],
  id: ["externalId", "idempotencyKey"],
  from: ["sender"],
  to: ["recipient"],
  body: ["content"],
  udh: ["content", "metadata"],
  received_at: ["receivedAt"],
  sent_at: ["sentAt", "metadata"],
  operator_id: metadata,
  client_reference: ["reference", "metadata"],
  send_at: ["sentAt", "metadata, as `sent_at`"],
  media: ["content"],
  message: ["content"],
  subject: ["content", "metadata"],
  over_charge_amount: []
})

/** The fields of a report on one recipient. */
export const recipientReportFields = Fields.make({
  type: ["_tag"],
  batch_id: ["messageId", "idempotencyKey"],
  recipient: ["recipient", "idempotencyKey"],
  status: ["status", "carrierStatus", "idempotencyKey"],
  code: ["errorCode", "idempotencyKey"],
  status_message: ["errorMessage"],
  at: ["timestamp"],
  operator_status_at: ["timestamp", "metadata"],
  client_reference: ["reference", "intent, where it has that form", "metadata"],
  applied_originator: ["sender"],
  number_of_message_parts: ["segments", "metadata"],
  encoding: metadata,
  operator: metadata
})

/** The fields of a report on a batch, which is decoded to an event per recipient, or per status. */
export const batchReportFields = Fields.make({
  type: ["_tag"],
  batch_id: ["messageId", "idempotencyKey"],
  "statuses.status": ["status", "carrierStatus", "idempotencyKey"],
  "statuses.code": ["errorCode", "idempotencyKey"],
  "statuses.count": ["count"],
  "statuses.recipients": ["recipient", "idempotencyKey"],
  client_reference: ["reference", "intent, where it has that form", "metadata"],
  total_message_count: metadata
})
