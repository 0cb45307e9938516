/** What is acknowledged outlives any kill: 50 in a usual run, as many as `CRASH_KILLS` says in `npm run crash`. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { database, hasPostgres } from "../integration/database.ts"
import { crash, type Result } from "./crash.ts"

const kills = Number(process.env["CRASH_KILLS"] ?? 50)
const limit = 120_000 + kills * 10_000

/** The answers that are missing were with the carrier when the server was killed: nobody repeats those blindly. */
const check = (result: Result, mostUnanswered: number) => {
  const { promised, unanswered, ...rest } = result
  assert.deepStrictEqual(rest, {
    lost: [],
    doubled: [],
    sentTwice: [],
    notSent: [],
    forgotten: [],
    deadLetters: 0
  })
  assert.isAbove(Math.min(promised.messages, promised.reports, promised.sends), kills)
  assert.isAtMost(unanswered.length, mostUnanswered)
}

describe("killed under load", () => {
  it.live("a server on SQLite loses and doubles nothing", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-crash-`)),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const filename = `${directory}/sms.db`
      const client = NodeSqliteClient.layer({ filename })
      const result = yield* Effect.promise(() => crash({ kills, servers: 1, databaseUrl: filename, client }))
      // Each kill can catch the answers of the lanes that were being worked on.
      check(result, kills * 10)
    }), limit)

  it.live.skipIf(!hasPostgres)("two servers on Postgres lose and double nothing", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      const client = PgClient.layer({ url: Redacted.make(databaseUrl) })
      const result = yield* Effect.promise(() => crash({ kills, servers: 2, databaseUrl, client }))
      check(result, kills * 10)
    }), limit)
})
