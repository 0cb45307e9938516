/** Several server processes share a Postgres. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { media, serve, whole, wrapper } from "../main/splitMms.ts"
import { database, hasPostgres } from "./database.ts"

describe.skipIf(!hasPostgres)("two servers on one Postgres", () => {
  it.live(
    "make one message of a wrapper that comes to one, and its file that comes to the other",
    () =>
      Effect.gen(function*() {
        const env = { DATABASE_URL: yield* database, MMS_TIMEOUT_SECONDS: "60" }
        // Both at once, on an empty database.
        const [one, other] = yield* Effect.all([serve(env), serve(env)], { concurrency: "unbounded" })
        yield* one.post(wrapper)
        yield* other.post(wrapper)
        yield* other.post(media)
        yield* one.post(media)
        assert.deepStrictEqual(yield* other.someMessages(1), [whole])
        // Both see the same rooms.
        assert.deepStrictEqual(yield* one.messages, [whole])
      }),
    60_000
  )

  it.live("go on with what a killed one left", () =>
    Effect.gen(function*() {
      const env = { DATABASE_URL: yield* database, MMS_TIMEOUT_SECONDS: "2" }
      const [one, other] = yield* Effect.all([serve(env), serve(env)], { concurrency: "unbounded" })
      yield* one.post(wrapper)
      yield* one.end("SIGKILL")
      assert.deepStrictEqual(yield* other.someMessages(1), [wrapper.message])
      yield* other.post(media)
      const late = media.attachment
      assert.deepStrictEqual([...yield* other.someMessages(2)].sort(), [wrapper.message, late].sort())
    }), 60_000)
})
