/**
 * Intents in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { settled } from "../events/internal/changes.ts"
import { messageKeyOf } from "../internal/deliveryKeys.ts"
import { wordsOf } from "../internal/listing.ts"
import { personOf } from "../internal/person.ts"
import { providerOf } from "../internal/providerOf.ts"
import { compact } from "../internal/record.ts"
import { OutboundMessage, SendReceipt } from "../Message.ts"
import {
  Candidate,
  FoundPart,
  Intent,
  IntentStore,
  type Outcome,
  type Reservation,
  type Service,
  type State
} from "../sending/IntentStore.ts"
import * as Findings from "../sending/internal/findings.ts"
import { originOf, resent } from "../sending/internal/resends.ts"
import { SmsError } from "../SmsError.ts"
import { UnreadableRow } from "../StorageError.ts"
import type { Recorded, RecordEvent } from "./EventLogSql.ts"
import * as ForgottenSends from "./internal/forgottenSends.ts"
import type { Forgotten } from "./internal/forgottenSends.ts"
import * as Queue from "./internal/intentQueue.ts"
import * as Tally from "./internal/intentTally.ts"
import { json, makeLogUnreadable, makeReadable } from "./internal/json.ts"
import * as Resends from "./internal/resends.ts"
import * as Search from "./internal/search.ts"
import type { Servers } from "./internal/servers.ts"
import { stored, type Transact } from "./internal/storage.ts"
import * as Unknown from "./internal/unknownIntents.ts"

const table = "sms_intents"

const outcomes = json(
  table,
  Schema.Struct({
    receipt: Schema.optionalKey(SendReceipt),
    error: Schema.optionalKey(SmsError),
    refusal: Schema.optionalKey(Schema.String),
    requestedAt: Schema.optionalKey(Schema.DateTimeUtcFromString),
    candidates: Schema.optionalKey(Schema.Array(Candidate))
  })
)
const messages = json(table, OutboundMessage)
const findings = json(table, Schema.Array(FoundPart))

interface Row {
  readonly id: string
  readonly key: string | null
  readonly hash: string
  readonly message: string
  readonly provider: string | null
  readonly state: State
  readonly priority: unknown
  readonly ready_at: unknown
  readonly failures: unknown
  readonly deferrals: unknown
  readonly outcome: string | null
  readonly resolved_by: string | null
  readonly found: string | null
  readonly asked: unknown
  readonly forgotten: Forgotten
  readonly room_id: string | null
  readonly event_id: string | null
  readonly created_at: unknown
  readonly updated_at: unknown
  readonly queued_at: unknown
  readonly sending_at: unknown
  readonly accepted_at: unknown
  readonly refused_at: unknown
  readonly unknown_at: unknown
  readonly cancelled_at: unknown
}

const columnNames = [
  "id, key, hash, message, provider, state, priority, ready_at, failures, deferrals, outcome, resolved_by",
  "room_id, event_id, found, asked, forgotten, created_at, updated_at, queued_at, sending_at, accepted_at, refused_at, unknown_at, cancelled_at"
].join(", ")

const timeOf = (column: unknown): DateTime.Utc | undefined =>
  column === null ? undefined : DateTime.makeUnsafe(Number(column))

const timesOf = (row: Row): Intent["times"] =>
  compact({
    queued: timeOf(row.queued_at),
    sending: timeOf(row.sending_at),
    accepted: timeOf(row.accepted_at),
    refused: timeOf(row.refused_at),
    unknown: timeOf(row.unknown_at),
    cancelled: timeOf(row.cancelled_at)
  })

const toIntent = Effect.fnUntraced(function*(row: Row) {
  const outcome = row.outcome === null ? {} : yield* outcomes.decode(row.outcome)
  const message = yield* messages.decode(row.message)
  const found = row.found === null ? undefined : yield* findings.decode(row.found)
  const make = () =>
    new Intent({
      id: row.id,
      hash: row.hash,
      message,
      priority: Queue.priorities[Number(row.priority)]!,
      state: row.state,
      failures: Number(row.failures),
      deferrals: Number(row.deferrals),
      createdAt: DateTime.makeUnsafe(Number(row.created_at)),
      updatedAt: DateTime.makeUnsafe(Number(row.updated_at)),
      times: timesOf(row),
      ...outcome,
      ...(row.key !== null && { key: row.key }),
      ...(row.provider !== null && { provider: row.provider }),
      ...(row.state === "queued" && { readyAt: DateTime.makeUnsafe(Number(row.ready_at)) }),
      ...(row.resolved_by !== null && { resolvedBy: row.resolved_by }),
      ...(found !== undefined && { found }),
      ...(Number(row.asked) > 0 && { asked: Number(row.asked) }),
      ...(row.room_id !== null && { roomId: row.room_id }),
      ...(row.event_id !== null && { eventId: row.event_id })
    })
  return yield* Effect.try({ try: make, catch: () => new UnreadableRow({ table }) })
})

/** An intent whose row is locked. */
interface Locked {
  readonly intent: Intent
  readonly forgotten: Forgotten
}

/** Makes the store. The tables must exist. */
export const make = Effect.fnUntraced(function*(
  transact: Transact,
  servers: Servers,
  recorded: Recorded
): Effect.fn.Return<Service, never, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const asStored = stored(sql, "intents")
  const readable = yield* makeReadable
  const columns = sql.literal(columnNames)

  /** What is left of the sends of a person who was forgotten is in no list. */
  const isListed = sql.literal("(forgotten IS NULL OR forgotten <> 'whole')")

  const decodeAll = (rows: ReadonlyArray<Row>) => readable(rows, toIntent, ({ id }) => id, ({ id }) => ({ id }))

  const lock = sql.literal(sql.onDialectOrElse({ pg: () => "FOR UPDATE", orElse: () => "" }))

  // The message may have been sent, so it is never resent automatically.
  servers.onDead({
    owners: sql<{ owner: string }>`SELECT DISTINCT owner FROM sms_intents WHERE state = 'sending' AND owner IS NOT NULL`
      .withoutTransform,
    takeOver: Effect.fnUntraced(function*(server, record) {
      const now = yield* Clock.currentTimeMillis
      const rows = yield* sql<Row>`UPDATE sms_intents SET state = 'unknown', owner = NULL, unknown_at = ${now},
        ask_at = CASE WHEN forgotten = 'whole' THEN NULL ELSE CAST(${now} AS BIGINT) END,
        resolved_by = CASE WHEN forgotten = 'whole' THEN ${ForgottenSends.resolvedBy} END, updated_at = ${now}
        WHERE state = 'sending' AND owner = ${server} RETURNING ${columns}`.withoutTransform
      for (const intent of yield* decodeAll(rows)) {
        yield* record(settled(intent, { state: "unknown" }))
      }
    })
  })

  /** Leads from the messages of a receipt to their send, for the events of their deliveries. */
  const noteSent = Effect.fnUntraced(function*(
    { forgotten, intent: { id, message, roomId } }: Locked,
    { messageIds, provider }: Pick<SendReceipt, "messageIds" | "provider">
  ) {
    const now = yield* Clock.currentTimeMillis
    const person = forgotten === null ? personOf(message.to) : ForgottenSends.nobody
    for (const messageId of messageIds) {
      yield* sql`INSERT INTO sms_sent (message_key, intent_id, room_id, person, created_at)
        VALUES (${messageKeyOf({ provider, messageId })}, ${id}, ${roomId ?? null}, ${person}, ${now})
        ON CONFLICT (message_key) DO NOTHING`
    }
  })

  /** Reads and locks an intent. A row that does not decode is settled all the same. */
  const read = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<Row>`SELECT ${columns} FROM sms_intents WHERE id = ${id} ${lock}`.withoutTransform
    const intent = row === undefined ? undefined : yield* Effect.orElseSucceed(toIntent(row), () => undefined)
    return intent === undefined ? undefined : { intent, forgotten: row!.forgotten } satisfies Locked
  })

  /** Tells of an outcome. One that is stored again is no change. */
  const tell = Effect.fnUntraced(function*(locked: Locked, outcome: Outcome, record: RecordEvent) {
    const { intent } = locked
    if (intent.state === outcome.state && intent.resolvedBy === outcome.resolvedBy) return
    const receipt = outcome.receipt ?? outcome.error?.accepted
    if (receipt !== undefined) yield* noteSent(locked, receipt)
    yield* record(settled(intent, outcome))
  })

  /** Masks an outcome that names somebody who was forgotten meanwhile. */
  const forget = Effect.fnUntraced(function*({ forgotten, intent: { message } }: Locked, told: Outcome) {
    if (forgotten === null) return told
    const { error, receipt, resolvedBy, ...others } = told
    yield* ForgottenSends.removeDeliveries(sql, message, told)
    const text = yield* outcomes.encode(compact({ receipt, error }))
    const masked = yield* outcomes.decode(ForgottenSends.maskOutcome(message, told)(text))
    const isUnknown = forgotten === "whole" && told.state === "unknown"
    return { ...others, ...masked, resolvedBy: isUnknown ? resolvedBy ?? ForgottenSends.resolvedBy : resolvedBy }
  })

  /** Tells of an outcome and stores it. The row is locked. */
  const write = Effect.fnUntraced(
    function*(
      id: string,
      locked: Locked | undefined,
      given: Outcome,
      record: RecordEvent
    ): Effect.fn.Return<void, SqlError | UnreadableRow> {
      const told = locked === undefined ? given : yield* forget(locked, given)
      if (locked !== undefined) yield* tell(locked, told, record)
      const { error, receipt, refusal, requestedAt, resolvedBy, state } = told
      const now = yield* Clock.currentTimeMillis
      const outcome = yield* outcomes.encode(compact({ receipt, error, refusal, requestedAt }))
      const key = sql.literal(state === "refused" ? "NULL" : "key")
      const via = providerOf({ receipt, error, provider: locked?.intent.provider })
      yield* sql`UPDATE sms_intents SET state = ${state}, key = ${key}, owner = NULL, claim = NULL, outcome = ${outcome},
        resolved_by = ${resolvedBy ?? null}, via = COALESCE(${via ?? null}, via), ${sql(`${state}_at`)} = ${now},
        updated_at = ${now}, ask_at = ${state === "unknown" && resolvedBy === undefined ? now : null} WHERE id = ${id}`
      yield* decideOrigin(locked, given, record)
    }
  )

  /** Decides about the intent that was resent, once a carrier has the resend. */
  const decideOrigin = Effect.fnUntraced(
    function*(locked: Locked | undefined, { receipt }: Outcome, record: RecordEvent) {
      const id = locked === undefined || receipt === undefined ? undefined : originOf(locked.intent)
      const origin = id === undefined ? undefined : yield* read(id)
      if (id === undefined || origin === undefined || !Findings.isUndecided(origin.intent, compact({ receipt }))) return
      yield* write(id, origin, { ...Findings.decided(origin.intent, receipt), resolvedBy: resent }, record)
    }
  )

  return IntentStore.of({
    ...Queue.make({
      asStored,
      sql,
      transact,
      recorded,
      columns,
      me: servers.me,
      decode: toIntent,
      logUnreadable: yield* makeLogUnreadable,
      encode: outcomes.encode
    }),
    ...Resends.make({ asStored, sql, transact, servers }),
    ...Unknown.make({ asStored, sql, columns, decodeAll }),
    reserve: ({ eventId, hash, id, key, message, priority = "transactional", provider, readyAt, roomId }) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const json = yield* messages.encode(message)
        const state: State = readyAt === undefined ? "sending" : "queued"
        const owner = readyAt === undefined ? yield* servers.me : null
        const ready = readyAt === undefined ? now : DateTime.toEpochMillis(readyAt)
        const rows = yield* sql<Row>`INSERT INTO sms_intents
          (id, key, hash, message, provider, state, owner, priority, ready_at, address, room_id, event_id, person, via,
            words, created_at, updated_at, ${sql(`${state}_at`)})
          VALUES (${id}, ${key ?? null}, ${hash}, ${json}, ${provider ?? null}, ${state}, ${owner},
            ${Queue.priorities.indexOf(priority)}, ${ready}, ${message.to}, ${roomId ?? null}, ${eventId ?? null},
            ${personOf(message.to)}, ${provider ?? null}, ${wordsOf(message.content)}, ${now}, ${now}, ${now})
          ON CONFLICT (key) DO NOTHING RETURNING ${columns}`.withoutTransform
        if (rows[0] !== undefined) {
          return { _tag: "Reserved", intent: yield* toIntent(rows[0]) } satisfies Reservation
        }
        const [row] = yield* sql<Row>`SELECT ${columns} FROM sms_intents WHERE key = ${key ?? null}`.withoutTransform
        const intent = yield* toIntent(row!)
        // A transaction whose commit seemed to have failed is run again.
        if (intent.id === id) return { _tag: "Reserved", intent } satisfies Reservation
        return (intent.hash === hash ? { _tag: "Known", intent } : { _tag: "KeyReused" }) satisfies Reservation
      }))),
    settle: (id, told) =>
      asStored(recorded(Effect.fnUntraced(function*(record) {
        const locked = yield* read(id)
        if (locked !== undefined && Findings.isDecided(locked.intent, told)) return
        yield* write(id, locked, locked === undefined ? told : Findings.withFindings(locked.intent, told), record)
      }))),
    decide: (id, { receipt, resolvedBy }) =>
      asStored(recorded(Effect.fnUntraced(function*(record) {
        const locked = yield* read(id)
        if (locked === undefined || !Findings.isUndecided(locked.intent, compact({ receipt }))) return false
        yield* write(id, locked, { ...Findings.decided(locked.intent, receipt), resolvedBy }, record)
        return true
      }))),
    resume: ({ id, times }, error) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const unknownAt = times.unknown === undefined ? null : DateTime.toEpochMillis(times.unknown)
        const rows = yield* sql`UPDATE sms_intents SET state = 'sending', owner = ${yield* servers.me}, claim = NULL,
          outcome = ${yield* outcomes.encode({ error })}, sending_at = ${now}, updated_at = ${now}, ask_at = NULL
          WHERE id = ${id} AND state = 'unknown' AND resolved_by IS NULL AND unknown_at = ${unknownAt}
          RETURNING id`.withoutTransform
        return rows.length > 0
      }))),
    recordFound: (id, part) =>
      asStored(Effect.gen(function*() {
        // Most reports are about accepted messages, and need no transaction.
        const open = yield* sql`SELECT id FROM sms_intents WHERE id = ${id} AND state IN ('sending', 'unknown')`
          .withoutTransform
        if (open.length === 0) return undefined
        return yield* recorded(Effect.fnUntraced(function*(record) {
          const locked = yield* read(id)
          if (locked === undefined || !Findings.isOpen(locked.intent)) return undefined
          const { intent } = locked
          const found = Findings.withFound(intent, part)
          yield* sql`UPDATE sms_intents SET found = ${yield* findings.encode(found)} WHERE id = ${id}`
          yield* noteSent(locked, { provider: part.provider, messageIds: [part.messageId] })
          const outcome = Findings.outcomeOf({ ...intent, found })
          if (outcome !== undefined) yield* write(id, locked, outcome, record)
          return (yield* read(id))?.intent
        }))
      })),
    recordCandidates: (id, candidates) =>
      asStored(transact(Effect.gen(function*() {
        const intent = (yield* read(id))?.intent
        if (intent?.state !== "unknown") return
        const { error, receipt, refusal, requestedAt } = intent
        const outcome = yield* outcomes.encode(compact({ receipt, error, refusal, requestedAt, candidates }))
        yield* sql`UPDATE sms_intents SET outcome = ${outcome} WHERE id = ${id}`
      }))),
    get: (id) =>
      asStored(Effect.gen(function*() {
        const [row] = yield* sql<Row>`SELECT ${columns} FROM sms_intents WHERE id = ${id}`.withoutTransform
        return row === undefined ? undefined : yield* toIntent(row)
      })),
    search: ({ room, state, ...options }) =>
      asStored(Search.inFull(
        options,
        Effect.fnUntraced(function*(page) {
          const conditions = [
            isListed,
            ...(state === undefined ? [] : [sql`state = ${state}`]),
            ...(room === undefined ? [] : [sql`room_id = ${room}`])
          ]
          const rows = yield* sql<Row & { readonly position: unknown; readonly time: unknown }>`SELECT ${columns},
            position, created_at AS time FROM sms_intents
            ${Search.page(sql, { ...options, ...page }, conditions, "via")}`.withoutTransform
          const found = yield* readable(
            rows,
            (row) => Effect.map(toIntent(row), (value) => ({ value, place: Search.placeOf(row) })),
            ({ id }) => id,
            ({ id }) => ({ id })
          )
          return { found, rows: rows.length, last: rows.length === 0 ? undefined : Search.placeOf(rows.at(-1)!) }
        })
      )),
    tally: Tally.make({ asStored, sql }),
    backlog: asStored(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const [row] = yield* sql<Record<"queued" | "sending" | "unknown" | "waiting_since", unknown>>`SELECT
        (SELECT COUNT(*) FROM sms_intents WHERE state = 'queued') AS queued,
        (SELECT COUNT(*) FROM sms_intents WHERE state = 'sending') AS sending,
        (SELECT COUNT(*) FROM sms_intents WHERE state = 'unknown' AND resolved_by IS NULL) AS unknown,
        (SELECT MIN(ready_at) FROM sms_intents WHERE state = 'queued' AND ready_at <= ${now}) AS waiting_since`
        .withoutTransform
      const { queued, sending, unknown, waiting_since: since } = row!
      return {
        queued: Number(queued),
        sending: Number(sending),
        unknown: Number(unknown),
        waitingSince: since === null ? undefined : Number(since)
      }
    })),
    ofEvent: (eventId) =>
      asStored(Effect.flatMap(
        sql<Row>`SELECT ${columns} FROM sms_intents WHERE event_id = ${eventId} AND ${isListed} ORDER BY position`
          .withoutTransform,
        (rows) => readable(rows, toIntent, ({ id }) => id, ({ id }) => ({ id }))
      )),
    list: ({ limit, state }) =>
      asStored(Effect.flatMap(
        (state === undefined
          ? sql<Row>`SELECT ${columns} FROM sms_intents WHERE ${isListed} ORDER BY position DESC LIMIT ${limit}`
          : sql<Row>`SELECT ${columns} FROM sms_intents WHERE state = ${state} AND ${isListed}
            AND (state <> 'unknown' OR resolved_by IS NULL) ORDER BY position DESC LIMIT ${limit}`)
          .withoutTransform,
        decodeAll
      ))
  })
})
