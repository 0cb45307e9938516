/** A server with a database is killed, and the next one goes on. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { DatabaseSync } from "node:sqlite"
import { media, serve, whole, wrapper } from "./splitMms.ts"

const limit = 60_000

/** The path of a new SQLite file. */
const filename = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

/** All rows of the tables that a part passes through, as text. */
const rows = (filename: string) =>
  Effect.sync(() => {
    const database = new DatabaseSync(filename, { readOnly: true })
    try {
      return ["sms_mms_keys", "sms_mms_outbox", "sms_inbox"].map((table) =>
        JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all())
      )
    } finally {
      database.close()
    }
  })

describe("a server that is killed", () => {
  it.live("between a wrapper and its file: the message comes out once, whole", () =>
    Effect.gen(function*() {
      const file = yield* filename
      const env = { DATABASE_URL: `sqlite:${file}`, MMS_TIMEOUT_SECONDS: "60" }
      const first = yield* serve(env)
      yield* first.post(wrapper)
      yield* first.end("SIGKILL")
      assert.include((yield* rows(file)).join(), wrapper.message)

      const second = yield* serve(env)
      yield* second.post(wrapper)
      assert.deepStrictEqual(yield* second.messages, [])
      yield* second.post(media)
      assert.deepStrictEqual(yield* second.someMessages(1), [whole])
      yield* second.post(media)
      yield* second.end("SIGTERM")
      // What people wrote is gone when it was handled.
      const [keys, outbox] = yield* rows(file)
      assert.notInclude(keys, wrapper.message)
      assert.strictEqual(outbox, "[]")
    }), limit)

  it.live("between a wrapper and the time-out: the text comes out once", () =>
    Effect.gen(function*() {
      const file = yield* filename
      const env = { DATABASE_URL: `sqlite:${file}`, MMS_TIMEOUT_SECONDS: "1" }
      const first = yield* serve(env)
      yield* first.post(wrapper)
      yield* first.end("SIGKILL")

      const second = yield* serve(env)
      assert.deepStrictEqual(yield* second.someMessages(1), [wrapper.message])
      yield* second.post(wrapper)
      yield* second.post(media)
      assert.deepStrictEqual([...yield* second.someMessages(2)].sort(), [wrapper.message, media.attachment].sort())
      yield* second.end("SIGTERM")
      assert.strictEqual((yield* rows(file))[1], "[]")
    }), limit)
})
