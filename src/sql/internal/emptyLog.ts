/**
 * Empties the write-ahead log of an SQLite file, which has rows as they were
 * before they were deleted until later ones overwrite it.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { StorageError } from "../../StorageError.ts"
import { stored } from "./storage.ts"

/** How often it is tried: 5 seconds. Other processes hold the log while they read or write. */
const attempts = 100

export const make = (sql: SqlClient.SqlClient): Effect.Effect<void, StorageError> => {
  const truncate = stored(sql, "people")(Effect.map(
    sql<{ busy: unknown }>`PRAGMA wal_checkpoint(TRUNCATE)`.withoutTransform,
    ([row]) => Number(row?.busy ?? 0) === 0
  ))
  return sql.onDialectOrElse({
    sqlite: () =>
      Effect.gen(function*() {
        for (let attempt = 0; attempt < attempts; attempt++) {
          if (yield* truncate) return
          yield* Effect.sleep("50 millis")
        }
        yield* Effect.logWarning(
          "The write-ahead log could not be emptied, because another process uses the database; " +
            "it may contain deleted rows until it is overwritten"
        )
      }),
    orElse: () => Effect.void
  })
}
