/**
 * No message is lost or doubled, and every state is right, although one exchange of twenty goes wrong in each way: with a
 * hundred messages in a usual run, and in `npm run faults` with as many as `FAULTS_MESSAGES` says.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { database, hasPostgres } from "../integration/database.ts"
import { exchange } from "./faulty.ts"
import { findings } from "./findings.ts"

const sent = Number(process.env["FAULTS_MESSAGES"] ?? 100)
const asked = Math.ceil(sent / 4)
const limit = 600_000 + sent * 300

const check = Effect.fnUntraced(function*(options: {
  readonly servers: number
  readonly databaseUrl: string
  readonly rate: number
  readonly client: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>
}) {
  const run = yield* exchange({ ...options, sent, asked, seed: "faults" })
  const storage = Layer.provideMerge(SqlStorage.layer(), [options.client, NodeCrypto.layer])
  const { counts, problems, ...rest } = yield* Effect.provide(findings(run), storage)
  const { givenUp, resent } = run.decided
  process.stderr.write(
    `${sent} sent and ${asked} received, ${run.exchanges.length} exchanges, of which ${run.happened.join(", ")}; ${
      JSON.stringify(counts)
    }, an operator gave up ${givenUp.size} and sent ${resent.size} again\n`
  )
  assert.deepStrictEqual(problems, [])
  assert.deepStrictEqual(rest, { dead: 0, pending: 0 })
  // Some faults are for good, as those of a webhook that its carrier posts once, but most are not.
  assert.isAbove(counts["sent: delivered"]!, sent * 0.8)
  assert.isAbove(counts["received"]!, asked * 0.7)
})

describe("with every fault of the carriers", () => {
  it.live("a server on SQLite loses and doubles nothing", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-faults-`)),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const filename = `${directory}/sms.db`
      const client = NodeSqliteClient.layer({ filename })
      yield* check({ servers: 1, databaseUrl: `sqlite:${filename}`, rate: 5, client })
    }), limit)

  it.live.skipIf(!hasPostgres)("two servers on Postgres lose and double nothing", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      yield* check({ servers: 2, databaseUrl, rate: 2, client: PgClient.layer({ url: Redacted.make(databaseUrl) }) })
    }), limit)
})
