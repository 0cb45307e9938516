/**
 * Deletes the stored data of a person.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { type Address, canonical } from "../Address.ts"
import * as Routes from "../rooms/internal/routes.ts"
import { Room } from "../rooms/Room.ts"
import type { StorageError } from "../StorageError.ts"
import { json } from "./internal/json.ts"
import { stored, type Transact } from "./internal/storage.ts"

/**
 * The number of deleted rows, by kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Forgotten {
  readonly webhooks: number
  readonly rooms: number
  readonly events: number
  readonly sends: number
  readonly statuses: number
  readonly deliveries: number
  readonly messageParts: number
}

/**
 * The members of {@link People}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Deletes the rooms of the person, also those of groups, with their history,
   * and the person's webhooks, sends and delivery statuses, in one transaction.
   * What the other members of a group wrote in it, or was sent to them there, is
   * deleted too, because it names the person. The person is found by any form of the number and by the other
   * addresses that carriers gave. Re-hosted files cannot be found by person; they
   * expire by age.
   */
  readonly forget: (address: Address) => Effect.Effect<Forgotten, StorageError>
}

/**
 * The service that deletes personal data.
 *
 * @category services
 * @since 0.1.0
 */
export class People extends Context.Service<People, Service>()("effect-sms/sql/People") {}

/** Escapes the wildcards of a `LIKE` pattern. */
const escaped = (text: string): string => text.replaceAll(/[\\%_]/g, "\\$&")

const { decode: decodeRoom } = json("sms_rooms", Room)

/** Returns the addresses of a person, as they were given and as the person's rooms have them. */
const addressesOf = Effect.fnUntraced(function*(address: Address, rooms: ReadonlyArray<{ readonly room: string }>) {
  const known = new Set([address, canonical(address)])
  for (const { room } of rooms) {
    // A room that does not decode is deleted as well, but names no other addresses.
    const attachments = yield* Effect.match(decodeRoom(room), {
      onFailure: () => [],
      onSuccess: (room) => room.attachments
    })
    for (const attachment of Routes.ofPerson(attachments, address)) known.add(attachment)
  }
  return Array.from(known)
})

/** The digits of addresses that have a number. An id such as `whatsapp:MX.1` has too few to be searched for. */
const digitsOf = (addresses: ReadonlyArray<Address>): ReadonlyArray<string> =>
  Array.from(new Set(addresses.map((address) => address.replaceAll(/\D/g, "")))).filter(({ length }) => length > 2)

/** Makes the service. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact
): Effect.fn.Return<Service, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient

  const count = (statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>) =>
    Effect.map(statement, ({ length }) => length)

  return People.of({
    forget: (address) =>
      stored(sql, "people")(transact(Effect.gen(function*() {
        // Match the participant of an attachment in the JSON of a room, and at the end of a route key.
        const inRoom = `%"participant":${escaped(JSON.stringify(address))}%`
        const ending = escaped(JSON.stringify(canonical(address)))
        const inRoute = `%,${ending}]`
        const inGroup = `%,[%${ending}%]]`
        const rooms = yield* sql<{ id: string; room: string }>`SELECT id, room FROM sms_rooms
          WHERE room LIKE ${inRoom} ESCAPE '\\'
          OR id IN (SELECT room_id FROM sms_routes
            WHERE route LIKE ${inRoute} ESCAPE '\\' OR route LIKE ${inGroup} ESCAPE '\\')`.withoutTransform
        const addresses = yield* addressesOf(address, rooms)
        const ofPerson = sql.in("address", addresses)
        const orParticipant = (column: string) =>
          sql.or([
            ofPerson,
            ...addresses.map((address) =>
              sql`${sql.literal(column)} LIKE ${`%"participants":[%${escaped(JSON.stringify(address))}%`} ESCAPE '\\'`
            )
          ])
        const ids = rooms.map(({ id }) => id)
        const ofRooms = sql.in("room_id", ids)
        const events = ids.length === 0
          ? 0
          : yield* count(sql`DELETE FROM sms_room_events WHERE ${ofRooms} RETURNING id`.withoutTransform)
        if (ids.length > 0) {
          yield* sql`DELETE FROM sms_routes WHERE ${ofRooms}`
          yield* sql`DELETE FROM sms_rooms WHERE ${sql.in("id", ids)}`
        }
        // Drops unclaimed lanes. A claimed lane without pending entries is dropped by the process that holds it.
        yield* sql`DELETE FROM sms_lanes WHERE owner IS NULL AND lane IN
          (SELECT lane FROM sms_inbox WHERE ${orParticipant("event")})`
        const webhooks = yield* count(
          sql`DELETE FROM sms_inbox WHERE ${orParticipant("event")} RETURNING id`.withoutTransform
        )
        const parts = yield* Effect.forEach(digitsOf(addresses), (digits) =>
          count(
            sql`DELETE FROM sms_mms_keys WHERE mms_key LIKE ${`%${escaped(digits)}%`} ESCAPE '\\' RETURNING mms_key`
              .withoutTransform
          ))
        return {
          webhooks,
          rooms: ids.length,
          events,
          sends: yield* count(
            sql`DELETE FROM sms_intents WHERE ${orParticipant("message")} RETURNING id`.withoutTransform
          ),
          statuses: yield* count(
            sql`DELETE FROM sms_statuses WHERE ${ofPerson} RETURNING key`.withoutTransform
          ),
          deliveries: yield* count(
            sql`DELETE FROM sms_deliveries WHERE ${ofPerson} RETURNING key`.withoutTransform
          ),
          messageParts: parts.reduce((sum, count) => sum + count, 0)
        }
      })))
  })
})
