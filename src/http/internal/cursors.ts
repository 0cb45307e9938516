/**
 * Cursors of lists: a place, as opaque text.
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { defaultLimit } from "../Paging.ts"
import * as Problems from "../Problems.ts"

const invalid = new Problems.BadRequest({ detail: "cursor: expected the `next` of an earlier page of this list" })

/** Reads one item more than a page has. */
export const oneMore = (limit: number = defaultLimit) => ({ limit: limit + 1 })

/** Builds the functions of the cursors of a list. */
export const make = <A>(schema: Schema.Codec<A, unknown>) => {
  const codec = Schema.fromJsonString(schema)
  const encode = Schema.encodeSync(codec)
  const decode = Schema.decodeUnknownEffect(codec)
  return {
    /** Returns the place, or the problem of a cursor that is none. */
    placeOf: (cursor: string | undefined): Effect.Effect<A | undefined, Problems.BadRequest> => {
      if (cursor === undefined) return Effect.undefined
      const text = Base64Url.decodeString(cursor)
      return Result.isFailure(text) ? Effect.fail(invalid) : Effect.mapError(decode(text.success), () => invalid)
    },
    /** Builds a page from one item more than it has, by which it has a next page. */
    page: <B, C>(
      found: ReadonlyArray<B>,
      limit: number | undefined,
      itemOf: (found: B) => C,
      placeOf: (found: B) => A
    ): { readonly items: ReadonlyArray<C>; readonly next?: string } => {
      const size = limit ?? defaultLimit
      const items = found.slice(0, size)
      return {
        items: items.map(itemOf),
        ...(found.length > size && { next: Base64Url.encode(encode(placeOf(items.at(-1)!))) })
      }
    }
  }
}
