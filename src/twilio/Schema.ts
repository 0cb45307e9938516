/**
 * Schemas of the fields of Twilio's responses that the library reads.
 */
import * as Schema from "effect/Schema"
import * as Wire from "../provider/Wire.ts"

/** The fields read from the response to an accepted request. */
export const Message = Schema.Struct({
  sid: Wire.OptionalText,
  status: Wire.OptionalText,
  num_segments: Wire.OptionalCount,
  from: Wire.OptionalText
})

/** The fields read from a messaging service. */
export const MessagingService = Schema.Struct({
  sid: Wire.OptionalText,
  inbound_request_url: Wire.optionalText(Wire.maxUrl),
  use_inbound_webhook_on_number: Wire.OptionalFlag
})

/** The fields read from a number of the account. */
export const IncomingPhoneNumber = Schema.Struct({
  phone_number: Wire.OptionalText,
  sms_url: Wire.optionalText(Wire.maxUrl),
  sms_application_sid: Wire.OptionalText
})

/** The fields read from a message that Twilio returns to a query. */
export const StoredMessage = Schema.Struct({
  ...Message.fields,
  to: Wire.OptionalText,
  body: Wire.OptionalText,
  direction: Wire.OptionalText,
  num_media: Wire.OptionalCount,
  date_created: Wire.OptionalText,
  date_updated: Wire.OptionalText,
  error_code: Wire.OptionalText,
  error_message: Wire.OptionalText,
  price: Wire.OptionalText,
  price_unit: Wire.OptionalText
})

/** The fields read from the response to a refused request. */
export const RestError = Schema.Struct({ code: Wire.OptionalText, message: Wire.OptionalText })
