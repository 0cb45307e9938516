/** Several server processes share a Postgres. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { media, named, serve, whole, wholeOf, wrapper } from "../main/splitMms.ts"
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

  it.live(
    "make one message of a file that comes before its wrapper, and of both at the same instant",
    () =>
      Effect.gen(function*() {
        // As it is by default.
        const env = { DATABASE_URL: yield* database }
        const [one, other] = yield* Effect.all([serve(env), serve(env)], { concurrency: "unbounded" })
        const [before, at] = [Array.from({ length: 50 }, (_, index) => index), "2026-01-28 14:00:14"]
        for (const index of before) {
          const conversation = { source_number: `1514555${2000 + index}` }
          const [text, file] = [named(wrapper, `a${index}`, conversation), named(media, `a${index}`, conversation)]
          yield* one.post(file)
          yield* (index % 2 === 0 ? other : one).post(text)
          const later = { ...conversation, datetime_transmission: at }
          yield* Effect.all(
            [one.post(named(wrapper, `b${index}`, later)), other.post(named(media, `b${index}`, later))],
            { concurrency: "unbounded" }
          )
        }
        const expected = before.flatMap((index) => [wholeOf(`a${index}`), wholeOf(`b${index}`)]).sort()
        assert.deepStrictEqual([...yield* other.someMessages(100)].sort(), expected)
      }),
    120_000
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
