/**
 * The recipient and the sender of a message, as a person writes them in a
 * request or on the command line.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Address, fromText } from "../Address.ts"
import { isChannel } from "./addressText.ts"

const expected =
  "a phone number with its country code, as +15145550142, a short code, or a channel address, as whatsapp:+15145550142"

const decodedWith = (read: (text: string) => Option.Option<Address>, expected: string) =>
  Schema.NonEmptyString.pipe(
    Schema.decodeTo(
      Address,
      SchemaTransformation.transformEffect<string, string>({
        decode: (text, options) =>
          Option.match(read(text), {
            onSome: Effect.succeed,
            onNone: () => Effect.fail(new SchemaIssue.InvalidValue({ expected }, text, options))
          }),
        encode: Effect.succeed
      })
    )
  )

/**
 * Decodes text with `Address.fromText`. The error states the expected form and
 * does not repeat the text.
 */
export const Recipient = decodedWith(fromText, expected)

/** Like {@link Recipient}, for a sender, which may also be a name. */
export const Sender = decodedWith(
  fromText,
  "a phone number with its country code, as +15145550100, a short code, a name, or a channel address, as whatsapp:+15145550100"
)

/** A channel address without a number: the id that a carrier gives a person. */
const userId = /^([a-z]+):(?=.*\p{L})[^\s+]+$/u

const isUserId = (text: string): boolean => {
  const [, scheme] = userId.exec(text) ?? []
  return scheme !== undefined && isChannel(scheme)
}

/** Decodes the address of a person like {@link Recipient}, and also the id of a person on a channel. */
export const Person = decodedWith(
  (text) => Option.orElse(fromText(text), () => isUserId(text) ? Address.makeOption(text) : Option.none()),
  `${expected}, or an id on a channel, as whatsapp:MX.1`
)
