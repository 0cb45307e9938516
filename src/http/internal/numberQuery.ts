/**
 * A person's number in a query, in any form.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Address } from "../../Address.ts"

/** A `+` that is not percent-encoded is a blank in a query. */
const read = (text: string): string => text.startsWith(" ") ? `+${text.trim()}` : text

export const numberQuery = Schema.NonEmptyString.annotate({
  description: "Only what concerns this person. The number may have any form, with its country code"
}).pipe(Schema.decodeTo(Address, SchemaTransformation.transform({ decode: read, encode: (address) => address })))
