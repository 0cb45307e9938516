/** What an operator reads when Postgres cannot be used at the start: one line without its secrets. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { limit, run } from "../main/process.ts"
import { database, hasPostgres } from "./database.ts"

const secret = "a-password-of-mine"

const cases: ReadonlyArray<readonly [name: string, change: (url: URL) => void, line: RegExp]> = [
  [
    "with a wrong password",
    (url) => url.password = secret,
    /^DATABASE_URL cannot be used: the Postgres server refuses the user or the password \(.*28P01\)$/
  ],
  [
    "with a user that does not exist",
    (url) => {
      url.username = "nobody-of-mine"
      url.password = secret
    },
    /^DATABASE_URL cannot be used: the Postgres server refuses the user or the password \(.*28P01\)$/
  ],
  [
    "without the database",
    (url) => url.pathname = "/missing_of_mine",
    /^DATABASE_URL cannot be used: the Postgres server has no database of this name \(.*3D000\)$/
  ],
  [
    "that is away",
    (url) => url.port = "1",
    /^DATABASE_URL cannot be used: the Postgres server does not answer \(ConnectionError, ECONNREFUSED\)$/
  ],
  [
    "whose user may not create tables",
    (url) => {
      url.username = "reader"
      url.password = secret
    },
    /^DATABASE_URL cannot be used: the Postgres server does not let this user create tables \(.*42501\)$/
  ]
]

describe.skipIf(!hasPostgres)("a server whose Postgres cannot be used", () => {
  for (const [name, change, expected] of cases) {
    it.live(`does not start, and says why: one ${name}`, () =>
      Effect.gen(function*() {
        const url = new URL(yield* database)
        const password = url.password
        if (name.includes("may not")) {
          const layer = PgClient.layer({ url: Redacted.make(url.href) })
          const execute = (statement: string) =>
            Effect.provide(SqlClient.SqlClient.use((sql) => sql.unsafe(statement)), Layer.fresh(layer))
          yield* Effect.acquireRelease(
            execute(`CREATE ROLE reader LOGIN PASSWORD '${secret}'`),
            () => Effect.orDie(execute("DROP ROLE reader"))
          )
        }
        change(url)
        const server = yield* run(["serve"], { PORT: "0", TWILIO_AUTH_TOKEN: "x", DATABASE_URL: url.href })
        assert.strictEqual(yield* server.ended, 1)
        const [line, ...others] = server.errors().trimEnd().split("\n")
        assert.deepStrictEqual(others, [])
        assert.match(line!, expected)
        for (const told of [password, secret, "of_mine", "of-mine"]) assert.notInclude(server.output() + line, told)
      }).pipe(Effect.scoped), limit)
  }
})
