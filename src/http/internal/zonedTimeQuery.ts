import * as Schema from "effect/Schema"
import { ZonedTime } from "../../internal/zonedTime.ts"

/** Builds the schema of a time in a request. In a query, a `+` that is not percent-encoded is a blank. */
export const zonedTime = (description: string) =>
  Schema.String.annotate({ description }).pipe(Schema.decodeTo(ZonedTime))
