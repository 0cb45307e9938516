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
import * as Wire from "../provider/Wire.ts"

/** The field that distinguishes an inbound message from other rows. */
export const Kind = Schema.Struct({ direction: Wire.OptionalText })

// A form that does not escape the `+` of a number delivers a space in its place.
const Party = Wire.Text.pipe(
  Schema.check(Schema.makeFilter((text: string) => text.trim() !== "", { expected: "a phone number" }))
)

export const Row = Schema.Struct({
  source_number: Party,
  destination_number: Party,
  message: Wire.Text,
  /** Differs between the webhooks of one MMS. Looks like a UUID, but often is not one. */
  sms_hash: Wire.OptionalText,
  sms_log_id: Wire.OptionalText,
  /** The sending time, to the second. Equal for the webhooks of one MMS. */
  datetime_transmission: Wire.OptionalText,
  /** When VoiceMeUp stored the row, some seconds later. */
  datetime: Wire.OptionalText,
  attachment: Wire.OptionalText,
  attachment_mime_type: Wire.OptionalText,
  /** The earlier name of `attachment`. */
  attachment_url: Wire.OptionalText,
  /** The earlier name of `attachment_mime_type`. */
  attachment_type: Wire.OptionalText
})

export type Row = typeof Row.Type

/** Fields that become metadata, under their own names. `status` is that of the row, not of a delivery. */
export const Metadata = Schema.Struct({
  sms_hash: Wire.OptionalText,
  sms_log_id: Wire.OptionalText,
  client_did_id: Wire.OptionalText,
  datetime: Wire.OptionalText,
  datetime_transmission: Wire.OptionalText,
  attachment_size: Wire.OptionalText,
  transmission_status: Wire.OptionalText,
  status: Wire.OptionalText
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
