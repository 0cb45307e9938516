/**
 * Which processes use the database, and what a dead one leaves.
 *
 * Each process has a row whose number it raises. Whoever sees a number unchanged
 * for a while, by its own clock, finds the process dead and takes over. So no
 * clocks are compared, and one that is set back holds nothing up.
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { hostname } from "node:os"
import type { StorageError } from "../../StorageError.ts"
import { stored, type Transact } from "./storage.ts"

export interface Options {
  /** How often the number is raised. 2 seconds by default. */
  readonly beat?: Duration.Input | undefined
  /** How long a number stays the same before its process is found dead. 10 seconds by default. */
  readonly deadAfter?: Duration.Input | undefined
}

export interface Servers {
  /** The id of this process: another one once it was found dead by mistake. */
  readonly me: Effect.Effect<string>
  /** Registers what is done with the work of a dead process, within the transaction that removes it. */
  readonly onDead: (takeOver: (server: string) => Effect.Effect<unknown, SqlError>) => void
}

/** Whether a process of this machine is certainly gone. */
const isGone = (host: string, pid: number): boolean => {
  if (host !== hostname()) return false
  // The row of an earlier process with this one's number: in a container, they all have the same.
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

export const make = Effect.fnUntraced(function*(
  transact: Transact,
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
  const takeOvers: Array<(server: string) => Effect.Effect<unknown, SqlError>> = []
  const me = yield* Ref.make("")
  /** The numbers of the others, and when each was seen first. */
  const seen = new Map<string, { readonly beat: number; readonly at: number }>()

  const register = Effect.gen(function*() {
    const id = yield* random.ulid
    yield* asStored(
      sql`INSERT INTO sms_servers (id, host, pid, beat) VALUES (${id}, ${hostname()}, ${process.pid}, 0)`
    )
    yield* Ref.set(me, id)
  })

  const takeOver = (server: string) =>
    asStored(transact(Effect.gen(function*() {
      // Of two that find it dead at once, one deletes the row.
      const gone = yield* sql`DELETE FROM sms_servers WHERE id = ${server} RETURNING id`.withoutTransform
      if (gone.length === 0) return
      for (const take of takeOvers) yield* take(server)
    })))

  const lookAround = Effect.gen(function*() {
    const mine = yield* Ref.get(me)
    const rows = yield* asStored(
      sql<{ id: string; host: string; pid: unknown; beat: unknown }>`SELECT id, host, pid, beat FROM sms_servers`
        .withoutTransform
    )
    const now = (yield* Clock.currentTimeNanos) / 1_000_000n
    for (const id of seen.keys()) if (!rows.some((row) => row.id === id)) seen.delete(id)
    for (const { beat, host, id, pid } of rows) {
      if (id === mine) continue
      const before = seen.get(id)
      const isDead = isGone(host, Number(pid)) ||
        (before?.beat === Number(beat) && Number(now) - before.at >= deadAfter)
      if (isDead) {
        yield* Effect.logInfo("A server was found dead, and its work is taken over", { server: id })
        yield* takeOver(id)
      } else if (before?.beat !== Number(beat)) seen.set(id, { beat: Number(beat), at: Number(now) })
    }
  })

  const beat = Effect.gen(function*() {
    const rows = yield* asStored(
      sql`UPDATE sms_servers SET beat = beat + 1 WHERE id = ${yield* Ref.get(me)} RETURNING id`.withoutTransform
    )
    if (rows.length > 0) return
    yield* Effect.logWarning("This server was found dead by another one, and goes on under another id")
    yield* register
  })

  return {
    me: Ref.get(me),
    onDead: (takeOver) => void takeOvers.push(takeOver),
    start: Effect.gen(function*() {
      yield* register
      yield* lookAround
      const round = Effect.ignore(Effect.andThen(beat, lookAround))
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(options.beat ?? "2 seconds"), round)))
      // What it still has is free for others at once.
      yield* Effect.addFinalizer(() =>
        Effect.flatMap(Ref.get(me), (id) => Effect.ignore(Effect.timeoutOption(takeOver(id), "2 seconds")))
      )
    })
  }
})
