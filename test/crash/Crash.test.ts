/**
 * What is acknowledged outlives any kill: 50 in a usual run, and in `npm run crash` as many as `CRASH_KILLS` says, or
 * as fit into `CRASH_MINUTES`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { database, hasPostgres } from "../integration/database.ts"
import { crash, type Result } from "./crash.ts"

const kills = Number(process.env["CRASH_KILLS"] ?? 50)
const minutes = Number(process.env["CRASH_MINUTES"] ?? kills)
const limit = (minutes + 10) * 60_000

/** The answers that are missing were with the carrier when the server was killed: nobody repeats those blindly. */
const check = (result: Result) => {
  const { kills, promised, unanswered, unknown, ...rest } = result
  const counts = Object.entries(rest).map(([name, found]) => [name, typeof found === "number" ? found : found.length])
  process.stderr.write(
    `${kills} kills, ${JSON.stringify(promised)}, ${unanswered.length} unanswered, ${unknown.length} unknown, ${
      JSON.stringify(Object.fromEntries(counts))
    }\n`
  )
  assert.deepStrictEqual(rest, {
    lost: [],
    doubled: [],
    sentTwice: [],
    notSent: [],
    stillQueued: [],
    forgotten: [],
    deadLetters: 0
  })
  assert.isAbove(Math.min(promised.messages, promised.reports, promised.sends, promised.queued), kills)
  // Each kill can catch the answers of the lanes that were being worked on.
  assert.isAtMost(unanswered.length, kills * 10)
  // And as many queued messages as a server sends at a time.
  assert.isAtMost(unknown.length, kills * 16)
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
      const result = yield* Effect.promise(() => crash({ kills, minutes, servers: 1, databaseUrl: filename, client }))
      check(result)
    }), limit)

  it.live.skipIf(!hasPostgres)("two servers on Postgres lose and double nothing", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      const client = PgClient.layer({ url: Redacted.make(databaseUrl) })
      const result = yield* Effect.promise(() => crash({ kills, minutes, servers: 2, databaseUrl, client }))
      check(result)
    }), limit)
})
