/**
 * The fields of VoiceMeUp's webhooks that the library reads.
 *
 * VoiceMeUp publishes no reference for this API. The fields are taken from the
 * payloads captured in the tests of RoomKit, its only public client
 * (https://github.com/roomkit-live/roomkit,
 * `tests/test_providers/test_voicemeup.py`). There all values are strings;
 * numbers and `null` are accepted too.
 */
import { items, optionalName, required, struct, text } from "../../provider/core/readers.ts"
import * as Fields from "../../provider/Fields.ts"

/** The fields that distinguish an inbound message from other rows and notices. */
export const Kind = /* @__PURE__ */ struct({
  direction: optionalName,
  event: optionalName,
  type: optionalName
})

// A form that does not escape the `+` of a number delivers a space in its place.
const Party = /* @__PURE__ */ required("a phone number")

export const Row = /* @__PURE__ */ struct({
  source_number: Party,
  destination_number: Party,
  message: text,
  /** Differs between the webhooks of one MMS. Looks like a UUID, but often is not one. */
  sms_hash: optionalName,
  sms_log_id: optionalName,
  /** The sending time, to the second. Equal for the webhooks of one MMS. */
  datetime_transmission: optionalName,
  /** When VoiceMeUp stored the row, some seconds later. */
  datetime: optionalName,
  attachment: items,
  attachment_mime_type: items,
  /** The earlier name of `attachment`. */
  attachment_url: items,
  /** The earlier name of `attachment_mime_type`. */
  attachment_type: items
})

const metadata = ["metadata"]

/** The fields of a row. `status` is that of the row, not of a delivery. */
export const rowFields = /* @__PURE__ */ Fields.make({
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
