/**
 * Schemas of the fields of Sinch's SMS callbacks that the library reads, from
 * https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/ and the
 * models of the official SDK (https://github.com/sinch/sinch-sdk-node,
 * `packages/sms/src/models/v1`).
 */
import * as Schema from "effect/Schema"
import type { Status } from "../DeliveryStatus.ts"
import * as Wire from "../provider/Wire.ts"

/** The fields that distinguish the kinds of callback. `from` and `batch_id` matter only without a `type`. */
export const Kind = Schema.Struct({
  type: Wire.OptionalText,
  from: Wire.OptionalText,
  batch_id: Wire.OptionalText
})

export const Inbound = Schema.Struct({
  id: Wire.OptionalText,
  from: Schema.NonEmptyString,
  to: Schema.NonEmptyString,
  received_at: Wire.OptionalTime,
  sent_at: Wire.OptionalText,
  /** `sent_at`, misspelled in some editions of the reference. */
  send_at: Wire.OptionalText,
  udh: Wire.OptionalText,
  operator_id: Wire.OptionalText,
  client_reference: Wire.OptionalText,
  /** Files beside a text body, in the flat form without a `type`. */
  media: Wire.List
})

/** The `body` of `mo_media`. */
export const MediaBody = Schema.Struct({
  subject: Wire.OptionalText,
  message: Wire.Text,
  media: Wire.List
})

/** A file. Sinch sends `content_type`; `contentType` occurs in one SDK's fixtures, `mimeType` in the flat form. */
export const MediaItem = Schema.Struct({
  url: Wire.OptionalText,
  content_type: Wire.OptionalText,
  contentType: Wire.OptionalText,
  mimeType: Wire.OptionalText,
  mime_type: Wire.OptionalText,
  status: Wire.OptionalText,
  /** 0 if the file was stored. */
  code: Wire.OptionalText
})

export const RecipientReport = Schema.Struct({
  batch_id: Schema.NonEmptyString,
  recipient: Wire.OptionalText,
  status: Schema.NonEmptyString,
  /** A number, or text in some editions of the reference. */
  code: Wire.OptionalText,
  status_message: Wire.OptionalText,
  applied_originator: Wire.OptionalText,
  at: Wire.OptionalTime,
  operator_status_at: Wire.OptionalTime
})

export const BatchReport = Schema.Struct({
  batch_id: Schema.NonEmptyString,
  statuses: Schema.NonEmptyArray(Schema.Struct({
    status: Schema.NonEmptyString,
    code: Wire.OptionalText,
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

/**
 * The fields read from the response to a refused batch. Most have a code and a
 * text; the page of status codes also shows an `error`
 * (https://developers.sinch.com/docs/sms/api-reference/status-codes/).
 */
export const Refused = Schema.Struct({ code: Wire.OptionalText, text: Wire.OptionalText, error: Wire.Object_ })

/** The `error`. Its `code` repeats the HTTP status. */
export const RefusedError = Schema.Struct({ status: Wire.OptionalText, message: Wire.OptionalText })
