/**
 * Pages of a list that comes from several tables, the latest items first.
 */
import * as Schema from "effect/Schema"
import type { Place } from "../../internal/listing.ts"
import * as Cursors from "./cursors.ts"

export const PlaceSchema = Schema.Struct({ time: Schema.Int, position: Schema.Int })

/** An item of a table, in the order of that table. */
export interface Candidate<A> {
  readonly item: A
  readonly place: Place
}

/** An item of the list, and where the next page begins in each table, after this item. */
export interface Merged<A, Table extends string> {
  readonly item: A
  readonly places: Readonly<Record<Table, Place>>
}

/**
 * Returns where a table begins: at the first of what it has now, so that what is
 * added later is on no later page, even if this page has nothing of the table.
 */
const beginOf = ([first]: ReadonlyArray<Candidate<unknown>>): Place =>
  first === undefined ? { time: -1, position: 0 } : { time: first.place.time, position: first.place.position + 1 }

/** Builds the cursors of a list from these tables, and the function that merges what is read of them. */
export const make = <Table extends string>(tables: ReadonlyArray<Table>) => {
  const record = <B>(f: (table: Table) => B) =>
    Object.fromEntries(tables.map((table) => [table, f(table)])) as Record<Table, B>
  const cursors = Cursors.make(
    Schema.Struct(record(() => PlaceSchema)) as unknown as Schema.Codec<Readonly<Record<Table, Place>>, unknown>
  )

  /** Merges by time. Items of one table stay in its order, whatever their times are. */
  const merge = <A>(found: Readonly<Record<Table, ReadonlyArray<Candidate<A>>>>) => {
    const left = record((table) => [...found[table]])
    const timeOf = (table: Table) => left[table][0]?.place.time ?? -Infinity
    const merged: Array<Candidate<A> & { readonly table: Table }> = []
    for (let total = tables.reduce((sum, table) => sum + left[table].length, 0); total > 0; total--) {
      const table = tables.reduce((latest, table) => timeOf(table) > timeOf(latest) ? table : latest)
      merged.push({ ...left[table].shift()!, table })
    }
    return merged
  }

  return {
    placesOf: cursors.placeOf,
    /** Builds a page. Each table has one item more than the page, unless it has no more. */
    page: <A>(
      found: Readonly<Record<Table, ReadonlyArray<Candidate<A>>>>,
      limit: number | undefined,
      begin: Readonly<Record<Table, Place>> | undefined
    ) => {
      let places = begin ?? record((table) => beginOf(found[table]))
      const merged = merge(found).map(({ item, place, table }): Merged<A, Table> => {
        places = { ...places, [table]: place }
        return { item, places }
      })
      return cursors.page(merged, limit, ({ item }) => item, ({ places }) => places)
    }
  }
}
