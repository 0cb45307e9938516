/**
 * Values as JSON text in a column, and rows that do not decode.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { UnreadableRow } from "../../StorageError.ts"

/** Builds the functions of a column. A value that this version cannot encode is a defect. */
export const json = <A>(table: string, schema: Schema.Codec<A, unknown>) => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
  const encode = Schema.encodeEffect(codec)
  const decode = Schema.decodeEffect(codec)
  const unreadable = () => new UnreadableRow({ table })
  return {
    encode: (value: A) => Effect.orDie(encode(value)),
    decode: (text: string): Effect.Effect<A, UnreadableRow> => Effect.mapError(decode(text), unreadable)
  }
}

/** The bounds of the values that a column remembers. */
const remembered = { maxEntries: 1000, maxBytes: 4 * 1024 * 1024 }

/**
 * As {@link json}, for values that are read again soon after they are written or
 * read: they are remembered by their text and not decoded again. Those that are
 * read `once` are forgotten with that.
 */
export const jsonRemembered = <A>(
  table: string,
  schema: Schema.Codec<A, unknown>,
  { isReadOnce = false }: { readonly isReadOnce?: boolean } = {}
): ReturnType<typeof json<A>> => {
  const { decode, encode } = json(table, schema)
  const values = new InsertionOrderedMap<A>(remembered)
  const remember = (text: string, value: A) => {
    // A value takes about as much as its text.
    values.put(text, value, 2 * text.length)
    values.trim()
  }
  return {
    encode: (value) =>
      Effect.map(encode(value), (text) => {
        remember(text, value)
        return text
      }),
    decode: (text) =>
      Effect.suspend(() => {
        const known = values.get(text)
        if (known === undefined) {
          return isReadOnce ? decode(text) : Effect.map(decode(text), (value) => {
            remember(text, value)
            return value
          })
        }
        if (isReadOnce) values.delete(text)
        return Effect.succeed(known)
      })
  }
}

/** The maximum number of unreadable rows that a process remembers having logged. */
const maxLogged = 1000

/**
 * Returns the function that logs an unreadable row, once per process. The name
 * identifies the row. It is not logged, because it may contain a phone number.
 */
export const makeLogUnreadable = Effect.sync(() => {
  const logged = new Set<string>()
  return (name: string, fields: { readonly table: string; readonly id?: string }): Effect.Effect<void> =>
    Effect.suspend(() => {
      const key = `${fields.table} ${name}`
      if (logged.has(key) || logged.size >= maxLogged) return Effect.void
      logged.add(key)
      return Effect.logError("A row does not decode and is skipped", fields)
    })
})

/** Returns the function that decodes the rows of a table without those that are unreadable, which it logs. */
export const makeReadable = Effect.map(
  makeLogUnreadable,
  (log) =>
    Effect.fnUntraced(function*<Row, A>(
      rows: ReadonlyArray<Row>,
      decode: (row: Row) => Effect.Effect<A, UnreadableRow>,
      nameOf: (row: Row) => string,
      fieldsOf: (row: Row) => { readonly id?: string } = () => ({})
    ) {
      const decoded: Array<A> = []
      for (const row of rows) {
        yield* decode(row).pipe(
          Effect.map((value) => void decoded.push(value)),
          Effect.catch(({ table }) => log(nameOf(row), { table, ...fieldsOf(row) }))
        )
      }
      return decoded
    })
)
