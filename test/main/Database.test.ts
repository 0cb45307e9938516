/** What an operator reads when the database cannot be used at the start: one line, and what to do about it. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { launch, limit, run } from "./process.ts"

const env = (filename: string) => ({
  PORT: "0",
  TWILIO_AUTH_TOKEN: "a-token-of-mine",
  DATABASE_URL: `sqlite:${filename}`
})

/** Nobody, for whom a file may be read-only where this is root, who may write to any. */
const serveAsAnother = (filename: string) =>
  process.getuid?.() === 0
    ? launch(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "src/main.ts", "serve"],
      env(filename)
    )
    : run(["serve"], env(filename))

/** Each makes something in the directory, and gives the file of the database. */
const cases: ReadonlyArray<
  readonly [
    name: string,
    make: (fs: FileSystem.FileSystem, directory: string) => Effect.Effect<string, unknown>,
    problem: RegExp
  ]
> = [
  [
    "in a directory that is missing",
    (_, directory) => Effect.succeed(`${directory}/missing/sms.db`),
    /is in a directory that does not exist \(ConnectionError, ENOENT\)$/
  ],
  [
    "that is a directory",
    (_, directory) => Effect.succeed(directory),
    /is a directory \(ConnectionError, EISDIR\)$/
  ],
  [
    "that is another file",
    (fs, directory) => Effect.as(fs.writeFileString(`${directory}/sms.db`, "no database"), `${directory}/sms.db`),
    /is damaged, or is no SQLite database \(UnknownError, 26\)$/
  ],
  [
    "with pages that are damaged",
    (fs, directory) =>
      Effect.gen(function*() {
        const filename = `${directory}/sms.db`
        const client = NodeSqliteClient.layer({ filename, synchronous: "normal" })
        yield* Effect.scoped(Effect.provide(SqlStorage.make(), [client, NodeCrypto.layer]))
        const bytes = yield* fs.readFile(filename)
        yield* fs.writeFile(filename, bytes.fill(255, 4096))
        return filename
      }),
    /is damaged, or is no SQLite database \(UnknownError, 11\)$/
  ],
  [
    "that is read-only",
    (fs, directory) =>
      Effect.gen(function*() {
        yield* fs.chmod(directory, 0o777)
        yield* fs.writeFileString(`${directory}/sms.db`, "")
        yield* fs.chmod(`${directory}/sms.db`, 0o444)
        return `${directory}/sms.db`
      }),
    /may not be read and written, or created, by this user \(ConnectionError, EACCES\)$/
  ]
]

describe("a server whose SQLite file cannot be used", () => {
  for (const [name, make, problem] of cases) {
    it.live(`does not start, and says why: one ${name}`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const filename = yield* make(fs, directory)
        const server = yield* (name.includes("read-only") ? serveAsAnother(filename) : run(["serve"], env(filename)))
        assert.strictEqual(yield* server.ended, 1)
        const [line, ...others] = server.errors().trimEnd().split("\n")
        assert.deepStrictEqual(others, [])
        assert.match(line!, problem)
        assert.include(line, `DATABASE_URL cannot be used: the SQLite file ${filename} `)
        assert.notInclude(server.output() + line, "a-token-of-mine")
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), limit)
  }
})

describe("servers that start at the same time", () => {
  it.live("make one SQLite file together", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const filename = `${yield* fs.makeTempDirectoryScoped()}/sms.db`
      const servers = yield* Effect.forEach([1, 2, 3], () => run(["serve"], env(filename)))
      for (const server of servers) yield* server.until(/Listening on /)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), 60_000)
})
