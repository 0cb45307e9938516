/** The backup of SQLite in the guide. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { execFileSync } from "node:child_process"
import { dirname } from "node:path"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { all, backUpAndRestore, commands } from "../suites/BackupSuite.ts"

const backup = commands((command) => command.startsWith("node "))
const restore = commands((command) => /^(?:rm|cp) /.test(command))

describe("the backup of SQLite", () => {
  it("is that of the guide, whose other commands are for Postgres", () => {
    assert.lengthOf(backup, 1)
    assert.deepStrictEqual(
      all.filter((command) => ![...backup, ...restore].includes(command)).map((command) => command.split(" ", 1)[0]),
      ["pg_dump", "pg_restore"]
    )
  })

  it.effect("is made while the server writes, and restored", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const [data, copies] = [`${directory}/data`, `${directory}/backups`]
      yield* fs.makeDirectory(data)
      yield* fs.makeDirectory(copies)
      const run = (lines: ReadonlyArray<string>) =>
        Effect.sync(() => {
          for (const line of lines) {
            const command = line.replaceAll("/var/lib/effect-sms", data).replaceAll("/var/backups", copies)
            execFileSync("sh", ["-c", command], { env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } })
          }
        })
      const sqlite = NodeSqliteClient.layer({ filename: `${data}/sms.db` })
      yield* backUpAndRestore({
        storage: Layer.fresh(SqlStorage.layer().pipe(Layer.provide([sqlite, NodeCrypto.layer]))),
        backUp: run(backup),
        restore: run(restore)
      })
      const [check] = yield* SqlClient.SqlClient.use((sql) => sql<{ integrity_check: string }>`PRAGMA integrity_check`)
        .pipe(Effect.provide(Layer.fresh(sqlite)))
      assert.strictEqual(check?.integrity_check, "ok")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
