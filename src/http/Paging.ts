/**
 * Lists of the API: their query, their pages and their cursors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { numberQuery } from "./internal/numberQuery.ts"
import { zonedTime } from "./internal/zonedTimeQuery.ts"

/**
 * The number of items of a page by default, and at most.
 *
 * @category models
 * @since 0.1.0
 */
export const [defaultLimit, maxLimit] = [50, 200] as const

/**
 * The fields of the query of every list.
 *
 * @category schemas
 * @since 0.1.0
 */
export const pageQuery = {
  limit: Schema.optionalKey(
    Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: maxLimit })).annotate({
      description: `The maximum number of items, ${defaultLimit} by default`
    })
  ),
  cursor: Schema.optionalKey(
    Schema.NonEmptyString.annotate({ description: "The `next` of the page before, which has the same filters" })
  )
}

/**
 * The filters that most lists have.
 *
 * @category schemas
 * @since 0.1.0
 */
export const filterQuery = {
  number: Schema.optionalKey(numberQuery),
  provider: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only those of this provider" })),
  since: Schema.optionalKey(zonedTime("Only those from this time on")),
  until: Schema.optionalKey(zonedTime("Only those before this time"))
}

/**
 * Builds the schema of a page.
 *
 * @category schemas
 * @since 0.1.0
 */
export const pageOf = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({
    items: Schema.Array(item),
    next: Schema.optionalKey(
      Schema.NonEmptyString.annotate({
        description: "The cursor of the next page. Absent on the last one. What is added meanwhile moves nothing"
      })
    )
  })
