/**
 * A time in a request.
 */
import * as Schema from "effect/Schema"

/** A time with its zone. `Date` alone would parse `5` as May 2001. */
export const ZonedTime = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/, {
    expected: "an ISO 8601 time with its zone, such as 2026-01-28T13:00:00Z"
  })
).pipe(Schema.decodeTo(Schema.DateTimeUtcFromString))
