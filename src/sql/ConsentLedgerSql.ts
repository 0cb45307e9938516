/**
 * The consent ledger in a database, which any number of servers can share.
 *
 * A person is found by a keyed hash of the number. When a person is forgotten,
 * the last words are kept if they are a `stop`, without the number and what was
 * said: the hash still keeps messages from the person. The key is in the same
 * database, so that the hash is a pseudonym and not anonymous: whoever has the
 * database can try all numbers.
 *
 * @since 0.1.0
 */
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Address } from "../Address.ts"
import { ConsentLedger, Entry, entryOf, type NewEntry, type Service } from "../consent/ConsentLedger.ts"
import * as LastWords from "../consent/internal/lastWords.ts"
import * as Changes from "../events/internal/changes.ts"
import * as Bytes from "../internal/bytes.ts"
import { fromHex, toHex } from "../internal/encodings.ts"
import { personOf } from "../internal/person.ts"
import type { StorageError, UnreadableRow } from "../StorageError.ts"
import type { Recorded, RecordEvent } from "./EventLogSql.ts"
import { json, makeReadable } from "./internal/json.ts"
import { stored, type Transact } from "./internal/storage.ts"

const { decode, encode } = json("sms_consents", Entry.mapFields(({ position: _, ...fields }) => fields))

interface Row {
  readonly position: unknown
  readonly entry: string
}

const toEntry = ({ entry, position }: Row): Effect.Effect<Entry, UnreadableRow> =>
  Effect.map(decode(entry), (fields) => new Entry({ ...fields, position: Number(position) }))

/** The ledger, and what only its database does. */
export interface Made {
  readonly ledger: Service
  /**
   * Removes the person from the ledger. Keeps the last words that are a `stop`,
   * without the person's addresses. Returns how many entries were removed or
   * masked.
   */
  readonly forget: (addresses: ReadonlyArray<Address>) => Effect.Effect<number, StorageError>
}

/** Reads the key of the hashes, and makes it in a new database. */
const readKey = Effect.fnUntraced(function*(transact: Transact) {
  const sql = yield* SqlClient.SqlClient
  const random = yield* SecureRandom.SecureRandom
  const fresh = toHex(yield* random.randomBytes(32))
  const [row] = yield* transact(Effect.gen(function*() {
    yield* sql`INSERT INTO sms_consent_keys (id, key) VALUES ('person', ${fresh}) ON CONFLICT (id) DO NOTHING`
    return yield* sql<{ key: string }>`SELECT key FROM sms_consent_keys WHERE id = 'person'`.withoutTransform
  }))
  return fromHex(row?.key ?? "") ?? new Uint8Array()
})

/** Makes the ledger. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  recorded: Recorded
): Effect.fn.Return<Made, StorageError, SqlClient.SqlClient | SecureRandom.SecureRandom | Mac.Mac> {
  const sql = yield* SqlClient.SqlClient
  const random = yield* SecureRandom.SecureRandom
  const mac = yield* Mac.Mac
  const asStored = stored(sql, "consents")
  const readable = yield* makeReadable
  const key = yield* Effect.orDie(Mac.key(Mac.hmacSha256, yield* asStored(readKey(transact))))

  const hashOf = (person: string) =>
    Effect.orDie(Effect.map(mac.sign(key, Bytes.fromText(person)), (tag) => toHex(tag)))
  const all = (rows: ReadonlyArray<Row>) => readable(rows, toEntry, ({ position }) => String(position))

  /** Selects the last words of people by their hashes. */
  const selectLastWords = (hashes: ReadonlyArray<string>) =>
    sql<Row>`SELECT position, entry FROM (
      SELECT position, entry, ROW_NUMBER() OVER (
        PARTITION BY person, sender, provider
        ORDER BY said_at DESC, CASE action WHEN 'stop' THEN 0 ELSE 1 END, position DESC
      ) AS place FROM sms_consents WHERE ${sql.in("person", hashes)} AND action IN ('stop', 'start')
    ) AS words WHERE place = 1 ORDER BY position`.withoutTransform

  /** Returns the last word of a person about a sender and a provider. */
  const lastWord = Effect.fnUntraced(function*(hash: string, sender: string, provider: string) {
    const [row] = yield* sql<{ position: unknown; action: string; said_at: unknown }>`SELECT position, action, said_at
      FROM sms_consents WHERE person = ${hash} AND sender = ${sender} AND provider = ${provider}
        AND action IN ('stop', 'start')
      ORDER BY said_at DESC, CASE action WHEN 'stop' THEN 0 ELSE 1 END, position DESC LIMIT 1`.withoutTransform
    return row === undefined ? undefined : {
      action: row.action,
      position: Number(row.position),
      saidAt: DateTime.makeUnsafe(Number(row.said_at))
    }
  })

  /** Makes the words of all servers wait for each other, so that each change is seen once. */
  const inTurn: Effect.Effect<unknown, SqlError> = sql.onDialectOrElse({
    pg: () => sql`SELECT id FROM sms_consent_keys WHERE id = 'person' FOR UPDATE`,
    orElse: () => Effect.void
  })

  const insert = Effect.fnUntraced(function*(
    added: NewEntry,
    hash: string,
    id: string,
    now: DateTime.Utc,
    record: RecordEvent
  ) {
    const { position: _, ...entry } = entryOf(added, { id, position: 0, now })
    const { action, provider = "", saidAt } = entry
    const sender = entry.sender === undefined ? "" : personOf(entry.sender)
    const before = LastWords.isWord(entry) ? yield* lastWord(hash, sender, provider) : undefined
    const text = yield* encode(entry)
    const [inserted] = yield* sql<{ position: unknown }>`INSERT INTO sms_consents
      (id, key, person, sender, provider, action, said_at, entry, recorded_at)
      VALUES (${id}, ${added.key ?? null}, ${hash}, ${sender}, ${provider},
        ${action}, ${DateTime.toEpochMillis(saidAt)}, ${text}, ${DateTime.toEpochMillis(now)})
      ON CONFLICT (key) DO NOTHING RETURNING position`.withoutTransform
    if (inserted !== undefined) {
      const stored = new Entry({ ...entry, position: Number(inserted.position) })
      const change = LastWords.changeOf<LastWords.Word>(before, stored)
      if (change !== undefined) yield* record(Changes.consented(added.person, change, stored))
      return { entry: stored, isNew: true }
    }
    const [known] = yield* sql<Row>`SELECT position, entry FROM sms_consents WHERE key = ${added.key}`.withoutTransform
    return { entry: yield* toEntry(known!), isNew: false }
  })

  const forget = Effect.fnUntraced(function*(addresses: ReadonlyArray<Address>) {
    const hashes = yield* Effect.forEach(Array.from(new Set(addresses.map(personOf))), hashOf)
    return yield* asStored(transact(Effect.gen(function*(): Effect.fn.Return<number, SqlError | UnreadableRow> {
      const kept: Array<number> = []
      let masked = 0
      for (const row of yield* selectLastWords(hashes)) {
        const { person, position: _, words: __, ...entry } = yield* toEntry(row)
        if (entry.action !== "stop") continue
        kept.push(Number(row.position))
        if (person === undefined) continue
        yield* sql`UPDATE sms_consents SET entry = ${yield* encode(entry)}, key = NULL WHERE position = ${row.position}`
        masked++
      }
      const isKept = kept.length === 0 ? sql`1 = 0` : sql.in("position", kept)
      const removed = yield* sql`DELETE FROM sms_consents WHERE ${sql.in("person", hashes)} AND NOT (${isKept})
        RETURNING position`.withoutTransform
      return masked + removed.length
    })))
  })

  const ledger = ConsentLedger.of({
    append: Effect.fnUntraced(function*(entries) {
      const now = yield* DateTime.now
      const rows = yield* Effect.forEach(
        entries,
        (entry) => Effect.all([Effect.succeed(entry), hashOf(personOf(entry.person)), random.ulid])
      )
      const hasWords = entries.some(LastWords.isWord)
      return yield* asStored(recorded((record) =>
        Effect.andThen(
          hasWords ? inTurn : Effect.void,
          Effect.forEach(rows, ([entry, hash, id]) => insert(entry, hash, id, now, record))
        )
      ))
    }),
    lastWords: Effect.fnUntraced(function*(person) {
      const hash = yield* hashOf(personOf(person))
      // A row that does not decode may be a stop, so the whole fails.
      return yield* asStored(Effect.flatMap(selectLastWords([hash]), Effect.forEach(toEntry)))
    }),
    of: Effect.fnUntraced(function*(person, { limit }) {
      const hash = yield* hashOf(personOf(person))
      return yield* asStored(Effect.flatMap(
        sql<Row>`SELECT position, entry FROM sms_consents WHERE person = ${hash}
          ORDER BY position DESC LIMIT ${limit}`.withoutTransform,
        all
      ))
    }),
    list: ({ after, limit }) =>
      asStored(Effect.flatMap(
        sql<Row>`SELECT position, entry FROM sms_consents WHERE position > ${after}
          ORDER BY position LIMIT ${limit}`.withoutTransform,
        all
      ))
  })
  return { ledger, forget }
})
