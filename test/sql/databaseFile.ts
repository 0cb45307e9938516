/** SQLite files for tests that need hundreds: creating the tables takes a sixth of such a test, and copying them nothing. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { MeasureInterval } from "../../src/sql/internal/cleanUp.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"

/** Measures nothing while hours pass: without it, most statements would be those of the metrics. */
export const layerUnmeasured = Layer.succeed(MeasureInterval, "365 days")

const makeFilename = FileSystem.FileSystem.use((fs) =>
  Effect.map(fs.makeTempDirectoryScoped(), (directory) => `${directory}/sms.db`)
).pipe(Effect.provide(NodeServices.layer))

let bytes: Buffer | undefined

const readEmpty = Effect.gen(function*() {
  if (bytes !== undefined) return bytes
  const filename = yield* makeFilename
  const client = NodeSqliteClient.layer({ filename, synchronous: "normal" })
  yield* Effect.scoped(Layer.build(Layer.provide(SqlStorage.layer(), [client, NodeCrypto.layer])))
  // Nothing is left in the write-ahead log of a database that was closed.
  return bytes = readFileSync(filename)
})

/** Makes a file with the tables of this version, which is removed with the scope, and returns its name. */
export const makeDatabaseFile = Effect.gen(function*() {
  const empty = yield* readEmpty
  const filename = yield* makeFilename
  writeFileSync(filename, empty)
  return filename
})
