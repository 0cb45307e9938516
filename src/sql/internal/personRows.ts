/**
 * The rows of a person: what the tables have about the person, and what other
 * rows say.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import type { Address } from "../../Address.ts"
import * as Content from "../../Content.ts"
import { keysOfPerson, loopPrefix } from "../../guards/internal/keys.ts"
import { personOf } from "../../internal/person.ts"
import { idOfUrl } from "../../media/MediaStore.ts"
import { InboundMessage } from "../../Message.ts"
import { RoomEvent } from "../../RoomEvent.ts"
import { routesOf, textOf } from "../../rooms/internal/routes.ts"
import { Room } from "../../rooms/Room.ts"
import type { StorageError, UnreadableRow } from "../../StorageError.ts"
import * as ForgottenSends from "./forgottenSends.ts"
import { json } from "./json.ts"
import * as Person from "./person.ts"
import { stored, type Transact } from "./storage.ts"

/** A person, and the rooms that have the person as a participant. */
export interface Found {
  readonly person: Person.Person
  readonly alone: ReadonlyArray<string>
  /** The rooms with other participants. */
  readonly shared: ReadonlyArray<string>
}

const rooms = json("sms_rooms", Room)
const events = json("sms_room_events", RoomEvent)
const messages = json("sms_mms_outbox", InboundMessage)

/** The columns that may name a person whom their row does not concern. */
const columns = {
  sms_inbox: ["event"],
  sms_room_events: ["event", "deliveries", "key", "words"],
  sms_statuses: ["status"],
  sms_deliveries: ["delivery"],
  sms_intents: ["message", "outcome", "key", "words"],
  sms_events: ["event"]
} satisfies Readonly<Record<string, ReadonlyArray<string>>>

/** The number of positions that are searched at a time, so that other statements can run in between. */
const batch = 2000

/** The number of files that are searched for at a time: SQLite limits the depth of an expression. */
const maxFiles = 200

type Row = Readonly<Record<string, unknown>>

/** Decodes for a search. A row that does not decode has nothing to be found by. */
const readable = <A>(decoded: Effect.Effect<A, UnreadableRow>): Effect.Effect<A | undefined> =>
  Effect.orElseSucceed(decoded, () => undefined)

export const make = (sql: SqlClient.SqlClient, transact: Transact) => {
  const asStored = stored(sql, "people")
  const lock = sql.literal(sql.onDialectOrElse({ pg: () => "FOR UPDATE", orElse: () => "" }))

  const count = (statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>) =>
    Effect.map(statement, ({ length }) => length)

  const like = (column: string, patterns: ReadonlyArray<string>): ReadonlyArray<Fragment> =>
    patterns.map((pattern) => sql`${sql(column)} LIKE ${pattern} ESCAPE '\\'`)

  /** Whether the address of a row is one of the person's. */
  const isOwn = ({ addresses, numbers }: Person.Person) =>
    sql.or([sql.in("address", addresses), ...like("address", numbers.map((digits) => `%:+${digits}`))])

  const isIn = (column: string, ids: ReadonlyArray<string>) => ids.length === 0 ? sql`1 = 0` : sql.in(column, ids)

  const readRooms = Effect.fnUntraced(function*({ patterns, routes }: Person.Person, which = sql.literal("")) {
    const rows = yield* sql<{ id: string; room: string }>`SELECT id, room FROM sms_rooms
      WHERE ${sql.or(like("room", patterns))}
      OR id IN (SELECT room_id FROM sms_routes WHERE ${sql.or(like("route", routes))}) ${which}`.withoutTransform
    return yield* Effect.forEach(
      rows,
      ({ id, room }) => Effect.map(readable(rooms.decode(room)), (room) => ({ id, room }))
    )
  })

  /** Finds the person's rooms, and the other addresses that these know, which may lead to more rooms. */
  const find = (address: Address): Effect.Effect<Found, StorageError> =>
    asStored(Effect.gen(function*() {
      let person = Person.make([address])
      while (true) {
        const candidates = yield* readRooms(person)
        const known = Person.make([
          ...person.addresses,
          ...candidates.flatMap(({ room }) => room === undefined ? [] : Person.addressesIn(room, person))
        ])
        if (known.addresses.length > person.addresses.length) {
          person = known
          continue
        }
        const parts = candidates.map(({ id, room }) => ({ id, part: Person.partIn(room, known) }))
        return {
          person: known,
          alone: parts.filter(({ part }) => part === "alone").map(({ id }) => id),
          shared: parts.filter(({ part }) => part === "shared").map(({ id }) => id)
        }
      }
    }))

  /** Visits the rows of a table that fit, in batches, and sums what the visits return. */
  const visit = Effect.fnUntraced(function*(
    table: string,
    names: ReadonlyArray<string>,
    fits: Fragment,
    each: (row: Row) => Effect.Effect<number, SqlError>
  ) {
    const [ends] = yield* asStored(
      sql<{ first: unknown; last: unknown }>`SELECT MIN(position) AS first, MAX(position) AS last
        FROM ${sql(table)}`.withoutTransform
    )
    const last = Number(ends?.last ?? 0)
    const list = sql.literal(["position", ...names].join(", "))
    let total = 0
    for (let from = Number(ends?.first ?? 1); from <= last; from += batch) {
      total += yield* asStored(transact(Effect.gen(function*() {
        const rows = yield* sql<Row>`SELECT ${list} FROM ${sql(table)}
          WHERE position >= ${from} AND position < ${from + batch} AND ${fits}`.withoutTransform
        return (yield* Effect.forEach(rows, each)).reduce((sum, changes) => sum + changes, 0)
      })))
    }
    return total
  })

  /**
   * Masks the person in the columns of a row, and returns how many rows that
   * changed: one or none. A key that names the person goes: two masked keys could
   * be the same.
   */
  const maskRow = Effect.fnUntraced(function*(
    table: string,
    key: string,
    names: ReadonlyArray<string>,
    row: Row,
    { mask }: Person.Person
  ) {
    const changed: Record<string, string | null> = {}
    for (const name of names) {
      const text = row[name]
      const masked = typeof text === "string" ? mask(text) : text
      if (typeof masked === "string" && masked !== text) changed[name] = name === "key" ? null : masked
    }
    if (Object.keys(changed).length === 0) return 0
    yield* sql`UPDATE ${sql(table)} SET ${sql.update(changed)} WHERE ${sql(key)} = ${row[key]}`
    return 1
  })

  const eventOf = (row: Row) => readable(events.decode(String(row["event"])))

  /** Returns whether a room event is a message of the person. In a room of the person alone, every event goes. */
  const isBy = ({ shared }: Found, person: Person.Person, row: Row) =>
    shared.includes(String(row["room_id"]))
      ? Effect.map(eventOf(row), (event) => person.has(event?.source.participant))
      : Effect.succeed(false)

  /** Visits the room events of others that contain one of these texts. */
  const visitOthers = (
    found: Found,
    patterns: ReadonlyArray<string>,
    each: (row: Row) => Effect.Effect<number, SqlError>
  ) =>
    visit(
      "sms_room_events",
      ["room_id", ...columns.sms_room_events],
      sql`NOT (${isIn("room_id", found.alone)})
        AND ${sql.or(columns.sms_room_events.flatMap((name) => like(name, patterns)))}`,
      (row) => Effect.flatMap(isBy(found, found.person, row), (own) => own ? Effect.succeed(0) : each(row))
    )

  /** Returns the re-hosted files of the person's messages that no message of somebody else has. */
  const files = Effect.fnUntraced(function*(found: Found) {
    const { alone, person, shared } = found
    const rows = yield* asStored(
      sql<Row>`SELECT event FROM sms_room_events WHERE ${isIn("room_id", [...alone, ...shared])}`.withoutTransform
    )
    const left = new Set<string>()
    for (const row of rows) {
      const event = yield* eventOf(row)
      if (event?.source.direction !== "inbound" || !person.has(event.source.participant)) continue
      for (const { url } of Content.media(event.content)) {
        const id = idOfUrl(url)
        if (id !== undefined) left.add(id)
      }
    }
    const ids = Array.from(left)
    for (let from = 0; from < ids.length; from += maxFiles) {
      const some = ids.slice(from, from + maxFiles)
      yield* visitOthers(found, some.map((id) => `%${id}%`), (row) =>
        Effect.sync(() => {
          for (const id of some) if (String(row["event"]).includes(id)) left.delete(id)
          return 0
        }))
    }
    return Array.from(left)
  })

  /**
   * Masks the person in the lane of an entry, or of all entries that are pending
   * in it. A lane that a server has claimed at that moment keeps its name.
   */
  const maskLane = Effect.fnUntraced(function*(row: Row, person: Person.Person) {
    const lane = String(row["lane"])
    const masked = person.mask(lane)
    if (row["state"] !== "pending") return yield* maskRow("sms_inbox", "position", ["lane"], row, person)
    const renamed = yield* sql`UPDATE sms_lanes SET lane = ${masked} WHERE lane = ${lane} AND owner IS NULL
      AND NOT EXISTS (SELECT 1 FROM sms_lanes AS other WHERE other.lane = ${masked}) RETURNING lane`.withoutTransform
    if (renamed.length === 0) return 0
    yield* sql`UPDATE sms_inbox SET lane = ${masked} WHERE lane = ${lane} AND state = 'pending'`
    return 1
  })

  /** Marks a send to a group that is being made: its outcome will name the person. */
  const markSending = (table: string, { position }: Row) =>
    table === "sms_intents"
      ? Effect.asVoid(sql`UPDATE sms_intents SET forgotten = 'partly' WHERE position = ${position}
        AND state = 'sending' AND forgotten IS NULL`)
      : Effect.void

  /** Masks the person in the rows of others, and returns how many named the person. */
  const mask = Effect.fnUntraced(function*(found: Found) {
    const { person } = found
    const { written } = person
    let total = yield* visitOthers(
      found,
      written,
      (row) => maskRow("sms_room_events", "position", columns.sms_room_events, row, person)
    )
    for (const table of ["sms_inbox", "sms_statuses", "sms_deliveries", "sms_intents", "sms_events"] as const) {
      const names = columns[table]
      total += yield* visit(
        table,
        names,
        sql`(address IS NULL OR NOT ${isOwn(person)}) AND ${sql.or(names.flatMap((name) => like(name, written)))}`,
        (row) => Effect.tap(maskRow(table, "position", names, row, person), () => markSending(table, row))
      )
    }
    // The lane of a group names its members.
    yield* visit(
      "sms_inbox",
      ["lane", "state"],
      sql.or(like("lane", person.patterns)),
      (row) => Effect.as(maskLane(row, person), 0)
    )
    return total
  })

  /** Deletes a room of the person alone, or the person from another room. Returns how many events went. */
  const leave = Effect.fnUntraced(function*(id: string, room: Room | undefined, person: Person.Person) {
    if (room === undefined || Person.partIn(room, person) === "alone") {
      yield* sql`DELETE FROM sms_routes WHERE room_id = ${id}`
      yield* sql`DELETE FROM sms_rooms WHERE id = ${id}`
      yield* sql`DELETE FROM sms_room_people WHERE room_id = ${id}`
      yield* sql`DELETE FROM sms_limits WHERE key = ${`${loopPrefix} ${id}`}`
      return yield* count(sql`DELETE FROM sms_room_events WHERE room_id = ${id} RETURNING id`.withoutTransform)
    }
    const { left, reduced, removed } = Person.leave(room, person)
    yield* sql`UPDATE sms_rooms SET room = ${yield* rooms.encode(new Room({ ...room, attachments: left }))}
      WHERE id = ${id}`
    for (const route of removed.flatMap(routesOf)) {
      yield* sql`DELETE FROM sms_routes WHERE route = ${textOf(route)} AND room_id = ${id}`
    }
    for (const route of reduced.flatMap(routesOf)) {
      yield* sql`INSERT INTO sms_routes (route, room_id) VALUES (${
        textOf(route)
      }, ${id}) ON CONFLICT (route) DO NOTHING`
    }
    let deleted = 0
    const rows = yield* sql<Row>`SELECT position, event FROM sms_room_events WHERE room_id = ${id}`.withoutTransform
    for (const row of rows) {
      const event = yield* eventOf(row)
      if (!person.has(event?.source.participant)) continue
      yield* sql`DELETE FROM sms_room_events WHERE position = ${row["position"]}`
      deleted++
    }
    return deleted
  })

  /** Deletes the person's entries in the inbox, and counts them off their lanes. */
  const removeWebhooks = Effect.fnUntraced(function*(person: Person.Person) {
    const own = isOwn(person)
    // Locked first, as by every other change of a lane.
    yield* sql`SELECT lane FROM sms_lanes WHERE lane IN (SELECT lane FROM sms_inbox WHERE state = 'pending' AND ${own})
      ORDER BY lane ${lock}`
    const entries = yield* sql<{ lane: string; state: string }>`DELETE FROM sms_inbox WHERE ${own}
      RETURNING lane, state`.withoutTransform
    const lanes = new Map<string, number>()
    for (const { lane, state } of entries) if (state === "pending") lanes.set(lane, (lanes.get(lane) ?? 0) + 1)
    for (const [lane, pending] of lanes) {
      yield* sql`UPDATE sms_lanes SET pending = pending - ${pending} WHERE lane = ${lane}`
      yield* sql`DELETE FROM sms_lanes WHERE lane = ${lane} AND pending = 0 AND owner IS NULL`
    }
    return entries.length
  })

  /** Deletes the person's parts and merged messages, and masks the person in merged messages of others. */
  const removeParts = Effect.fnUntraced(function*(person: Person.Person) {
    let [removed, masked] = [0, 0]
    const waiting = yield* sql<Row>`SELECT id, message FROM sms_mms_outbox
      WHERE ${sql.or(like("message", person.written))} ${lock}`.withoutTransform
    for (const row of waiting) {
      const message = yield* readable(messages.decode(String(row["message"])))
      if (message === undefined || person.has(message.sender)) {
        yield* sql`DELETE FROM sms_mms_outbox WHERE id = ${row["id"]}`
        removed++
      } else masked += yield* maskRow("sms_mms_outbox", "id", ["message"], row, person)
    }
    const keys = yield* sql<Row>`SELECT mms_key, state FROM sms_mms_keys
      WHERE ${sql.or([...like("mms_key", person.patterns), ...like("state", person.written)])} ${lock}`.withoutTransform
    for (const row of keys) {
      if (person.isIn(String(row["mms_key"]))) {
        yield* sql`DELETE FROM sms_mms_keys WHERE mms_key = ${row["mms_key"]}`
        removed++
      } else masked += yield* maskRow("sms_mms_keys", "mms_key", ["state"], row, person)
    }
    return { removed, masked }
  })

  /** Deletes the person's own rows. */
  const remove = ({ person }: Found) =>
    asStored(transact(Effect.gen(function*() {
      const found = (yield* readRooms(person, lock)).map(({ id, room }) => ({
        id,
        room,
        part: Person.partIn(room, person)
      }))
      let events = 0
      for (const { id, part, room } of found) if (part !== "none") events += yield* leave(id, room, person)
      const alone = found.filter(({ part }) => part === "alone").map(({ id }) => id)
      const own = isOwn(person)
      const isPerson = sql.in("person", person.addresses.map(personOf))
      // Leads from the messages to what is left of their sends.
      yield* sql`UPDATE sms_sent SET person = ${ForgottenSends.nobody} WHERE ${isPerson}`
      yield* sql`DELETE FROM sms_room_people WHERE ${isPerson}`
      const counters = person.addresses.flatMap((address) => keysOfPerson(personOf(address)))
      yield* sql`DELETE FROM sms_limits WHERE ${sql.in("key", counters)}`
      const parts = yield* removeParts(person)
      return {
        webhooks: yield* removeWebhooks(person),
        rooms: alone.length,
        sharedRooms: found.filter(({ part }) => part === "shared").length,
        events,
        sends: yield* ForgottenSends.remove(sql, person, own, lock),
        statuses: yield* count(sql`DELETE FROM sms_statuses WHERE ${own} RETURNING key`.withoutTransform),
        deliveries: yield* count(sql`DELETE FROM sms_deliveries WHERE ${own} RETURNING key`.withoutTransform),
        logEntries: yield* count(
          sql`DELETE FROM sms_events WHERE ${sql.or([own, isIn("room_id", alone)])} RETURNING id`.withoutTransform
        ),
        messageParts: parts.removed,
        masked: parts.masked
      }
    })))

  return { find, files, mask, remove }
}
