/**
 * Schemas of the fields of VoiceMeUp's responses that the library reads.
 */
import * as Schema from "effect/Schema"
import * as Wire from "../provider/Wire.ts"

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
