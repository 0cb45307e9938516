/**
 * Schemas of the fields of Telnyx's responses that the library reads.
 */
import * as Schema from "effect/Schema"
import * as Wire from "../provider/Wire.ts"

/** The fields read from the response to an accepted request: a message. */
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
  code: Wire.OptionalName,
  title: Wire.optionalText(Wire.maxDescription),
  detail: Wire.optionalText(Wire.maxDescription),
  source: Wire.Object_
})
