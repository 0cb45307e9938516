/** The backup of Postgres in the guide. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { backUpAndRestore, commands } from "../suites/BackupSuite.ts"
import { database, hasPostgres } from "./database.ts"

const isOf = (program: string) => commands((command) => command.startsWith(`${program} `))

describe.skipIf(!hasPostgres)("the backup of Postgres", () => {
  it.live("is made while the server runs, and restored", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const DATABASE_URL = yield* database
      const run = (lines: ReadonlyArray<string>) =>
        Effect.sync(() => {
          for (const line of lines) execFileSync("sh", ["-c", line], { cwd, env: { ...process.env, DATABASE_URL } })
        })
      yield* backUpAndRestore({
        storage: Layer.fresh(
          SqlStorage.layer().pipe(
            Layer.provide([PgClient.layer({ url: Redacted.make(DATABASE_URL) }), NodeCrypto.layer])
          )
        ),
        backUp: run(isOf("pg_dump")),
        restore: run(isOf("pg_restore"))
      })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
