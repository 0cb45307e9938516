/**
 * Fills new columns from the JSON of rows that an earlier version wrote. What
 * is not as expected is left empty: such a row is found by no filter.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Address } from "../../Address.ts"
import { Content } from "../../Content.ts"
import { wordsOf } from "../../internal/listing.ts"
import { personOf } from "../../internal/person.ts"
import { canonicalKey } from "../../rooms/internal/routes.ts"

/** The rows in memory at a time. */
const batch = 500

type Json = Readonly<Record<string, unknown>>

const parse = (text: unknown): Json => {
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === "object" && value !== null ? value as Json : {}
  } catch {
    return {}
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Json)[name] : undefined

const textOf = (value: unknown): string | null => typeof value === "string" && value !== "" ? value : null

const personIn = (address: unknown): string | null => {
  const text = textOf(address)
  return text === null ? null : personOf(Address.make(text))
}

/** Visits all rows of a table, in the order of a column. */
const visit = Effect.fnUntraced(function*(
  table: string,
  key: string,
  columns: string,
  each: (row: Json) => Effect.Effect<unknown, SqlError>
) {
  const sql = yield* SqlClient.SqlClient
  let last: unknown
  while (true) {
    const after = last === undefined ? sql.literal("") : sql`WHERE ${sql(key)} > ${last}`
    const rows = yield* sql<Json>`SELECT ${sql.literal(`${key}, ${columns}`)} FROM ${sql(table)} ${after}
      ORDER BY ${sql(key)} LIMIT ${batch}`.withoutTransform
    for (const row of rows) yield* each(row)
    if (rows.length < batch) return
    last = rows.at(-1)![key]
  }
})

/** Fills the columns that lists are searched by. */
export const lists = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* visit("sms_room_events", "position", "event", ({ event, position }) => {
    const { blocked, source } = parse(event)
    if (field(source, "direction") !== "inbound") return Effect.void
    const provider = /^sms-(.+)$/.exec(String(field(source, "channelId")))?.[1] ?? null
    return sql`UPDATE sms_room_events SET state = ${blocked === undefined ? "received" : "blocked"},
      person = ${personIn(field(source, "participant"))}, provider = ${provider} WHERE position = ${position}`
  })
  yield* visit("sms_intents", "position", "address, provider, outcome", ({ address, outcome, position, provider }) => {
    const { error, receipt } = parse(outcome)
    const via = textOf(field(receipt, "provider")) ?? textOf(field(error, "provider")) ?? textOf(provider)
    return sql`UPDATE sms_intents SET person = ${personIn(address)}, via = ${via} WHERE position = ${position}`
  })
  yield* visit(
    "sms_deliveries",
    "position",
    "address, delivery",
    ({ address, delivery, position }) =>
      sql`UPDATE sms_deliveries SET person = ${personIn(address)}, provider = ${textOf(parse(delivery)["provider"])}
      WHERE position = ${position}`
  )
  yield* visit("sms_rooms", "id", "room", ({ id, room }) => {
    const { attachments } = parse(room)
    const people = (Array.isArray(attachments) ? attachments : []).flatMap((attachment) =>
      ["participant", "writesFrom", "aliases", "group"].flatMap((name) => field(attachment, name) ?? [])
    ).flatMap((address) => personIn(address) ?? [])
    return Effect.forEach(
      new Set(people),
      (person) => sql`INSERT INTO sms_room_people (person, room_id) VALUES (${person}, ${id})`,
      { discard: true }
    )
  })
})

const decodeContent = Schema.decodeUnknownOption(Schema.toCodecJson(Content))

/** Fills the columns with the texts that messages are searched by. */
export const words = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  for (const [table, column] of [["sms_room_events", "event"], ["sms_intents", "message"]] as const) {
    yield* visit(
      table,
      "position",
      column,
      ({ position, ...row }) =>
        Option.match(decodeContent(parse(row[column])["content"]), {
          onNone: () => Effect.void,
          onSome: (content) => sql`UPDATE ${sql(table)} SET words = ${wordsOf(content)} WHERE position = ${position}`
        })
    )
  }
})

/**
 * Rewrites the keys of routes that an earlier version stored with addresses as
 * they were written, or with another canonical form, which nothing looks up
 * any more. Where two rooms of one person would have the same key, the one with
 * the latest message keeps it, unless a key is canonical already.
 */
export const routes = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const changed: Array<{ readonly from: string; readonly to: string; readonly roomId: unknown; activity: number }> = []
  yield* visit("sms_routes", "route", "room_id", ({ room_id: roomId, route }) => {
    const from = String(route)
    const to = canonicalKey(from)
    if (to !== undefined && to !== from) changed.push({ from, to, roomId, activity: 0 })
    return Effect.void
  })
  for (const each of changed) {
    const [row] = yield* sql<Json>`SELECT activity FROM sms_rooms WHERE id = ${each.roomId}`.withoutTransform
    each.activity = Number(row?.["activity"] ?? 0)
  }
  for (const { from, roomId, to } of changed.toSorted((a, b) => b.activity - a.activity)) {
    yield* sql`INSERT INTO sms_routes (route, room_id) VALUES (${to}, ${roomId}) ON CONFLICT (route) DO NOTHING`
    yield* sql`DELETE FROM sms_routes WHERE route = ${from}`
  }
})
