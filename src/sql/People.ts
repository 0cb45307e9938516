/**
 * Deletes the stored data of a person.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Address } from "../Address.ts"
import type { StorageError } from "../StorageError.ts"
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
   * Deletes the rooms in which the person is the only participant, with their
   * history, and the person's webhooks, sends and delivery statuses, in one
   * transaction. Re-hosted files cannot be found by person; they expire by age.
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
        // Matches the participant of an attachment in the JSON of a room.
        const inRoom = `%"participant":${escaped(JSON.stringify(address))}%`
        const rooms = yield* sql<{ id: string }>`SELECT id FROM sms_rooms WHERE room LIKE ${inRoom} ESCAPE '\\'`
          .withoutTransform
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
          (SELECT lane FROM sms_inbox WHERE address = ${address})`
        const webhooks = yield* count(
          sql`DELETE FROM sms_inbox WHERE address = ${address} RETURNING id`.withoutTransform
        )
        const digits = address.replaceAll(/\D/g, "")
        const parts = yield* count(
          sql`DELETE FROM sms_mms_keys WHERE mms_key LIKE ${`%${escaped(digits)}%`} ESCAPE '\\' RETURNING mms_key`
            .withoutTransform
        )
        return {
          webhooks,
          rooms: ids.length,
          events,
          sends: yield* count(sql`DELETE FROM sms_intents WHERE address = ${address} RETURNING id`.withoutTransform),
          statuses: yield* count(
            sql`DELETE FROM sms_statuses WHERE address = ${address} RETURNING key`.withoutTransform
          ),
          deliveries: yield* count(
            sql`DELETE FROM sms_deliveries WHERE address = ${address} RETURNING key`.withoutTransform
          ),
          messageParts: parts
        }
      })))
  })
})
