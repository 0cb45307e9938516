/**
 * The counters of guards in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { GuardStore, type Service } from "../guards/GuardStore.ts"
import type { Recorded } from "./EventLogSql.ts"
import { json } from "./internal/json.ts"
import * as Limits from "./internal/limits.ts"
import { stored } from "./internal/storage.ts"

/**
 * Makes the store. The tables must exist. `clock` is the clock of all servers:
 * that of the database by default, where it has one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  recorded: Recorded,
  clock?: Clock.Clock["currentTimeMillis"]
): Effect.fn.Return<Service, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "guards")
  const time = clock ?? Limits.timeOf(sql)

  return GuardStore.of({
    modify: (prefix, schema) => {
      const { decode, encode } = json(Limits.table, schema)
      return (keys, change) => {
        // Locked in one order by all servers, so that no two wait for each other.
        const locked = Array.from(new Set(keys)).toSorted()
        return asStored(recorded((record) =>
          Effect.gen(function*() {
            const rows = yield* Effect.forEach(
              locked,
              (key) => Effect.map(Limits.lockRow(sql, `${prefix} ${key}`), (row) => [key, row] as const)
            )
            const now = yield* time
            const states = new Map<string, typeof schema.Type>()
            for (const [key, row] of rows) {
              const known = Limits.stateOf(row, now)
              if (known !== undefined) states.set(key, yield* decode(known))
            }
            const { answer, changes, events = [] } = change(states, now)
            for (const key of locked) {
              const kept = changes?.get(key)
              if (kept === undefined) continue
              yield* Limits.changeRow(sql, `${prefix} ${key}`, yield* encode(kept.state), kept.expiresAt)
            }
            yield* Effect.forEach(events, record, { discard: true })
            return answer
          })
        ))
      }
    }
  })
})
