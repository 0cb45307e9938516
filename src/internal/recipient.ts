/**
 * The recipient of a message, as a person writes it in a request or on the
 * command line.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Address, fromText } from "../Address.ts"

const expected =
  "a phone number with its country code, as +15145550142, a short code, or a channel address, as whatsapp:+15145550142"

/**
 * Decodes text with `Address.fromText`. The error states the expected form and
 * does not repeat the text.
 */
export const Recipient = Schema.NonEmptyString.pipe(
  Schema.decodeTo(
    Address,
    SchemaTransformation.transformEffect<string, string>({
      decode: (text, options) =>
        Option.match(fromText(text), {
          onSome: Effect.succeed,
          onNone: () => Effect.fail(new SchemaIssue.InvalidValue({ expected }, text, options))
        }),
      encode: Effect.succeed
    })
  )
)
