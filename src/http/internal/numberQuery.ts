/**
 * A person's number in a query, in any form.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Address, kind } from "../../Address.ts"
import { Person } from "../../internal/writtenAddress.ts"

const expected = "a number with its country code, as +15145550142, a short code, or a channel address"

const person = Schema.decodeOption(Person)

/** A number with fewer digits and without a `+` may lack its country code. */
const minDigits = 11

const read = (text: string): Option.Option<Address> => {
  // A `+` that is not percent-encoded is a blank in a query.
  const written = text.startsWith(" ") ? `+${text.trim()}` : text
  const hasCountryCode = /^[\d(]/.test(written) && written.replaceAll(/\D/g, "").length >= minDigits
  return person(written).pipe(
    Option.orElse(() => hasCountryCode ? person(`+${written}`) : Option.none()),
    // A name would match nothing, as a misspelt number would.
    Option.filter((address) => kind(address) !== "SenderId")
  )
}

export const numberQuery = Schema.NonEmptyString.annotate({
  description: "Only what concerns this person. The number may have any form, with its country code"
}).pipe(
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
