/**
 * Tracks the processes that use the database, and takes over the work of dead
 * ones.
 *
 * Each process has a row with a heartbeat counter, which it increments. A
 * process that sees another's counter unchanged for a while, by its own clock,
 * declares it dead and takes over. Clocks of different processes are never
 * compared, and a clock that is set back delays nothing. A process that is
 * declared dead by mistake can still claim work until it notices, and can end
 * before: whatever a process without a row owns is therefore taken over as well.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { hostname } from "node:os"
import * as SteadyClock from "../../internal/steadyClock.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Recorded, RecordEvent } from "../EventLogSql.ts"
import { stored } from "./storage.ts"

export interface Options {
  /** The interval between heartbeats. 2 seconds by default. */
  readonly beat?: Duration.Input | undefined
  /** How long after the last heartbeat a process is declared dead. 10 seconds by default. */
  readonly deadAfter?: Duration.Input | undefined
}

export interface Servers {
  /** The id of this process. It changes if another process declared this one dead by mistake. */
  readonly me: Effect.Effect<string>
  /** Registers a kind of work that processes own. */
  readonly onDead: (work: Work) => void
}

export interface Work {
  /** Finds the ids of processes that own some. */
  readonly owners: Effect.Effect<ReadonlyArray<{ readonly owner: string }>, SqlError>
  /** Takes over what a dead process owns, in the transaction that removes the process. */
  readonly takeOver: (server: string, record: RecordEvent) => Effect.Effect<unknown, SqlError>
}

/** Returns whether a process of this machine is certainly gone. */
const isGone = (host: string, pid: number): boolean => {
  if (host !== hostname()) return false
  // The row belongs to an earlier process with the same process id: in containers, process ids repeat.
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

export const make = Effect.fnUntraced(function*(
  recorded: Recorded,
  options: Options = {}
): Effect.fn.Return<
  Servers & { readonly start: Effect.Effect<void, StorageError, Scope.Scope> },
  StorageError,
  SqlClient.SqlClient | SecureRandom.SecureRandom
> {
  const sql = yield* SqlClient.SqlClient
  const random = yield* SecureRandom.SecureRandom
  const asStored = stored(sql, "servers")
  const deadAfter = Duration.toMillis(Duration.fromInputUnsafe(options.deadAfter ?? "10 seconds"))
  const works: Array<Work> = []
  const me = yield* Ref.make("")
  /** The heartbeat counters of other processes, and when each value was first seen. */
  const seen = new Map<string, { readonly beat: number; readonly at: number }>()

  const register = Effect.gen(function*() {
    const id = yield* random.ulid
    yield* asStored(
      sql`INSERT INTO sms_servers (id, host, pid, beat) VALUES (${id}, ${hostname()}, ${process.pid}, 0)`
    )
    yield* Ref.set(me, id)
  })

  // If two processes declare it dead concurrently, the second one finds nothing that it owns.
  const takeOver = (server: string) =>
    asStored(recorded(Effect.fnUntraced(function*(record) {
      yield* sql`DELETE FROM sms_servers WHERE id = ${server}`
      for (const { takeOver } of works) yield* takeOver(server, record)
    })))

  const lookAround = Effect.gen(function*() {
    const mine = yield* Ref.get(me)
    // Read first: a process has its row before it owns anything.
    const owners = new Set(
      (yield* asStored(Effect.forEach(works, ({ owners }) => owners))).flat().map(({ owner }) => owner)
    )
    const rows = yield* asStored(
      sql<{ id: string; host: string; pid: unknown; beat: unknown }>`SELECT id, host, pid, beat FROM sms_servers`
        .withoutTransform
    )
    const now = yield* SteadyClock.millis
    for (const id of seen.keys()) if (!rows.some((row) => row.id === id)) seen.delete(id)
    for (const { beat, host, id, pid } of rows) {
      if (id === mine) continue
      const before = seen.get(id)
      const isDead = isGone(host, Number(pid)) ||
        (before?.beat === Number(beat) && now - before.at >= deadAfter)
      if (isDead) {
        yield* Effect.logInfo("A server has stopped sending heartbeats; taking over its work", { server: id })
        yield* takeOver(id)
      } else if (before?.beat !== Number(beat)) seen.set(id, { beat: Number(beat), at: now })
    }
    for (const owner of owners) if (!rows.some(({ id }) => id === owner)) yield* takeOver(owner)
  })

  const beat = Effect.gen(function*() {
    const rows = yield* asStored(
      sql`UPDATE sms_servers SET beat = beat + 1 WHERE id = ${yield* Ref.get(me)} RETURNING id`.withoutTransform
    )
    if (rows.length > 0) return
    yield* Effect.logWarning("Another server declared this one dead after missed heartbeats; continuing with a new id")
    yield* register
  })

  return {
    me: Ref.get(me),
    onDead: (work) => void works.push(work),
    start: Effect.gen(function*() {
      yield* register
      yield* lookAround
      const round = Effect.ignore(Effect.andThen(beat, lookAround))
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(options.beat ?? "2 seconds"), round)))
      // Its remaining work becomes available to other servers immediately.
      yield* Effect.addFinalizer(() =>
        Effect.flatMap(Ref.get(me), (id) => Effect.ignore(Effect.timeoutOption(takeOver(id), "2 seconds")))
      )
    })
  }
})
