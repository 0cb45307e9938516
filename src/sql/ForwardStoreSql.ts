/**
 * What is left to forward, in a database that any number of servers can share.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { definition, type EndpointState, Forward, ForwardStore, type Service } from "../forward/ForwardStore.ts"
import * as Queue from "./internal/queue.ts"
import type { Servers } from "./internal/servers.ts"
import { stored, type Transact } from "./internal/storage.ts"

interface Row {
  readonly position: unknown
  readonly failing_since: unknown
  readonly paused_at: unknown
}

const timeOf = (value: unknown): DateTime.Utc | undefined =>
  value === null || value === undefined ? undefined : DateTime.makeUnsafe(Number(value))

const toState = (row: Row): EndpointState => ({
  position: Number(row.position),
  failingSince: timeOf(row.failing_since),
  pausedAt: timeOf(row.paused_at)
})

/** Makes the store. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  servers: Servers
): Effect.fn.Return<Service, never, SqlClient.SqlClient | SecureRandom.SecureRandom> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "forwards")
  const queue = yield* Queue.make<Forward>(
    {
      ...definition,
      name: "forwards",
      table: "sms_forwards",
      lanes: "sms_forward_lanes",
      schema: Forward,
      kindOf: ({ kind }) => kind,
      // The queue has no personal data: the event stays in the log.
      addressOf: () => undefined,
      isOf: (sql) => sql`1 = 0`,
      standIn: (kind) => new Forward({ endpoint: "", eventId: "", kind, sequence: "" })
    },
    transact,
    servers
  )

  const find = (endpoint: string) =>
    Effect.map(
      sql<Row>`SELECT position, failing_since, paused_at FROM sms_forward_endpoints WHERE endpoint = ${endpoint}`
        .withoutTransform,
      ([row]) => row === undefined ? undefined : toState(row)
    )

  return ForwardStore.of({
    queue,
    open: (endpoint, position) =>
      asStored(transact(Effect.gen(function*() {
        yield* sql`INSERT INTO sms_forward_endpoints (endpoint, position) VALUES (${endpoint}, ${position})
          ON CONFLICT (endpoint) DO NOTHING`
        return (yield* find(endpoint)) ?? { position }
      }))),
    get: (endpoint) => asStored(find(endpoint)),
    advance: (endpoint, position) =>
      asStored(transact(Effect.asVoid(
        sql`UPDATE sms_forward_endpoints SET position = ${position} WHERE endpoint = ${endpoint}
          AND position < ${position}`
      ))),
    failed: (endpoint) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE sms_forward_endpoints SET failing_since = ${now} WHERE endpoint = ${endpoint}
          AND failing_since IS NULL`
        return (yield* find(endpoint))?.failingSince ?? DateTime.makeUnsafe(now)
      }))),
    succeeded: (endpoint) =>
      asStored(transact(Effect.asVoid(
        sql`UPDATE sms_forward_endpoints SET failing_since = NULL WHERE endpoint = ${endpoint}
          AND failing_since IS NOT NULL`
      ))),
    pause: (endpoint) =>
      asStored(transact(Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.asVoid(
          sql`UPDATE sms_forward_endpoints SET paused_at = ${now} WHERE endpoint = ${endpoint} AND paused_at IS NULL`
        )))),
    resume: (endpoint) =>
      asStored(transact(Effect.map(
        sql`UPDATE sms_forward_endpoints SET failing_since = NULL, paused_at = NULL WHERE endpoint = ${endpoint}
          RETURNING endpoint`.withoutTransform,
        (rows) => rows.length > 0
      )))
  })
})
