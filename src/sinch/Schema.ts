/**
 * Schemas of the fields of Sinch's responses that the library reads.
 */
import * as Schema from "effect/Schema"
import * as Wire from "../provider/Wire.ts"

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
