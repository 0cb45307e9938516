/**
 * The tables of the SQL aggregator and their operations. Each operation is one
 * transaction or one statement.
 *
 * A row of `sms_mms_keys` holds the state of one correlation key, except for
 * its released messages. Each of those is a row of `sms_mms_outbox`, written in
 * the same transaction and kept until the message is handled.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { unchecked } from "../../internal/unchecked.ts"
import { InboundMessage } from "../../Message.ts"
import type { Key } from "../../mms/internal/memory.ts"
import * as MmsWindow from "../../mms/internal/window.ts"
import { clockTolerance } from "../../mms/internal/window.ts"
import type { UnreadableRow } from "../../StorageError.ts"
import { compileOnce } from "./compileOnce.ts"
import { type DatabaseFailure, discreet } from "./failure.ts"
import { json } from "./json.ts"
import { makeTransact, Patience, timeLimit } from "./storage.ts"

export type StoreError = DatabaseFailure | UnreadableRow

/** A message in the outbox. */
export interface Stored {
  readonly id: string
  readonly message: InboundMessage
}

/** The result of changing a key. Without a state, the key is deleted. */
export interface Changed {
  readonly outputs: ReadonlyArray<MmsWindow.Output>
  readonly state: MmsWindow.State | undefined
}

export interface Times {
  readonly now: number
  readonly until: number
}

export interface Store {
  /**
   * Changes the state of a key. Concurrent changes of one key run one after the
   * other. Returns the decision, and the outbox row of each released message.
   */
  readonly change: (
    key: Key,
    options: {
      readonly decide: (state: MmsWindow.State) => Changed
      /** Returns when any process may claim a released message. */
      readonly availableAt: (due: MmsWindow.Due) => number
      readonly now: number
    }
  ) => Effect.Effect<Changed & { readonly stored: ReadonlyArray<Stored | undefined> }, StoreError>
  /** Stores a message without a key. */
  readonly put: (
    message: InboundMessage,
    options: { readonly availableAt: number; readonly now: number }
  ) => Effect.Effect<Stored, DatabaseFailure>
  /**
   * Returns the keys with due work or an expired state, most urgent first, and
   * those that were written before the clock was set back.
   */
  readonly dueKeys: (now: number, limit: number) => Effect.Effect<ReadonlyArray<Key>, DatabaseFailure>
  /** Postpones a key until the given time. */
  readonly postponeKey: (key: Key, times: Times) => Effect.Effect<void, DatabaseFailure>
  /**
   * Claims messages from the outbox for this process, oldest first, until the
   * given time. No other process can claim them before, unless the clock is set
   * back meanwhile.
   */
  readonly claim: (
    options: { readonly now: number; readonly until: number; readonly limit: number }
  ) => Effect.Effect<
    { readonly messages: ReadonlyArray<Stored>; readonly unreadable: ReadonlyArray<string> },
    DatabaseFailure
  >
  /**
   * Makes messages unavailable for claims until the given time. Returns those
   * that this process still owns; the others are left alone, because another
   * process has claimed them since.
   */
  readonly hold: (ids: ReadonlyArray<string>, times: Times) => Effect.Effect<ReadonlyArray<string>, DatabaseFailure>
  /** Deletes messages from the outbox. Calls that wait for a transaction share one statement. */
  readonly remove: (ids: ReadonlyArray<string>) => Effect.Effect<void, DatabaseFailure>
  /** Returns the number of open windows by provider. */
  readonly pending: Effect.Effect<ReadonlyMap<string, number>, DatabaseFailure>
  /** Returns when the next work is due, for keys and in the outbox. */
  readonly next: Effect.Effect<{ readonly keys: number; readonly outbox: number }, DatabaseFailure>
}

const states = json("sms_mms_keys", MmsWindow.State)
const messages = json("sms_mms_outbox", InboundMessage)

/** Creates the tables, or migrates those of an older version. Safe to run in several processes concurrently. */
export const migrate = discreet(
  Migrator.make({})({
    table: "sms_mms_migrations",
    loader: Migrator.fromRecord({
      "0001_tables": Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE sms_mms_keys (
        mms_key TEXT NOT NULL PRIMARY KEY,
        provider TEXT NOT NULL,
        state TEXT NOT NULL,
        open_windows BIGINT NOT NULL,
        due_at BIGINT NOT NULL
      )`
        yield* sql`CREATE INDEX sms_mms_keys_due_at ON sms_mms_keys (due_at)`
        // Counts open windows without reading idle keys.
        yield* sql`CREATE INDEX sms_mms_keys_open ON sms_mms_keys (provider, open_windows) WHERE open_windows > 0`
        yield* sql`CREATE TABLE sms_mms_outbox (
        id TEXT NOT NULL PRIMARY KEY,
        message TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        available_at BIGINT NOT NULL
      )`
        yield* sql`CREATE INDEX sms_mms_outbox_available_at ON sms_mms_outbox (available_at)`
      }),
      "0002_owner": Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`ALTER TABLE sms_mms_outbox ADD COLUMN owner TEXT`
      }),
      // Later than now when the clock was set back since.
      "0003_written_at": Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        for (const table of ["sms_mms_keys", "sms_mms_outbox"]) {
          yield* sql`ALTER TABLE ${sql(table)} ADD COLUMN written_at BIGINT`
          yield* sql`CREATE INDEX ${sql(`${table}_written_at`)} ON ${sql(table)} (written_at)`
        }
      })
    })
  })
)

/** The state of a key as this process has written it. */
interface Written {
  readonly state: MmsWindow.State
  readonly text: string
}

/** Messages that are deleted together. */
interface Removal {
  readonly ids: Array<string>
  readonly done: Deferred.Deferred<void, DatabaseFailure>
}

/** How many messages share a deletion. */
const maxRemoved = 256

/** Repeats the last id up to a power of two, so that there are few different statements. */
const padded = (ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  let length = 1
  while (length < ids.length) length *= 2
  return [...ids, ...Array.from({ length: length - ids.length }, () => ids.at(-1)!)]
}

/** The bounds of the states that this process remembers. */
const remembered = { maxEntries: 1000, maxBytes: 4 * 1024 * 1024 }

export const make: Effect.Effect<Store, never, SqlClient.SqlClient> = Effect.gen(function*() {
  const sql = compileOnce(yield* SqlClient.SqlClient)
  const transact = yield* makeTransact
  const inTime = timeLimit(sql, yield* Patience)
  const limited = <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) => discreet(inTime(effect))
  // Two random 53-bit integers, unique per process.
  const instance = [yield* Random.nextInt, yield* Random.nextInt].map((n) => Math.abs(n).toString(36)).join("")
  let count = 0

  const insert = Effect.fnUntraced(function*(
    message: InboundMessage,
    { availableAt, now }: { readonly availableAt: number; readonly now: number }
  ) {
    // Sorts in the order in which this process creates the rows.
    const id = `${instance}-${(count++).toString(36).padStart(8, "0")}`
    yield* sql`INSERT INTO sms_mms_outbox (id, message, created_at, available_at, owner, written_at)
      VALUES (${id}, ${yield* messages.encode(message)}, ${now}, ${availableAt}, ${instance}, ${now})`
    return { id, message }
  })

  const readState = (text: string) => text === "" ? Effect.succeed(MmsWindow.empty) : states.decode(text)

  /** Reads and locks the state of a key. On SQLite a transaction has the lock of the whole file. */
  const readLocked = (key: Key, now: number) =>
    sql.onDialectOrElse({
      sqlite: () => sql<{ state: string }>`SELECT state FROM sms_mms_keys WHERE mms_key = ${key.text}`,
      // A missing row is created, because it could not be locked.
      orElse: () =>
        sql<{ state: string }>`INSERT INTO sms_mms_keys (mms_key, provider, state, open_windows, due_at)
          VALUES (${key.text}, ${key.provider}, '', 0, ${now})
          ON CONFLICT (mms_key) DO UPDATE SET due_at = sms_mms_keys.due_at RETURNING state`
    }).withoutTransform

  /** The states with open windows that this process has written: the next part usually comes to the same process. */
  const waiting = new InsertionOrderedMap<Written>(remembered)

  const remember = (key: Key, written: Written) => {
    if (written.state.open.length === 0) waiting.delete(key.text)
    else waiting.put(key.text, written, 4 * written.text.length)
    waiting.trim()
  }

  /** Forgets the states whose windows this or another process closes by now: texts are in memory no longer than that. */
  const forgetDue = (now: number) => {
    const due = [...waiting.entries()].filter(([, { state }]) => dueAt(state) <= now)
    for (const [key] of due) waiting.delete(key)
  }

  const dueAt = ({ forgetAt, open }: MmsWindow.State) =>
    open.length === 0 ? forgetAt : open.reduce((first, { closesAt }) => Math.min(first, closesAt), Infinity)

  /**
   * Writes the state that follows the remembered one, or the first one of a key,
   * unless the row says something else. Returns whether it has.
   */
  const writeNext = (key: Key, before: Written | undefined, { state, text }: Written, now: number) =>
    Effect.map(
      before === undefined
        ? sql`INSERT INTO sms_mms_keys (mms_key, provider, state, open_windows, due_at, written_at)
            VALUES (${key.text}, ${key.provider}, ${text}, ${state.open.length}, ${dueAt(state)}, ${now})
            ON CONFLICT (mms_key) DO NOTHING RETURNING 1 AS written`.withoutTransform
        : sql`UPDATE sms_mms_keys SET state = ${text}, open_windows = ${state.open.length},
            due_at = ${dueAt(state)}, written_at = ${now}
            WHERE mms_key = ${key.text} AND state = ${before.text} RETURNING 1 AS written`.withoutTransform,
      (rows) => rows.length > 0
    )

  const write = (key: Key, { state, text }: Written, now: number) =>
    sql`INSERT INTO sms_mms_keys (mms_key, provider, state, open_windows, due_at, written_at)
      VALUES (${key.text}, ${key.provider}, ${text}, ${state.open.length}, ${dueAt(state)}, ${now})
      ON CONFLICT (mms_key) DO UPDATE SET state = excluded.state, open_windows = excluded.open_windows,
        due_at = excluded.due_at, written_at = excluded.written_at`

  const encodeState = (state: MmsWindow.State) => {
    const kept = unchecked(MmsWindow.State, { ...state, due: [] })
    return Effect.map(states.encode(kept), (text): Written => ({ state: kept, text }))
  }

  /** Decides on the state in the row, which is locked first. */
  const changeLocked = Effect.fnUntraced(function*(key: Key, decide: (state: MmsWindow.State) => Changed, now: number) {
    const [row] = yield* readLocked(key, now)
    const changed = decide(yield* readState(row?.state ?? ""))
    if (changed.state === undefined) yield* sql`DELETE FROM sms_mms_keys WHERE mms_key = ${key.text}`
    else {
      const written = yield* encodeState(changed.state)
      yield* write(key, written, now)
      remember(key, written)
    }
    return changed
  })

  /** Decides on what this process knows of the key, and again on the row if that differs. */
  const changeKey = Effect.fnUntraced(function*(key: Key, decide: (state: MmsWindow.State) => Changed, now: number) {
    const before = waiting.get(key.text)
    const changed = decide(before?.state ?? MmsWindow.empty)
    if (changed.state !== undefined) {
      const written = yield* encodeState(changed.state)
      if (yield* writeNext(key, before, written, now)) {
        remember(key, written)
        return changed
      }
    }
    waiting.delete(key.text)
    return yield* changeLocked(key, decide, now)
  })

  const change: Store["change"] = (key, { availableAt, decide, now }) =>
    limited(transact(Effect.gen(function*() {
      const { outputs, state } = yield* changeKey(key, decide, now)
      const stored: Array<Stored | undefined> = []
      for (const output of outputs) {
        stored.push(
          output._tag === "Due" ? yield* insert(output.message, { availableAt: availableAt(output), now }) : undefined
        )
      }
      return { outputs, state, stored }
    })))

  /** Two selections, each in the order of its index: with OR in one, SQLite reads all keys. */
  const dueRows = (now: number, limit: number) =>
    sql<{ key: string; provider: string }>`SELECT mms_key AS key, provider FROM sms_mms_keys WHERE mms_key IN (
      SELECT mms_key FROM (SELECT mms_key FROM sms_mms_keys WHERE due_at <= ${now}
        ORDER BY due_at LIMIT ${limit}) AS due
      UNION ALL
      SELECT mms_key FROM (SELECT mms_key FROM sms_mms_keys WHERE written_at > ${now + clockTolerance}
        ORDER BY written_at LIMIT ${limit}) AS ahead
    ) ORDER BY due_at LIMIT ${limit}`.withoutTransform

  const claimRows = (now: number, until: number, limit: number) =>
    sql.onDialectOrElse({
      // Skips rows that another process is claiming. The array enforces the limit, because it is evaluated once.
      pg: () =>
        sql<{ id: string; message: string; at: unknown }>`UPDATE sms_mms_outbox
          SET available_at = ${until}, owner = ${instance}, written_at = ${now} WHERE id = ANY(ARRAY(
            SELECT id FROM sms_mms_outbox WHERE available_at <= ${now} OR written_at > ${now + clockTolerance}
            ORDER BY available_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED
          ))
          RETURNING id, message, created_at AS at`,
      orElse: () =>
        sql<{ id: string; message: string; at: unknown }>`UPDATE sms_mms_outbox
          SET available_at = ${until}, owner = ${instance}, written_at = ${now} WHERE id IN (
            SELECT id FROM sms_mms_outbox WHERE available_at <= ${now} OR written_at > ${now + clockTolerance}
            ORDER BY available_at, id LIMIT ${limit}
          )
          RETURNING id, message, created_at AS at`
    }).withoutTransform

  const claim: Store["claim"] = Effect.fnUntraced(function*({ limit, now, until }) {
    const rows = [...yield* limited(transact.statement(claimRows(now, until, limit)))]
      .sort((one, other) => Number(one.at) - Number(other.at) || (one.id < other.id ? -1 : 1))
    const claimed: Array<Stored> = []
    const unreadable: Array<string> = []
    for (const { id, message } of rows) {
      const decoded = yield* Effect.option(messages.decode(message))
      if (decoded._tag === "Some") claimed.push({ id, message: decoded.value })
      else unreadable.push(id)
    }
    return { messages: claimed, unreadable }
  })

  const run = (statement: Statement<unknown>) => Effect.asVoid(limited(transact.statement(statement)))

  /** The removal that other messages can join until its transaction begins. */
  let joinable: Removal | undefined

  const leave = (removal: Removal) => {
    if (joinable === removal) joinable = undefined
  }

  const removeAll = (removal: Removal) =>
    limited(transact.statement(Effect.suspend(() => {
      leave(removal)
      return sql`DELETE FROM sms_mms_outbox WHERE ${sql.in("id", padded(removal.ids))}`
    }))).pipe(
      Effect.asVoid,
      Effect.onExit((exit) =>
        Effect.sync(() => {
          leave(removal)
          Deferred.doneUnsafe(removal.done, exit)
        })
      )
    )

  const remove: Store["remove"] = (ids) =>
    Effect.suspend(() => {
      if (ids.length === 0) return Effect.void
      if (joinable !== undefined && joinable.ids.length + ids.length <= maxRemoved) {
        joinable.ids.push(...ids)
        return Deferred.await(joinable.done)
      }
      const removal: Removal = { ids: [...ids], done: Deferred.makeUnsafe() }
      joinable = removal
      // Others wait for it too, so it does not end with the first.
      return Effect.andThen(Effect.forkDetach(removeAll(removal)), Deferred.await(removal.done))
    })

  return {
    change,
    put: (message, options) => limited(transact.statement(insert(message, options))),
    claim,
    dueKeys: (now, limit) =>
      Effect.map(
        Effect.andThen(Effect.sync(() => forgetDue(now)), limited(dueRows(now, limit))),
        (rows) => rows.map(({ key, provider }) => ({ text: key, provider }))
      ),
    postponeKey: (key, { now, until }) =>
      run(sql`UPDATE sms_mms_keys SET due_at = ${until}, written_at = ${now} WHERE mms_key = ${key.text}`),
    hold: (ids, { now, until }) =>
      ids.length === 0
        ? Effect.succeed([])
        : Effect.map(
          limited(transact.statement(
            sql<{ id: string }>`UPDATE sms_mms_outbox SET available_at = ${until}, written_at = ${now}
              WHERE ${sql.in("id", ids)} AND owner = ${instance} RETURNING id`.withoutTransform
          )),
          (rows) => rows.map(({ id }) => id)
        ),
    remove,
    pending: Effect.map(
      limited(
        sql<{ provider: string; open: unknown }>`SELECT provider, SUM(open_windows) AS open FROM sms_mms_keys
          WHERE open_windows > 0 GROUP BY provider`.withoutTransform
      ),
      (rows) => new Map(rows.map(({ open, provider }) => [provider, Number(open)]))
    ),
    next: Effect.map(
      limited(
        sql<{ keys: unknown; outbox: unknown }>`SELECT
          (SELECT MIN(due_at) FROM sms_mms_keys) AS keys,
          (SELECT MIN(available_at) FROM sms_mms_outbox) AS outbox`.withoutTransform
      ),
      ([row]) => {
        const time = (value: unknown) => value === null || value === undefined ? Infinity : Number(value)
        return { keys: time(row?.keys), outbox: time(row?.outbox) }
      }
    )
  }
})
