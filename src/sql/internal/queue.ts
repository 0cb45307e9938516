/**
 * A queue in two tables of a database, which any number of servers can share:
 * its entries, and its lanes.
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import { type Address, canonical } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"
import type * as Queues from "../../queue/Queue.ts"
import { type StorageError, UnreadableRow } from "../../StorageError.ts"
import { compileOnce } from "./compileOnce.ts"
import { jsonRemembered } from "./json.ts"
import * as Search from "./search.ts"
import type { Servers } from "./servers.ts"
import { stored, type Transact } from "./storage.ts"

interface Row {
  readonly position: unknown
  readonly id: string
  readonly lane: string
  readonly kind: string
  readonly event: string
  readonly state: Queues.Entry<unknown>["state"]
  readonly failures: unknown
  readonly last_error: string | null
  readonly accepted_at: unknown
}

/** A queue, its tables, and how its events are stored. */
export interface Definition<A> extends Queues.Definition<A> {
  /** The name in errors and logs. */
  readonly name: string
  readonly table: string
  readonly lanes: string
  readonly schema: Schema.Codec<A, unknown>
  readonly kindOf: (event: A) => string
  /** The person that the event concerns. */
  readonly addressOf: (event: A) => string | undefined
  /** Builds the condition that the event of a row is one of this provider. */
  readonly isOf: (sql: SqlClient.SqlClient, provider: string) => Fragment
  /** What stands for an event of this kind that does not decode. */
  readonly standIn: (kind: string) => A
}

/** The ways in which carriers write the number of a person. */
const formsOf = (number: Address): ReadonlyArray<string> => {
  const person = personOf(number)
  return Array.from(new Set([number, canonical(number), person, `+${person}`, `whatsapp:+${person}`]))
}

/** Builds the condition that the name of a lane begins so. `LIKE` ignores case on SQLite. */
const beginsWith = (sql: SqlClient.SqlClient, lanes: string): Fragment =>
  sql`substr(lane, 1, ${Array.from(lanes).length}) = ${lanes}`

/** Builds the conditions of a filter. */
const isWanted = (
  sql: SqlClient.SqlClient,
  isOf: Definition<never>["isOf"],
  { kind, lanes, number, provider, ...span }: Queues.Filter
): ReadonlyArray<Fragment> => [
  ...(lanes === undefined ? [] : [beginsWith(sql, lanes)]),
  ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
  ...(number === undefined ? [] : [sql.in("address", formsOf(number))]),
  ...(provider === undefined ? [] : [isOf(sql, provider)]),
  ...Search.isIn(sql, "accepted_at", span)
]

/** The maximum length of an id or key, limited by Postgres indexes. */
const maxKeyLength = 2000

/** Makes the queue. The tables must exist. */
export const make = Effect.fnUntraced(function*<A>(
  { addressOf, isOf, keyOf, kindOf, laneOf, lanes: lanesTable, name, schema, standIn, table: entriesTable }: Definition<
    A
  >,
  transact: Transact,
  servers: Servers
): Effect.fn.Return<Queues.Queue<A>, never, SqlClient.SqlClient | SecureRandom.SecureRandom> {
  const sql = compileOnce(yield* SqlClient.SqlClient)
  const random = yield* SecureRandom.SecureRandom
  const asStored = stored(sql, name)
  // An event is usually processed by the process that has accepted it.
  const events = jsonRemembered(entriesTable, schema, { isReadOnce: true })
  const table = sql.literal(entriesTable)
  const lanesOf = sql.literal(lanesTable)
  /** The kind of error of an entry that does not decode. */
  const unreadable = new UnreadableRow({ table: entriesTable })._tag
  /** Numbers the claims of this process. A count in the row would begin again when the row of a lane is deleted. */
  let claims = 0

  const columns = sql.literal("position, id, lane, kind, event, state, failures, last_error, accepted_at")

  const toEntry = (row: Row) =>
    events.decode(row.event).pipe(
      Effect.map((event): Pick<Queues.Entry<A>, "event" | "unreadable"> => ({ event })),
      Effect.orElseSucceed(() => ({
        event: standIn(row.kind),
        unreadable: row.event
      })),
      Effect.map((fields) =>
        ({
          id: row.id,
          position: Number(row.position),
          lane: row.lane,
          state: row.state,
          acceptedAt: DateTime.makeUnsafe(Number(row.accepted_at)),
          failures: Number(row.failures),
          ...(row.last_error !== null && { lastError: row.last_error }),
          ...fields
        }) satisfies Queues.Entry<A>
      )
    )

  /** Creates and locks the lane, so that positions within a lane follow the order of commits. */
  const addPending = (lane: string, count: number, now: number) =>
    sql`INSERT INTO ${lanesOf} (lane, pending, ready_at, written_at, owner, claim)
      VALUES (${lane}, ${count}, ${now}, ${now}, NULL, 0)
      ON CONFLICT (lane) DO UPDATE SET pending = ${lanesOf}.pending + ${count}`

  const dropLane = (lane: string) => sql`DELETE FROM ${lanesOf} WHERE lane = ${lane} AND pending = 0 AND owner IS NULL`

  const insert = Effect.fnUntraced(function*(event: A, lane: string, now: number) {
    const id = yield* random.ulid
    const key = keyOf(event)?.slice(0, maxKeyLength)
    const json = yield* events.encode(event)
    const rows = yield* sql<{ id: string }>`INSERT INTO ${table}
      (id, key, lane, kind, event, state, failures, address, accepted_at)
      VALUES (${id}, ${key ?? null}, ${lane}, ${kindOf(event)}, ${json}, 'pending', 0, ${
      addressOf(event) ?? null
    }, ${now})
      ON CONFLICT (key) DO NOTHING RETURNING id`.withoutTransform
    if (rows.length > 0) return { _tag: "Accepted", id } satisfies Queues.Accepted
    const [known] = yield* sql<{ id: string }>`SELECT id FROM ${table} WHERE key = ${key ?? null}`.withoutTransform
    return { _tag: "Repeated", id: known?.id ?? id } satisfies Queues.Accepted
  })

  const accept: Queues.Queue<A>["accept"] = (events) =>
    asStored(transact(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const lanes = events.map(laneOf)
      const counts = new Map<string, number>()
      for (const lane of lanes.toSorted()) counts.set(lane, (counts.get(lane) ?? 0) + 1)
      for (const [lane, count] of counts) yield* addPending(lane, count, now)
      const accepted: Array<Queues.Accepted> = []
      for (const [index, event] of events.entries()) {
        const lane = lanes[index]!
        const one = yield* insert(event, lane, now)
        accepted.push(one)
        if (one._tag === "Repeated") {
          yield* addPending(lane, -1, now)
          yield* dropLane(lane)
        }
      }
      return accepted
    })))

  /**
   * Selects the lanes that can be claimed. A lane whose write time is in the
   * future was written before the clock was set back, and is claimable too.
   */
  const claimable = (now: number, limit: number) => {
    const lanes = sql`SELECT lane FROM ${lanesOf} WHERE owner IS NULL AND pending > 0
      AND (ready_at <= ${now} OR written_at > ${now + 1000}) ORDER BY ready_at LIMIT ${limit}`
    return sql.onDialectOrElse({
      pg: () => sql`lane = ANY(ARRAY(${lanes} FOR UPDATE SKIP LOCKED))`,
      orElse: () => sql`lane IN (${lanes})`
    })
  }

  const settle = (claim: Queues.Claim, { id }: Queues.Entry<A>, change: Effect.Effect<unknown, unknown>) =>
    asStored(transact(Effect.gen(function*() {
      const rows = yield* sql`UPDATE ${lanesOf} SET pending = pending - 1
        WHERE lane = ${claim.lane} AND owner = ${yield* servers.me} AND claim = ${claim.number}
        AND EXISTS (SELECT 1 FROM ${table} WHERE id = ${id} AND state = 'pending') RETURNING lane`.withoutTransform
      if (rows.length === 0) return false
      yield* change
      return true
    }))) as Effect.Effect<boolean, StorageError>

  const bury: Queues.Queue<A>["bury"] = (claim, entry, error) =>
    settle(
      claim,
      entry,
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          sql`UPDATE ${table} SET state = 'dead', failures = failures + 1, last_error = ${error}, settled_at = ${now}
            WHERE id = ${entry.id}`
      )
    )

  const readHead = Effect.fnUntraced(function*({ lane, number }: Queues.Claim) {
    const me = yield* servers.me
    const [row] = yield* asStored(
      sql<Row>`SELECT ${columns} FROM ${table} WHERE lane = ${lane} AND state = 'pending'
        AND EXISTS (SELECT 1 FROM ${lanesOf} WHERE lane = ${lane} AND owner = ${me} AND claim = ${number})
        ORDER BY position LIMIT 1`.withoutTransform
    )
    return row === undefined ? undefined : yield* toEntry(row)
  })

  /** Releases a lane. Returns `false` when the claim is outdated. */
  const leave = (claim: Queues.Claim, now: number, delay = 0) =>
    Effect.gen(function*() {
      const left = yield* sql`UPDATE ${lanesOf} SET owner = NULL, ready_at = ${now + delay}, written_at = ${now}
        WHERE lane = ${claim.lane} AND owner = ${yield* servers.me} AND claim = ${claim.number}
        RETURNING lane`.withoutTransform
      yield* dropLane(claim.lane)
      return left.length > 0
    })

  const release: Queues.Queue<A>["release"] = (claim, delay = Duration.zero) =>
    asStored(transact(Effect.asVoid(
      Effect.flatMap(Clock.currentTimeMillis, (now) => leave(claim, now, Duration.toMillis(delay)))
    )))

  /** Marks an entry of a claimed lane as processed, and reads the next one, or leaves the lane. */
  const completeRow = Effect.fnUntraced(function*(
    claim: Queues.Claim,
    { id }: Queues.Entry<A>,
    changes: ReadonlyArray<Effect.Effect<unknown, unknown>>
  ) {
    const { lane, number } = claim
    const now = yield* Clock.currentTimeMillis
    const [left] = yield* sql<{ pending: unknown }>`UPDATE ${lanesOf} SET pending = pending - 1
      WHERE lane = ${lane} AND owner = ${yield* servers.me} AND claim = ${number}
      AND EXISTS (SELECT 1 FROM ${table} WHERE id = ${id} AND state = 'pending') RETURNING pending`.withoutTransform
    if (left === undefined) return { isOutdated: true }
    for (const change of changes) yield* change
    yield* sql`UPDATE ${table} SET state = 'done', settled_at = ${now} WHERE id = ${id}`
    if (Number(left.pending) === 0) {
      yield* sql`DELETE FROM ${lanesOf} WHERE lane = ${lane}`
      return { isOutdated: false }
    }
    const [next] = yield* sql<Row>`SELECT ${columns} FROM ${table} WHERE lane = ${lane} AND state = 'pending'
      ORDER BY position LIMIT 1`.withoutTransform
    if (next === undefined) yield* leave(claim, now)
    return { isOutdated: false, next }
  })

  /** Makes unreadable entries dead letters, because they would hold the lane for ever. */
  const head: Queues.Queue<A>["head"] = Effect.fnUntraced(function*(claim) {
    while (true) {
      const entry = yield* readHead(claim)
      if (entry?.unreadable === undefined) return entry
      yield* Effect.logError(`An entry of the ${name} does not decode and became a dead letter`, { entry: entry.id })
      if (!(yield* bury(claim, entry, unreadable))) return undefined
    }
  })

  const complete: Queues.Queue<A>["complete"] = Effect.fnUntraced(function*(claim, entry, changes = []) {
    const within: Array<Effect.Effect<unknown, unknown>> = []
    for (const change of changes) {
      const body = transact.bodyOf(change)
      if (body === undefined) yield* change
      else within.push(body)
    }
    const { isOutdated, next } = yield* asStored(transact(completeRow(claim, entry, within)))
    if (isOutdated) return { _tag: "Outdated" }
    if (next === undefined) return { _tag: "Released" }
    const one = yield* toEntry(next)
    const readable = one.unreadable === undefined ? one : yield* head(claim)
    if (readable !== undefined) return { _tag: "Next", entry: readable }
    yield* release(claim)
    return { _tag: "Released" }
  }) as Queues.Queue<A>["complete"]

  servers.onDead({
    owners: sql<{ owner: string }>`SELECT DISTINCT owner FROM ${lanesOf} WHERE owner IS NOT NULL`.withoutTransform,
    takeOver: (server) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => sql`UPDATE ${lanesOf} SET owner = NULL, ready_at = ${now}, written_at = ${now} WHERE owner = ${server}`
      )
  })

  return {
    accept,
    claim: Effect.fnUntraced(function*({ limit }) {
      const now = yield* Clock.currentTimeMillis
      const me = yield* servers.me
      const number = ++claims
      const rows = yield* asStored(transact.statement(
        sql<{ lane: string }>`UPDATE ${lanesOf} SET owner = ${me}, claim = ${number}
          WHERE ${claimable(now, limit)} RETURNING lane`.withoutTransform
      ))
      return rows.map(({ lane }) => ({ lane, number }))
    }),
    head,
    complete,
    bury,
    retry: (claim, { id }, { delay, error }) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        if (!(yield* leave(claim, now, Duration.toMillis(delay)))) return
        yield* sql`UPDATE ${table} SET failures = failures + 1, last_error = ${error} WHERE id = ${id}`
      }))),
    release,
    releaseOthers: (claims) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const mine = yield* sql<{ lane: string; claim: unknown }>`SELECT lane, claim FROM ${lanesOf}
          WHERE owner = ${yield* servers.me}`.withoutTransform
        const kept = new Set(claims.map(({ lane, number }) => JSON.stringify([lane, number])))
        const others = mine.map(({ claim, lane }) => ({ lane, number: Number(claim) }))
          .filter(({ lane, number }) => !kept.has(JSON.stringify([lane, number])))
        yield* Effect.forEach(others, (claim) => leave(claim, now), { discard: true })
      }))),
    hasten: (lanes) =>
      asStored(transact.statement(Effect.asVoid(
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          sql`UPDATE ${lanesOf} SET ready_at = ${now}, written_at = ${now}
            WHERE owner IS NULL AND ready_at > ${now} AND ${beginsWith(sql, lanes)}`)
      ))),
    replay: (id) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [row] = yield* sql<{ lane: string; state: string }>`SELECT lane, state FROM ${table} WHERE id = ${id}`
          .withoutTransform
        if (row === undefined) return false
        yield* addPending(row.lane, 0, now)
        const changed = yield* sql`UPDATE ${table} SET state = 'pending', failures = 0, settled_at = NULL
          WHERE id = ${id} AND state <> 'pending' AND event <> '' RETURNING id`.withoutTransform
        if (changed.length > 0) yield* addPending(row.lane, 1, now)
        return true
      }))),
    list: Effect.fnUntraced(function*({ before, filter = {}, limit, state }) {
      const conditions = [
        sql`event <> ''`,
        sql`position < ${before ?? Number.MAX_SAFE_INTEGER}`,
        ...isWanted(sql, isOf, filter)
      ]
      const rows = yield* asStored(
        // Not a parameter, so that the index of a state is used.
        sql<Row>`SELECT ${columns} FROM ${table} WHERE state = ${sql.literal(`'${state}'`)} AND ${sql.and(conditions)}
          ORDER BY position DESC LIMIT ${limit}`.withoutTransform
      )
      return yield* Effect.forEach(rows, toEntry)
    }),
    backlog: (lanes) => {
      const isOne = lanes === undefined ? sql.literal("") : sql`AND ${beginsWith(sql, lanes)}`
      return Effect.map(
        // The sign keeps SQLite from looking for the minimum among all entries that were ever accepted.
        asStored(
          sql<{ pending: unknown; dead: unknown; oldest: unknown }>`SELECT
            (SELECT COUNT(*) FROM ${table} WHERE state = 'pending' ${isOne}) AS pending,
            (SELECT COUNT(*) FROM ${table} WHERE state = 'dead' ${isOne}) AS dead,
            (SELECT MIN(+accepted_at) FROM ${table} WHERE state = 'pending' ${isOne}) AS oldest`.withoutTransform
        ),
        ([row]) => ({
          pending: Number(row?.pending ?? 0),
          dead: Number(row?.dead ?? 0),
          oldest: row?.oldest === null || row?.oldest === undefined
            ? undefined
            : DateTime.makeUnsafe(Number(row.oldest))
        })
      )
    },
    nextAt: Effect.map(
      asStored(
        sql<{ at: unknown }>`SELECT MIN(ready_at) AS at FROM ${lanesOf} WHERE owner IS NULL AND pending > 0`
          .withoutTransform
      ),
      ([row]) => row?.at === null || row?.at === undefined ? Infinity : Number(row.at)
    )
  }
})
