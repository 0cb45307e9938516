/**
 * Deletes the stored data of a person.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { Address } from "../Address.ts"
import type { Service as EventLog } from "../events/EventLog.ts"
import type { MediaError } from "../media/MediaError.ts"
import type { MediaStore } from "../media/MediaStore.ts"
import type { StorageError } from "../StorageError.ts"
import type { Made as Consents } from "./ConsentLedgerSql.ts"
import * as EmptyLog from "./internal/emptyLog.ts"
import * as PersonRows from "./internal/personRows.ts"
import type { Transact } from "./internal/storage.ts"

/**
 * The number of deleted rows, by kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Forgotten {
  /** Events in the inbox, dead letters included. */
  readonly webhooks: number
  /** Rooms in which the person was the only participant. */
  readonly rooms: number
  /** Rooms that stay, and that the person was removed from. */
  readonly sharedRooms: number
  /** Events in rooms. */
  readonly events: number
  readonly sends: number
  readonly statuses: number
  readonly deliveries: number
  /** Split messages that are not handled yet, or whose parts are remembered. */
  readonly messageParts: number
  /** Rows of others that named the person, and no longer do. */
  readonly masked: number
  /** Re-hosted files. */
  readonly files: number
  readonly logEntries: number
  /** Entries of the consent ledger. Of one that still opts the person out, only the person's addresses and words. */
  readonly consents: number
}

/**
 * Options of {@link Service.forget}.
 *
 * @category models
 * @since 0.1.0
 */
export type ForgetOptions = {
  /** The store of the person's re-hosted files. Without it, files expire by age. */
  readonly media?: MediaStore["Service"] | undefined
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
   * history, and the person's webhooks, sends, delivery statuses and split
   * messages. In rooms with others, deletes the person's messages and removes the
   * person. In any other row, replaces the digits of the number by nines, in the
   * forms in which people write it, and another address by `forgotten`. Deletes
   * the idempotency keys of others that contain the number.
   *
   * The person is found by any form of the number, on every channel, and by the
   * other addresses that carriers gave.
   *
   * An opt-out stays in force: the consent ledger keeps it with a hash of the
   * number, without the number.
   *
   * Files are deleted first, except those that a message of somebody else has
   * too, and the person's own rows last. If it fails, it can be repeated.
   */
  readonly forget: (
    address: Address,
    options?: ForgetOptions
  ) => Effect.Effect<Forgotten, StorageError | MediaError>
}

/**
 * The service that deletes personal data.
 *
 * @category services
 * @since 0.1.0
 */
export class People extends Context.Service<People, Service>()("effect-sms/sql/People") {}

/** Makes the service. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  log: Pick<EventLog, "head">,
  consents: Pick<Consents, "forget">
): Effect.fn.Return<Service, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const rows = PersonRows.make(sql, transact)

  const deleteFiles = Effect.fnUntraced(function*(found: PersonRows.Found, media: MediaStore["Service"]) {
    const deleted = yield* Effect.forEach(yield* rows.files(found), (id) => media.delete(id), { concurrency: 4 })
    return deleted.filter((wasStored) => wasStored).length
  })

  return People.of({
    forget: Effect.fnUntraced(function*(address, { media } = {}) {
      // Gives every entry of the log a position, by which entries are searched.
      yield* log.head
      const found = yield* rows.find(address)
      const files = media === undefined ? 0 : yield* deleteFiles(found, media)
      const masked = yield* rows.mask(found)
      const forgotten = yield* consents.forget([address, ...found.person.addresses])
      const removed = yield* rows.remove(found)
      yield* EmptyLog.make(sql)
      return { ...removed, masked: masked + removed.masked, files, consents: forgotten }
    })
  })
})
