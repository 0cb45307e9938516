/**
 * Schemas of the fields of VoiceMeUp's webhooks that the library reads.
 *
 * VoiceMeUp publishes no reference for this API. The fields are taken from the
 * payloads captured in the tests of RoomKit, its only public client
 * (https://github.com/roomkit-live/roomkit,
 * `tests/test_providers/test_voicemeup.py`). There all values are strings;
 * numbers and `null` are accepted too.
 */
import * as Schema from "effect/Schema"
import * as Fields from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"

/** The fields that distinguish an inbound message from other rows and notices. */
export const Kind = Schema.Struct({
  direction: Wire.OptionalName,
  event: Wire.OptionalName,
  type: Wire.OptionalName
})

// A form that does not escape the `+` of a number delivers a space in its place.
const Party = Wire.required("a phone number")

export const Row = Schema.Struct({
  source_number: Party,
  destination_number: Party,
  message: Wire.Text,
  /** Differs between the webhooks of one MMS. Looks like a UUID, but often is not one. */
  sms_hash: Wire.OptionalName,
  sms_log_id: Wire.OptionalName,
  /** The sending time, to the second. Equal for the webhooks of one MMS. */
  datetime_transmission: Wire.OptionalName,
  /** When VoiceMeUp stored the row, some seconds later. */
  datetime: Wire.OptionalName,
  attachment: Wire.Items,
  attachment_mime_type: Wire.Items,
  /** The earlier name of `attachment`. */
  attachment_url: Wire.Items,
  /** The earlier name of `attachment_mime_type`. */
  attachment_type: Wire.Items
})

export type Row = typeof Row.Type

const metadata = ["metadata"]

/** The fields of a row. `status` is that of the row, not of a delivery. */
export const rowFields = Fields.make({
  direction: ["_tag"],
  source_number: ["sender"],
  destination_number: ["recipient"],
  message: ["content"],
  attachment: ["content"],
  attachment_mime_type: ["content"],
  attachment_url: ["content"],
  attachment_type: ["content"],
  attachment_size: metadata,
  sms_hash: ["externalId", "idempotencyKey", "metadata"],
  sms_log_id: ["externalId", "idempotencyKey", "metadata"],
  datetime_transmission: ["receivedAt", "sentAt", "metadata"],
  datetime: ["receivedAt", "metadata"],
  date: [],
  time: [],
  client_did_id: metadata,
  event: [],
  type: [],
  status: metadata,
  transmission_status: metadata
})

/**
 * The fields read from a response, which always has HTTP status 200. The format
 * resembles converted XML: one message is an object, several are a list, and
 * none may be an empty text.
 */
export const Answer = Schema.Struct({
  response_details: Schema.Struct({
    response_status: Wire.OptionalText,
    response_messages: Wire.Object_
  })
})

export const AnswerMessage = Schema.Struct({ code: Wire.OptionalText, _content: Wire.OptionalText })
