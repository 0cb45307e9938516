/**
 * Deliveries in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { Address } from "../Address.ts"
import {
  Delivery,
  DeliveryStore,
  DeliveryStoreError,
  firstCheck,
  type Key,
  maxTook
} from "../delivery/DeliveryStore.ts"
import type { Status } from "../DeliveryStatus.ts"
import { delivered } from "../events/internal/changes.ts"
import { keyOf, messageKeyOf } from "../internal/deliveryKeys.ts"
import { personOf } from "../internal/person.ts"
import type { StorageError } from "../StorageError.ts"
import type { Recorded } from "./EventLogSql.ts"
import * as ForgottenSends from "./internal/forgottenSends.ts"
import { json, makeReadable } from "./internal/json.ts"
import * as Search from "./internal/search.ts"
import { stored, type Transact } from "./internal/storage.ts"

const { decode, encode } = json("sms_deliveries", Delivery)

interface Row {
  readonly position: unknown
  readonly delivery: string
}

/** Makes the store. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  recorded: Recorded
): Effect.fn.Return<DeliveryStore["Service"], never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const inStore = stored(sql, "deliveries")
  const readable = yield* makeReadable
  const asStored = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.mapError(inStore(effect), (error) => new DeliveryStoreError({ cause: (error as StorageError).cause }))

  const read = Effect.fnUntraced(function*(key: string) {
    const [row] = yield* sql<Row>`SELECT position, delivery FROM sms_deliveries WHERE key = ${key}`.withoutTransform
    return row === undefined ? undefined : yield* decode(row.delivery)
  })

  /** Finds the send of a message. */
  const findSend = Effect.fnUntraced(function*(messageKey: string) {
    const [row] = yield* sql<
      { intent_id: string; room_id: string | null; person: string }
    >`SELECT intent_id, room_id, person FROM sms_sent WHERE message_key = ${messageKey}`.withoutTransform
    return {
      intentId: row?.intent_id,
      roomId: row?.room_id ?? undefined,
      isForgotten: row?.person === ForgottenSends.nobody
    }
  })

  /** The key of a delivery to a person who is forgotten. */
  const forgottenKey = ({ recipient = "", ...key }: Key): Key => ({
    ...key,
    ...(recipient !== "" && { recipient: ForgottenSends.masked(recipient) })
  })

  /** Masks the person in a delivery. */
  const forgottenDelivery = Effect.fnUntraced(function*({ recipient = "" }: Key, delivery: Delivery) {
    return recipient === "" ? delivery : yield* decode(ForgottenSends.maskText(recipient, yield* encode(delivery)))
  })

  const decodeAll = (rows: ReadonlyArray<Row>) =>
    readable(rows, ({ delivery }) => decode(delivery), ({ position }) => String(position))

  // What was written in the future was written before the clock was set back.
  const due = (now: number) => sql`terminal = 0 AND (check_at <= ${now} OR updated_at > ${now + 1000})`

  const claimable = (now: number, limit: number) => {
    const keys = sql`SELECT key FROM sms_deliveries WHERE ${due(now)} ORDER BY check_at LIMIT ${limit}`
    return sql.onDialectOrElse({
      pg: () => sql`key = ANY(ARRAY(${keys} FOR UPDATE SKIP LOCKED))`,
      orElse: () => sql`key IN (${keys})`
    })
  }

  /** Returns when the delivery is due for a check, as a column: as before unless its status changed. */
  const checkAt = (current: Delivery | undefined, { isTerminal, status }: Delivery, now: number) => {
    if (isTerminal) return sql.literal("NULL")
    return current?.status === status ? sql.literal("check_at") : sql`${now + Duration.toMillis(firstCheck)}`
  }

  return DeliveryStore.of({
    modify: (given, f) =>
      asStored(recorded(Effect.fnUntraced(function*(record) {
        const now = yield* Clock.currentTimeMillis
        const send = yield* findSend(messageKeyOf(given))
        const key = send.isForgotten ? forgottenKey(given) : given
        const text = keyOf(key)
        const person = key.recipient === undefined || key.recipient === ""
          ? null
          : personOf(Address.make(key.recipient))
        // Reads and locks the row, creating it if missing.
        const [row] = yield* sql<Row>`INSERT INTO sms_deliveries
          (key, message_key, delivery, status, terminal, address, person, provider, created_at, updated_at)
          VALUES (${text}, ${messageKeyOf(key)}, '', '', 0, ${key.recipient ?? null}, ${person}, ${key.provider},
            ${now}, ${now})
          ON CONFLICT (key) DO UPDATE SET key = sms_deliveries.key RETURNING position, delivery`.withoutTransform
        const current = row!.delivery === "" ? undefined : yield* decode(row!.delivery)
        const [value, next] = f(current)
        const delivery = send.isForgotten ? yield* forgottenDelivery(given, next) : next
        yield* sql`UPDATE sms_deliveries SET delivery = ${yield* encode(delivery)}, status = ${delivery.status},
          terminal = ${delivery.isTerminal ? 1 : 0}, updated_at = ${now}, check_at = ${
          checkAt(current, delivery, now)
        } WHERE key = ${text}`
        const event = delivered(current, delivery, send)
        if (event !== undefined) yield* record(event)
        return { value, removed: [] }
      }))),
    get: (key) => asStored(read(keyOf(key))),
    ofMessage: (key) =>
      asStored(Effect.flatMap(
        sql<Row>`SELECT position, delivery FROM sms_deliveries WHERE message_key = ${messageKeyOf(key)}
          ORDER BY position`.withoutTransform,
        decodeAll
      )),
    claimDue: ({ lease, limit }) =>
      asStored(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        // Most times there is none, and nothing to write.
        const some = yield* sql`SELECT key FROM sms_deliveries WHERE ${due(now)} LIMIT 1`.withoutTransform
        if (some.length === 0) return []
        const rows = yield* sql<Row>`UPDATE sms_deliveries SET check_at = ${now + Duration.toMillis(lease)},
          updated_at = ${now} WHERE ${claimable(now, limit)} RETURNING position, delivery`.withoutTransform
        return yield* decodeAll(rows)
      })),
    checkLater: (key, delay) =>
      asStored(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE sms_deliveries SET check_at = ${now + Math.ceil(Duration.toMillis(delay))},
          updated_at = ${now} WHERE key = ${keyOf(key)} AND terminal = 0`
      })),
    search: ({ status, ...options }) =>
      asStored(Search.inFull(
        options,
        Effect.fnUntraced(function*(page) {
          const isStatus = status === undefined ? [] : [sql`status = ${status}`]
          const rows = yield* sql<Row & { readonly time: unknown }>`SELECT position, delivery, created_at AS time
            FROM sms_deliveries ${Search.page(sql, { ...options, ...page }, isStatus)}`.withoutTransform
          const found = yield* readable(
            rows,
            (row) => Effect.map(decode(row.delivery), (value) => ({ value, place: Search.placeOf(row) })),
            ({ position }) => String(position)
          )
          return { found, rows: rows.length, last: rows.length === 0 ? undefined : Search.placeOf(rows.at(-1)!) }
        })
      )),
    tally: ({ since }) =>
      asStored(Effect.gen(function*() {
        const counts = yield* sql<
          { provider: string; status: Status; count: unknown }
        >`SELECT provider, status, COUNT(*) AS count FROM sms_deliveries
          WHERE created_at >= ${since} AND status <> '' AND provider IS NOT NULL
          GROUP BY provider, status`.withoutTransform
        const reached = sql.literal(sql.onDialectOrElse({
          pg: () => "delivery::json ->> 'since'",
          orElse: () => "json_extract(delivery, '$.since')"
        }))
        const rows = yield* sql<{ provider: string; at: unknown; reached: string }>`SELECT provider, created_at AS at,
          ${reached} AS reached FROM sms_deliveries
          WHERE created_at >= ${since} AND status IN ('delivered', 'read') AND provider IS NOT NULL
          ORDER BY created_at DESC LIMIT ${maxTook}`.withoutTransform
        return {
          statuses: counts.map(({ count, provider, status }) => ({ provider, status, count: Number(count) })),
          took: rows.map(({ at, provider, reached }) => ({
            provider,
            at: Number(at),
            millis: DateTime.toEpochMillis(DateTime.makeUnsafe(reached)) - Number(at)
            // What is first recorded as delivered was sent by another application, or before a restart.
          })).filter(({ millis }) => millis > 0)
        }
      })),
    remove: (key) =>
      asStored(transact(Effect.gen(function*() {
        const [row] = yield* sql<Row>`DELETE FROM sms_deliveries WHERE key = ${keyOf(key)} RETURNING position, delivery`
          .withoutTransform
        return row === undefined ? undefined : yield* decode(row.delivery)
      })))
  })
})
