/**
 * The fields of Sinch's SMS callbacks that the library reads, from
 * https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/ and the
 * models of the official SDK (https://github.com/sinch/sinch-sdk-node,
 * `packages/sms/src/models/v1`).
 */
import {
  anything,
  items,
  list,
  name,
  optionalName,
  optionalText,
  required,
  struct,
  structs,
  text
} from "../../provider/core/readers.ts"
import { toMillis } from "../../provider/core/time.ts"
import { toCount } from "../../provider/core/values.ts"
import * as Fields from "../../provider/Fields.ts"
import { maxDescription, maxReference, maxText, maxUrl } from "../../provider/internal/lengths.ts"

const longText = /* @__PURE__ */ optionalText(maxText)
const reference = /* @__PURE__ */ optionalText(maxReference)
const description = /* @__PURE__ */ optionalText(maxDescription)
const link = /* @__PURE__ */ optionalText(maxUrl)
const time = (value: unknown): number | undefined => toMillis(value)

/** The fields that distinguish the kinds of callback. `from` and `batch_id` matter only without a `type`. */
export const Kind = /* @__PURE__ */ struct({
  type: optionalName,
  from: optionalName,
  batch_id: optionalName
})

const Party = /* @__PURE__ */ required("a number, a short code or a sender id")

const BatchId = /* @__PURE__ */ required("the id of the batch")

export const Inbound = /* @__PURE__ */ struct({
  id: optionalName,
  from: Party,
  to: Party,
  received_at: time,
  sent_at: optionalName,
  /** `sent_at`, misspelled in some editions of the reference. */
  send_at: optionalName,
  udh: reference,
  operator_id: optionalName,
  client_reference: reference,
  /** The text, or the object of an MMS. */
  body: anything,
  /** Members of the body of an MMS, when they are beside it. */
  message: text,
  subject: longText,
  /** Files beside a text body, in the flat form without a `type`. */
  media: items
})

/** The `body` of `mo_media`. A single `url` is the form of a batch, and of a message in one SDK's fixtures. */
export const MediaBody = /* @__PURE__ */ struct({
  subject: longText,
  message: text,
  text: text,
  media: items,
  url: link
}, "body")

/**
 * A file. `contentType` occurs in one SDK's fixtures, `mimeType` in the flat
 * form: see `provider/core/files`.
 */
export const MediaItem = /* @__PURE__ */ struct({
  url: link,
  content_type: optionalName,
  /** `Uploaded` or `Failed`. `code` only counts if it is missing. */
  status: optionalName,
  /** 0 if the file was stored; 200 in one SDK's fixtures. */
  code: optionalName
}, "body.media")

export const RecipientReport = /* @__PURE__ */ struct({
  batch_id: BatchId,
  recipient: optionalName,
  status: name,
  /** A number, or text in some editions of the reference. */
  code: optionalName,
  status_message: description,
  applied_originator: optionalName,
  at: time,
  operator_status_at: time,
  client_reference: reference,
  number_of_message_parts: toCount
})

export const BatchReport = /* @__PURE__ */ struct({
  batch_id: BatchId,
  client_reference: reference,
  statuses: structs({
    status: name,
    code: optionalName,
    count: toCount,
    /** Present only in a report of the kind `full`. */
    recipients: list
  })
})

const metadata = ["metadata"]

/** The fields of the three kinds of message. The last five belong to the flat form or to other versions of the reference. */
export const messageFields = /* @__PURE__ */ Fields.make({
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
export const recipientReportFields = /* @__PURE__ */ Fields.make({
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
export const batchReportFields = /* @__PURE__ */ Fields.make({
  type: ["_tag"],
  batch_id: ["messageId", "idempotencyKey"],
  "statuses.status": ["status", "carrierStatus", "idempotencyKey"],
  "statuses.code": ["errorCode", "idempotencyKey"],
  "statuses.count": ["count"],
  "statuses.recipients": ["recipient", "idempotencyKey"],
  client_reference: ["reference", "intent, where it has that form", "metadata"],
  total_message_count: metadata
})
